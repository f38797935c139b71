package policy

import (
	"bytes"
	"slices"

	"sydbox/access"
)

// Moves says whether a call gives an object another name, by which other rules may speak of it.
func Moves(call string) bool {
	switch call {
	case "link", "linkat", "rename", "renameat", "renameat2":
		return true
	}
	return false
}

// judgedByName are the operations on files that a new name can give a right to.
const judgedByName = access.Read | access.Stat | access.Write | access.Create | access.Delete | access.Attr | access.Exec

// judgedByName are those of this policy: a socket, too, may be reached by another name if rules name some.
func (p *Policy) judgedByName() access.Op {
	if p.socketPaths {
		return p.polices & (judgedByName | access.Connect)
	}
	return p.polices & judgedByName
}

// Launders says whether an object that is at from would gain a right by getting the name to, by rename or link: itself,
// or, for a directory, something below it that a rule names; or whether a directory would bring something to a name
// that nobody may create. Both are canonical paths.
//
// Below a directory only the rules that name something deeper than it can tell the two places apart. A pattern that
// matches at both alike (**/*.pem) takes nothing with it.
func (p *Policy) Launders(from, to []byte, directory bool) bool {
	if p.losesWords(from, to) {
		return true
	}
	var confined []Section // of the operations that are denied at from
	for op := range p.judgedByName().Ops() {
		here := p.Decide(&Query{Op: op, Path: from})
		if !here.Denied() {
			continue
		}
		confined = append(confined, SectionOf(op))
		if there := p.Decide(&Query{Op: op, Path: to}); !there.Denied() {
			return true
		}
	}
	if !directory {
		return false
	}
	if p.hollow(to) {
		return true
	}
	here, there := p.live(from), p.live(to)
	for _, n := range here {
		if !slices.Contains(there, n) && p.below(n, func(r *Rule) bool { return r.Action >= Mute }) {
			return true // a rule denies something below from, and no longer would
		}
	}
	gives := func(r *Rule) bool { return r.Action < Mute && slices.ContainsFunc(confined, r.Section.judges) }
	for _, n := range there {
		if !slices.Contains(here, n) && p.below(n, gives) {
			return true // a rule gives a right to something below to, which something below from would get
		}
	}
	// What is below from was made where that was allowed, and would be found where it is not: .git/hooks of a .git that
	// was called something else while it was filled.
	return p.withholds(here, there)
}

// Plants says whether a symbolic link called name, a canonical path, would bring something to names that nobody may
// create: whatever it leads to, .git/hooks is there if a link is called .git. A pattern that speaks of any place below
// some directory (**/*.key) is not about this one; one that speaks of each name in a directory (/home/*/.ssh) is.
func (p *Policy) Plants(name []byte) bool {
	if p.hollow(name) {
		return true
	}
	return p.withholds(p.adrift(name[:len(name)-len(baseName(name))]), p.live(name))
}

// adrift returns the nodes that any name in a directory leads to because of a `**` before it, whatever follows that
// without a literal character included.
func (p *Policy) adrift(directory []byte) (nodes []*node) {
	m := matcher{section: ReadSection, rank: none}
	m.walk(p.root, directory)
	for i := range m.deep.n {
		nodes = m.deep.at(i).node.nameless(nodes)
	}
	return nodes
}

// hollow says whether what is called so, a canonical path, may be made but not filled: a rule ends with `/.`, and what no
// rule names below it may not be created. A name with a NUL in it is one that no rule names.
func (p *Policy) hollow(name []byte) bool {
	create := func(path []byte) bool {
		d := p.Decide(&Query{Op: access.Create, Path: path})
		return !d.Denied()
	}
	return create(name) && !create(append(bytes.Clone(name), '/', 0))
}

// withholds says whether a rule that is live there and not here denies creating something deeper.
func (p *Policy) withholds(here, there []*node) bool {
	creation := func(r *Rule) bool { return r.Action >= Mute && r.Section.judges(CreateSection) }
	return slices.ContainsFunc(there, func(n *node) bool { return !slices.Contains(here, n) && p.below(n, creation) })
}

// losesWords says whether a rule of [exec] with further words would let more happen to a program at to than at from:
// one that denies no longer speaks of it, or one that allows then does.
func (p *Policy) losesWords(from, to []byte) bool {
	if !p.Polices(access.Exec) {
		return false
	}
	here, there := p.withWords(from), p.withWords(to)
	for _, rank := range here {
		if p.rules[rank].Action >= Mute && !slices.Contains(there, rank) {
			return true
		}
	}
	d := p.Decide(&Query{Op: access.Exec, Path: from})
	return d.Denied() && slices.ContainsFunc(there, func(rank int32) bool {
		return p.rules[rank].Action < Mute && !slices.Contains(here, rank)
	})
}

// withWords returns the rules with further words whose program is at the path.
func (p *Policy) withWords(path []byte) (ranks []int32) {
	var hits []execHit
	m := matcher{section: ExecSection, rank: none, exec: &hits}
	m.walk(p.root, path)
	m.whole = true
	m.name(p.names, baseName(path), countComponents(path))
	for i := range hits {
		for _, rank := range hits[i].at.exec {
			if !p.rules[rank].plain() && hits[i].whole {
				ranks = append(ranks, rank)
			}
		}
	}
	return ranks
}

func (p *Policy) live(path []byte) []*node {
	m := matcher{section: ReadSection, rank: none}
	return m.live(p.root, path)
}

// below says whether a pattern that goes on from n ends at a rule with such an action.
func (p *Policy) below(n *node, wanted func(*Rule) bool) bool {
	for _, next := range n.children() {
		for _, t := range []*terminal{next.end, next.self} {
			if t != nil && slices.ContainsFunc(t.rules, func(r int32) bool { return wanted(&p.rules[r].Rule) }) {
				return true
			}
		}
		if p.below(next, wanted) {
			return true
		}
	}
	return false
}
