package ask

import (
	"slices"
	"strings"

	"sydbox/access"
	"sydbox/policy"
)

// complete adds rules until nothing is denied that a rule could allow.
func (m *policyMaker) complete(grants []*grant, p *policy.Policy) ([]*grant, *policy.Policy, error) {
	for range 3 {
		var more []*grant
		for _, n := range m.denied(p, false) {
			if n.address == "" && n.op != access.Exec && !n.failed {
				more = append(more, exactly(n))
			}
		}
		for _, v := range m.demands.moves {
			if p.Launders([]byte(v.from), []byte(v.to), v.directory) {
				for _, n := range m.wanted {
					if n.path == v.from || n.path == v.to {
						more = append(more, exactly(n))
					}
				}
			}
		}
		if len(more) == 0 {
			return grants, p, nil
		}
		grants = append(grants, more...)
		next, err := m.load(grants)
		if err != nil {
			return nil, nil, err
		}
		p = next
	}
	return grants, p, nil
}

// exactly is the grant for one path and all that may be done to it.
func exactly(n *demand) *grant {
	x := &grant{section: "write", action: "allow", rule: literalPattern(n.path)}
	x.take(n)
	return x
}

// minimal leaves out what nothing needs: without each of the rules that stay something would be denied.
func (m *policyMaker) minimal(grants []*grant) ([]*grant, error) {
	// The widest are tried last: of a directory and a file in it the file goes.
	p, err := m.load(grants)
	if err != nil {
		return nil, err
	}
	surely := m.needed(p, grants)
	order := slices.DeleteFunc(slices.Clone(grants), func(x *grant) bool { return surely[x] })
	slices.SortStableFunc(order, func(a, b *grant) int { return len(b.pattern()) - len(a.pattern()) })
	for _, x := range order {
		without := slices.DeleteFunc(slices.Clone(grants), func(y *grant) bool { return x == y })
		p, err := m.load(without)
		if err != nil {
			return nil, err
		}
		if m.passes(p) {
			grants = without
		}
	}
	return grants, nil
}

// needed are the grants of which one look tells that they are: what would decide about some demand without them is no
// good.
func (m *policyMaker) needed(p *policy.Policy, grants []*grant) map[*grant]bool {
	type key struct{ section, action, text string }
	byRule := make(map[key]*grant, len(grants))
	for _, x := range grants {
		byRule[key{x.section, x.action, x.pattern()}] = x
	}
	found := make(map[*grant]bool)
	for _, n := range m.wanted {
		winner, next := n.explain(p)
		if winner == nil || next == nil || n.satisfied(next.Action) {
			continue
		}
		if x := byRule[key{winner.Section.String(), winner.Action.String(), winner.Text}]; x != nil {
			found[x] = true
		}
	}
	return found
}

// explain is the rule that decides about a demand, and the one that would without it; nil where that is not known.
func (n *demand) explain(p *policy.Policy) (winner, next *policy.Rule) {
	if n.op == access.Exec {
		d, lost := p.ExplainExec(n.id)
		if len(lost) == 0 {
			return d.Rule, nil
		}
		return d.Rule, lost[0].Rule
	}
	q, ok := n.query()
	if !ok || strings.HasPrefix(n.address, "family:") {
		return nil, nil
	}
	d, lost := p.Explain(&q)
	if len(lost) == 0 {
		return d.Rule, nil
	}
	return d.Rule, lost[0].Rule
}

// passes says whether a policy denies nothing of what was recorded.
func (m *policyMaker) passes(p *policy.Policy) bool {
	for _, n := range m.wanted {
		if d := n.decide(p); !n.satisfied(d.Action) {
			return false
		}
	}
	return !slices.ContainsFunc(m.demands.moves, func(v move) bool {
		return p.Launders([]byte(v.from), []byte(v.to), v.directory)
	})
}
