package ask

import (
	"regexp"
	"strings"

	"sydbox/access"
)

// hostName is what a rule takes for the name of a host.
var hostName = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

// autobound is a name that the kernel makes up for an abstract socket (unix(7)).
var autobound = regexp.MustCompile(`^[0-9a-f]{5}$`)

// addresses makes the grants for addresses: one for each different rule.
func (g *gatherer) addresses(list []*demand) (grants []*grant) {
	for _, n := range list {
		section, action := "connect", "allow"
		if n.op == access.Bind {
			section = "bind"
		}
		if n.failed {
			action = "mute"
		}
		grants = add(grants, &grant{section: section, action: action, rule: g.address(n)}, n)
	}
	return grants
}

// add adds a demand to the grant of the same rule, or a new grant.
func add(grants []*grant, x *grant, n *demand) []*grant {
	for _, known := range grants {
		if known.section == x.section && known.action == x.action && known.rule == x.rule {
			known.take(n)
			return grants
		}
	}
	x.take(n)
	x.dir = false
	return append(grants, x)
}

// address is the rule for an address.
func (g *gatherer) address(n *demand) string {
	kind, rest, _ := strings.Cut(n.address, ":")
	if n.op == access.Connect && n.own {
		return "bound"
	}
	switch kind {
	case "unix":
		x := grant{parts: g.parts(rest, false)}
		return "unix:" + x.pattern()
	case "abstract":
		if autobound.MatchString(rest) {
			return "abstract:?????"
		}
		return "abstract:" + general(rest, g.pids, false)
	case "family":
		return n.address
	}
	a, _, err := access.ParseAddress(n.address)
	if err != nil {
		return n.address
	}
	host, port, _ := cutPort(n.address)
	switch {
	case n.op == access.Bind && a.IP.IsUnspecified():
		return "local"
	case n.op == access.Connect && hostName.MatchString(n.host):
		return n.host + ":" + port
	}
	if port == "0" { // one that the kernel chooses: the only rule that holds then is one for all
		port = "*"
	}
	if i := strings.IndexByte(host, '%'); i >= 0 { // the zone of a link-local address
		host = host[:i] + "]"
	}
	return host + ":" + port
}
