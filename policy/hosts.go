package policy

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// lookups are what rules of [connect] and [bind] ask the system. It remembers, so that the same name is the same
// addresses in every policy that comes from one.
type lookups struct {
	services services
	lookup   func(string) ([]netip.Addr, error)
	hosts    map[string]hostAnswer
}

type hostAnswer struct {
	addrs []netip.Addr
	err   error
}

func newLookups(sys *System) *lookups {
	return &lookups{services: services{fs: sys.FS}, lookup: sys.LookupHost, hosts: make(map[string]hostAnswer)}
}

func (l *lookups) clone() *lookups {
	return &lookups{services: l.services, lookup: l.lookup, hosts: maps.Clone(l.hosts)}
}

// host returns the addresses of a host, as the kernel takes them.
func (l *lookups) host(name string) ([]netip.Addr, error) {
	a, asked := l.hosts[name]
	if !asked {
		addrs, err := l.lookup(name)
		if a.err = err; err == nil {
			for _, ip := range addrs {
				a.addrs = append(a.addrs, ip.Unmap().WithZone(""))
			}
			slices.SortFunc(a.addrs, netip.Addr.Compare)
			a.addrs = slices.Compact(a.addrs)
		}
		if a.err == nil && len(a.addrs) == 0 {
			a.err = fmt.Errorf("it has no address")
		}
		l.hosts[name] = a
	}
	return a.addrs, a.err
}

// lookUp finds the addresses that the name of a host in a rule leads to. A rule that lets something happen, in a
// policy that others share, may have a name that leads nowhere at present: it is then known by answers that the tree
// gets alone.
func (p *Policy) lookUp(r *rule) *Error {
	if p.asks.lookup == nil {
		return r.place.failIn(r.Text, &problem{0, len(r.addr.host), "no name of a host can be looked up here",
			"write its address"})
	}
	addrs, err := p.asks.host(r.addr.host)
	if err != nil {
		if r.seesNames() || p.ownLayer(r.Layer) {
			hint := "the name is looked up when the policy is loaded: write its address where it cannot be"
			if word := didYouMean(r.addr.host, addressWords(r.Section)); word != "" {
				hint = word
			}
			e := r.place.failIn(r.Text, &problem{0, len(r.addr.host), fmt.Sprintf("the host %s is not found: %s",
				printable(r.addr.host), printable(err.Error())), hint})
			e.Err = err
			return e
		}
		r.addr.nets = nil
		return nil
	}
	for _, ip := range addrs {
		r.addr.nets = append(r.addr.nets, netip.PrefixFrom(ip, ip.BitLen()))
	}
	return nil
}

// ownLayer says that the user of this command line has most likely written the layer: flags, or a file named there.
func (p *Policy) ownLayer(layer int) bool { return layer == 0 || p.layers[layer-1].named }

// admitResolvers adds the rules without which a rule that names a host would be of no use: whom names are asked of.
func (p *Policy) admitResolvers() {
	var first *rule
	for i := range p.rules {
		r := &p.rules[i]
		if r.addr != nil && r.addr.kind == hostName && !r.seesNames() && (first == nil || r.Layer < first.Layer) {
			first = r
		}
	}
	if first == nil {
		return
	}
	const domain = 53
	like := *first
	for _, ip := range p.resolvers() {
		r := rule{Rule: like.Rule, place: like.place, impliedBy: like.Text}
		r.Action, r.Text = Allow, netip.AddrPortFrom(ip, domain).String()
		r.addr = &addressPattern{kind: internet, nets: []netip.Prefix{netip.PrefixFrom(ip, ip.BitLen())},
			ports: portRange{domain, domain}}
		p.rules = append(p.rules, r)
	}
}

// resolvers are the name servers of resolv.conf(5): this machine if it names none.
func (p *Policy) resolvers() []netip.Addr {
	var list []netip.Addr
	for _, fields := range readLines(p.sys.FS, "etc/resolv.conf", "#;") {
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		if ip, err := netip.ParseAddr(fields[1]); err == nil {
			list = append(list, ip.Unmap().WithZone(""))
		}
	}
	if len(list) == 0 {
		list = append(list, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	return list
}
