package policy

import (
	"cmp"
	"slices"

	"sydbox/policy/program"
)

// Match is a rule that matches an object, and how well.
type Match struct {
	*Rule
	// Depth is the position in the path of the last component that was matched with a literal character; 0 for
	// rules without any, and for defaults. Of an internet address it is how narrow the network is: 0 for every address,
	// else one more than the length of its prefix; of an abstract name how many characters are literal.
	Depth int
	// Exact says that this component of the pattern has no wildcard; of an internet address that the rule has one port.
	Exact bool
	// ByName says that the rule matched a further name of the object (Query.Names), not its path.
	ByName bool
}

// Explain decides as Decide does, and returns what lost as well: every other rule that matches, best first, and the
// section's default at the end. The first one that lost is the one that would decide without the winner.
func (p *Policy) Explain(q *Query) (Decision, []Match) {
	d, matches := p.explain(q)
	if len(matches) == 0 {
		return d, nil
	}
	return d, matches[1:]
}

// Winner is how well the deciding rule matches.
func (p *Policy) Winner(q *Query) Match {
	d, matches := p.explain(q)
	if len(matches) == 0 {
		return Match{Rule: d.Rule}
	}
	return matches[0]
}

// explain lists all matches, the winner first.
func (p *Policy) explain(q *Query) (Decision, []Match) {
	section, ok := policed(q.Op)
	if !ok {
		return denyUnjudged(), nil
	}
	if section.aboutAddresses() {
		return p.explainAddress(section, q)
	}
	var all []match
	m := matcher{section: section, member: q.Member, rank: none, all: &all}
	p.match(&m, q)
	slices.SortFunc(all, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.key, a.key), cmp.Compare(a.rank, b.rank))
	})
	seen := make(map[int32]bool)
	var matches []Match
	for _, x := range all {
		r := &p.rules[x.rank].Rule
		if seen[x.rank] || !p.rules[x.rank].plain() || !r.Section.judges(section) || x.names && !r.seesNames() {
			continue
		}
		seen[x.rank] = true
		matches = append(matches, Match{Rule: r, Depth: keyDepth(x.key), Exact: keyExact(x.key), ByName: x.names})
	}
	return p.decision(section, m.rank), append(matches, Match{Rule: &p.defaults[section]})
}

// ExecMatch is a rule that matches a program, and how well.
type ExecMatch struct {
	*Rule
	// Name is the name of the program by which the rule matches; nil for the default.
	Name *program.Name
	// Words is how many words behind the program the rule has.
	Words int
	// Above says how far above the program the path is that the rule named: 0 is the program, 1 its directory.
	Above int
	// Exact says that the rule has no wildcard that counts.
	Exact bool
}

// ExplainExec decides as DecideExec does, and returns what lost as well: every other rule that matches, best first,
// and the section's default at the end, unless that decides.
func (p *Policy) ExplainExec(id *program.Identity) (ExecDecision, []ExecMatch) {
	var all []execMatch
	d := p.decideExec(id, &all)
	slices.SortStableFunc(all, func(a, b execMatch) int {
		switch {
		case a.beats(&b):
			return -1
		case b.beats(&a):
			return 1
		}
		return 0
	})
	seen := map[*Rule]bool{d.Rule: true}
	var lost []ExecMatch
	for i := range all {
		x := &all[i]
		r := &p.rules[x.rank].Rule
		if !seen[r] {
			seen[r] = true
			lost = append(lost, ExecMatch{r, x.name, int(x.words), int(x.above), x.exact})
		}
	}
	if r := &p.defaults[ExecSection]; !seen[r] {
		lost = append(lost, ExecMatch{Rule: r})
	}
	return d, lost
}
