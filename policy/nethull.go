package policy

import (
	"cmp"
	"net/netip"
	"slices"
)

// NetHull is the outline of the rules of [connect] or [bind], for a wall that knows ports and sorts of addresses and no
// more. It is never stricter than the policy: whatever Decide lets happen is in it.
type NetHull struct {
	// AnyPort: an internet address may be allowed at every port.
	AnyPort bool
	// Ports are those at which one may be allowed otherwise, sorted, with no two that touch.
	Ports []PortRange
	// Abstract: an abstract unix socket may be allowed.
	Abstract bool
	// Beyond is the rule, or the default, by which an internet address outside of the loopback network may be allowed that
	// is none of the tree's own; nil if nothing does. Of several it is the nearest.
	Beyond *Rule
}

// PortRange has both ends.
type PortRange struct{ First, Last uint16 }

// NetHull returns the outline of a section: ConnectSection or BindSection.
func (p *Policy) NetHull(s Section) NetHull {
	var h NetHull
	x := p.netOf(s)
	beyond := none
	if p.defaults[s].Action < Mute {
		h.AnyPort, h.Abstract, h.Beyond = true, true, &p.defaults[s]
	}
	if x.bound != none && p.lets(x.bound) {
		h.AnyPort, h.Abstract = true, true
	}
	take := func(rank int32, ports PortRange, own bool) {
		h.Ports = append(h.Ports, ports)
		// Resolvers are let through for the sake of a rule with the name of a host, which is here as well.
		if !own && p.rules[rank].impliedBy == "" && (beyond == none || rank < beyond) {
			beyond = rank
		}
	}
	p.pieces(&x.all, func(rank int32, ports PortRange) { take(rank, ports, false) })
	for _, family := range []*prefixIndex{&x.v4, &x.v6} {
		for key, index := range family.nets {
			own := key.loopback(family == &x.v4)
			p.pieces(index, func(rank int32, ports PortRange) { take(rank, ports, own) })
		}
	}
	for at, plusOne := range x.hosts {
		if rank := plusOne - 1; p.lets(rank) {
			take(rank, PortRange{at.port, at.port}, false) // its name may lead anywhere, later
		}
	}
	if beyond != none {
		h.Beyond = &p.rules[beyond].Rule
	}
	h.Abstract = h.Abstract || p.letsNames(p.abstract, s)
	h.Ports = joined(h.Ports)
	if len(h.Ports) == 1 && h.Ports[0] == (PortRange{0, 65535}) {
		h.AnyPort = true
	}
	if h.AnyPort {
		h.Ports = nil
	}
	return h
}

// lets says whether the rule of a rank lets things happen.
func (p *Policy) lets(rank int32) bool { return rank != none && p.rules[rank].Action < Mute }

// pieces calls f for each range of ports at which the rule that wins lets things happen.
func (p *Policy) pieces(x *portIndex, f func(rank int32, ports PortRange)) {
	for i, rank := range x.best {
		if !p.lets(rank) {
			continue
		}
		last := uint16(65535)
		if i+1 < len(x.first) {
			last = x.first[i+1] - 1
		}
		f(rank, PortRange{x.first[i], last})
	}
}

// loopback says whether all of a network is this machine.
func (k netKey) loopback(v4 bool) bool {
	of := keyOfNet(netip.IPv6Loopback(), 128)
	if v4 {
		of = keyOfNet(netip.AddrFrom4([4]byte{127}), 8)
	}
	return k.bits >= of.bits && k.cut(of.bits) == of
}

// letsNames says whether a rule about abstract names lets some be used.
func (p *Policy) letsNames(n *node, s Section) bool {
	if n.end != nil && p.lets(n.end.best[0][s]) {
		return true
	}
	return slices.ContainsFunc(n.children(), func(next *node) bool { return p.letsNames(next, s) })
}

// joined sorts ranges and makes one of those that touch.
func joined(list []PortRange) (out []PortRange) {
	slices.SortFunc(list, func(a, b PortRange) int { return cmp.Compare(a.First, b.First) })
	for _, r := range list {
		if n := len(out); n > 0 && int(r.First) <= int(out[n-1].Last)+1 {
			out[n-1].Last = max(out[n-1].Last, r.Last)
			continue
		}
		out = append(out, r)
	}
	return out
}
