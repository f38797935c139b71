package policy

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
)

// netIndex has the rules of one section about internet addresses. A look-up asks once for each length that some
// network has, however many rules there are.
type netIndex struct {
	v4, v6 prefixIndex
	all    portIndex // networks that are every address
	hosts  map[hostPort]int32
	bound  int32 // the rank of the `bound` that wins
}

// prefixIndex has the networks of one family.
type prefixIndex struct {
	lengths []int // of networks, the longest first
	nets    map[netKey]*portIndex
}

// netKey is a network: its bits, from the highest on, and how many there are.
type netKey struct {
	high, low uint64
	bits      int
}

type hostPort struct {
	host string
	port uint16
}

// keyOfNet is the network of an address with that many bits.
func keyOfNet(ip netip.Addr, bits int) netKey {
	k := netKey{bits: bits}
	if ip.Is4() {
		b := ip.As4()
		k.high = uint64(binary.BigEndian.Uint32(b[:])) << 32
	} else {
		b := ip.As16()
		k.high, k.low = binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	}
	return k.cut(bits)
}

// cut keeps the first bits. (A shift by 64 or more leaves nothing.)
func (k netKey) cut(bits int) netKey {
	k.bits = bits
	k.high &= ^uint64(0) << uint(64-min(bits, 64))
	k.low &= ^uint64(0) << uint(128-max(bits, 64))
	return k
}

// A match in [connect] and [bind] has a key as one of a path has: the higher wins, then the lower rank. Of an
// internet address it is how narrow the network is, 0 for every address and 1 for a network of no bits, then the
// ports.
func netKeyOf(width int, ports portRange) uint64 { return uint64(width)<<16 | ports.narrow() }

// singleKey is that of a rule that names one address and one port.
func singleKey(ip netip.Addr) uint64 { return netKeyOf(ip.BitLen()+1, portRange{}) }

func newNetIndex() *netIndex {
	return &netIndex{
		v4: prefixIndex{nets: make(map[netKey]*portIndex)}, v6: prefixIndex{nets: make(map[netKey]*portIndex)},
		hosts: make(map[hostPort]int32), bound: none,
	}
}

// add takes in a rule. Those of a lower rank come first.
func (x *netIndex) add(rank int32, t *addressPattern) {
	switch t.kind {
	case ownSockets:
		if x.bound == none {
			x.bound = rank
		}
		return
	case hostName:
		if key := (hostPort{t.host, t.ports.low}); x.hosts[key] == 0 {
			x.hosts[key] = rank + 1
		}
	case internet, everything, localOnly:
		if len(t.nets) == 0 {
			x.all.add(t.ports, rank)
		}
	}
	for _, p := range t.nets {
		family := &x.v6
		if p.Addr().Is4() {
			family = &x.v4
		}
		family.at(p).add(t.ports, rank)
	}
}

// at returns the rules of a network.
func (x *prefixIndex) at(p netip.Prefix) *portIndex {
	key := keyOfNet(p.Addr(), p.Bits())
	ports := x.nets[key]
	if ports == nil {
		ports = &portIndex{}
		x.nets[key] = ports
		if !slices.Contains(x.lengths, key.bits) {
			x.lengths = append(x.lengths, key.bits)
		}
	}
	return ports
}

// build ends the planting.
func (x *netIndex) build() {
	x.all.build()
	for _, family := range []*prefixIndex{&x.v4, &x.v6} {
		slices.SortFunc(family.lengths, func(a, b int) int { return b - a })
		for _, ports := range family.nets {
			ports.build()
		}
	}
}

// find returns the rank of the rule with the narrowest network, then range, and how wide that network is.
func (x *netIndex) find(ip netip.Addr, port uint16) (rank int32, width int) {
	family := &x.v6
	if ip.Is4() {
		family = &x.v4
	}
	for _, bits := range family.lengths {
		if ports := family.nets[keyOfNet(ip, bits)]; ports != nil {
			if rank := ports.find(port); rank != none {
				return rank, bits + 1
			}
		}
	}
	return x.all.find(port), 0
}

// named returns the rank of the rule that wins by one of the names of an address.
func (x *netIndex) named(hosts []string, port uint16) int32 {
	best := none
	if len(x.hosts) == 0 {
		return best
	}
	var buf [256]byte
	for _, host := range hosts {
		rank := x.hosts[hostPort{string(foldHost(buf[:0], host)), port}] - 1
		if rank != none && (best == none || rank < best) {
			best = rank
		}
	}
	return best
}

// foldHost writes a name as rules have it.
func foldHost(b []byte, host string) []byte {
	host = strings.TrimSuffix(host, ".")
	if len(host) > cap(b) {
		return b // longer than any name
	}
	for i := range len(host) {
		c := host[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}
