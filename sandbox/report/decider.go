package report

import (
	"net/netip"
	"strings"

	"sydbox/access"
	"sydbox/event"
	"sydbox/policy"
)

// compiled is the decider that a loaded policy is. Names of hosts come from the denials: they are as good as what
// programs say, so nobody asks a name server for them.
type compiled struct {
	*policy.Policy
	hosts map[string][]netip.Addr
}

func (c compiled) allows(d *event.Denial) bool {
	op, err := access.ParseOp(d.Op)
	if err != nil {
		return false
	}
	q := policy.Query{Op: op, Path: []byte(d.Path)}
	if onAddress(d) {
		a, path, err := access.ParseAddress(d.Address)
		switch {
		case err != nil:
			return false
		case strings.HasPrefix(d.Address, "family:"):
			family := c.Family(a.Family)
			return !family.Denied()
		case path != nil:
			q.Path = path
		}
		q.Addr = &a
	}
	decision := c.Decide(&q)
	return !decision.Denied()
}

func (c compiled) withProfile(name string) (decider, error) {
	p, err := c.WithProfile(name)
	return compiled{p, c.hosts}, err
}

func (c compiled) withGrants(list []grant) (decider, error) {
	var rules []policy.RuleFlag
	for _, g := range list {
		if g.network {
			rules = append(rules, policy.RuleFlag{Section: "connect", Action: "allow", Pattern: "any"},
				policy.RuleFlag{Section: "bind", Action: "allow", Pattern: "any"})
			continue
		}
		rules = append(rules, policy.RuleFlag{Section: g.section, Action: "allow", Pattern: g.pattern()})
	}
	p, err := c.Supposing(c.hosts, rules...)
	return compiled{p, c.hosts}, err
}

// suggest returns the flags that would allow what was denied and how many different denials they would allow.
// Precondition: t.mu is held.
func (t *Terminal) suggest() (flags []string, allowed int) {
	if t.o.Policy == nil {
		return nil, 0
	}
	return suggest(compiled{t.o.Policy, hostsOf(t.tally.entries)}, t.tally.entries, &t.o)
}
