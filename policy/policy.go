package policy

import (
	"syscall"

	"sydbox/access"
	"sydbox/policy/program"
)

// Policy is a set of rules, ready to decide. It never changes, and any goroutine may use it.
type Policy struct {
	sys    *System
	asks   *lookups
	opt    Options
	layers []*layer // what Options.Policies led to, nearest first
	docs   map[string]*document
	real   *resolver

	rules []rule // by rank: of two that match equally well, the first wins
	root  *node  // path patterns
	names *node  // bare names of programs
	stdio *terminal

	nets     [2]*addressRules // of [connect] and [bind]
	abstract *node            // one component: names of abstract sockets
	families familyRules
	// socketPaths: a rule of [connect] names the path of a socket.
	socketPaths bool

	defaults [sections]Rule
	errnos   [sections]errnoRule
	polices  access.Op
	exec     execRules

	programs      *programs
	originals     *program.Originals
	originalNames []string // paths of the originals

	settings settings
	lifted   map[string]place
	leftOut  []leftOut
}

// errnoRule is what a denial of a section's operation returns; without a place nobody said so.
type errnoRule struct {
	errno   syscall.Errno
	name    string
	section Section // where it was said
	place   place
}

// unjudged answers for what no rule is about: addresses of families that have none to name are free, and what is not
// exactly one operation is denied.
var unjudged = [...]Rule{
	{Section: ConnectSection, Action: Allow, Text: "default", Default: true, Source: builtIn},
	{Section: BindSection, Action: Allow, Text: "default", Default: true, Source: builtIn},
	{Section: WriteSection, Action: Deny, Text: "default", Default: true, Source: builtIn},
}

// builtIn is the source of defaults that nobody wrote.
const builtIn = "built in"

// Decide answers a query. The path is walked once, however many rules there are; nothing is allocated.
func (p *Policy) Decide(q *Query) Decision {
	section, ok := policed(q.Op)
	if !ok {
		return denyUnjudged()
	}
	if section.aboutAddresses() {
		return p.decideAddress(section, q)
	}
	m := matcher{section: section, member: q.Member, rank: none}
	p.match(&m, q)
	return p.decision(section, m.rank)
}

// denyUnjudged answers for what is not exactly one operation.
func denyUnjudged() Decision {
	return Decision{Action: Deny, Errno: syscall.EACCES, Rule: &unjudged[2]}
}

// match offers every rule that matches q to m.
func (p *Policy) match(m *matcher, q *Query) {
	m.walk(p.root, q.Path)
	full := countComponents(q.Path)
	if q.Stdio {
		m.offer(p.stdio, keyOf(full, true, true))
	}
	exec := m.section == ExecSection
	if exec {
		m.name(p.names, baseName(q.Path), full)
	}
	m.names = 1
	for _, name := range q.Names {
		if plainPath(name) {
			m.walk(p.root, name)
		}
		if exec {
			// A name counts as the whole program, wherever the link that bears it may be.
			m.name(p.names, baseName(name), full)
		}
	}
}

// decision returns what the rule of a rank says, or the default.
func (p *Policy) decision(s Section, rank int32) Decision {
	r := &p.defaults[s]
	if rank != none {
		r = &p.rules[rank].Rule
	}
	d := Decision{Action: r.Action, Rule: r}
	if d.Denied() {
		e := &p.errnos[s]
		d.Errno, d.ErrnoSet = e.errno, e.place.src != nil
	}
	return d
}

// Polices says whether anything but a silent allow can come out for one of ops.
func (p *Policy) Polices(ops access.Op) bool { return p.polices&ops != 0 }
