package policy

import (
	"fmt"
	"net/netip"
	"strings"
)

// Supposing returns the policy as it would be with more rules on the command line if the names of hosts led where hosts
// says. Nothing is looked up: who asks may have the names from a program that wants somebody else to look them up.
func (p *Policy) Supposing(hosts map[string][]netip.Addr, rules ...RuleFlag) (*Policy, error) {
	supposed := *p
	supposed.asks = p.asks.clone()
	supposed.asks.lookup = func(name string) ([]netip.Addr, error) {
		for host, addrs := range hosts {
			if strings.EqualFold(strings.TrimSuffix(host, "."), name) {
				return addrs, nil
			}
		}
		return nil, fmt.Errorf("it is not looked up")
	}
	return supposed.With(rules...)
}
