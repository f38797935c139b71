package report

import (
	"sydbox/access"
	"sydbox/policy"
)

// compiled is the decider that a loaded policy is.
type compiled struct{ *policy.Policy }

func (c compiled) allows(op, path string) bool {
	o, err := access.ParseOp(op)
	if err != nil {
		return false
	}
	d := c.Decide(&policy.Query{Op: o, Path: []byte(path)})
	return !d.Denied()
}

func (c compiled) withProfile(name string) (decider, error) {
	p, err := c.WithProfile(name)
	return compiled{p}, err
}

func (c compiled) withGrants(list []grant) (decider, error) {
	var rules []policy.RuleFlag
	for _, g := range list {
		rules = append(rules, policy.RuleFlag{Section: g.section, Action: "allow", Pattern: g.pattern()})
	}
	p, err := c.With(rules...)
	return compiled{p}, err
}

// suggest returns the flags that would allow what was denied and how many different denials they would allow.
// Precondition: t.mu is held.
func (t *Terminal) suggest() (flags []string, allowed int) {
	if t.o.Policy == nil {
		return nil, 0
	}
	return suggest(compiled{t.o.Policy}, t.tally.entries, t.o.Home)
}
