package policy

import (
	"cmp"
	"slices"
)

// Match is a rule that matches an object, and how well.
type Match struct {
	*Rule
	// Depth is the position in the path of the last component that was matched with a literal character; 0 for
	// rules without any, and for defaults.
	Depth int
	// Exact says that this component of the pattern has no wildcard.
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
		return decideUnjudged(q.Op), nil
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
		if seen[x.rank] || !r.Section.judges(section) || x.names && !r.seesNames() {
			continue
		}
		seen[x.rank] = true
		matches = append(matches, Match{Rule: r, Depth: keyDepth(x.key), Exact: keyExact(x.key), ByName: x.names})
	}
	return p.decision(section, m.rank), append(matches, Match{Rule: &p.defaults[section]})
}
