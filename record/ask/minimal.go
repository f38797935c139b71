package ask

import (
	"slices"

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
	order := slices.Clone(grants)
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
