package dns

import (
	"net/netip"
	"strings"
)

// Limits of what is read of the files. Some hosts files are lists of names to block, with a hundred thousand lines.
const (
	hostsMax     = 4096
	resolversMax = 8
	searchMax    = 32
)

// Host is a name and an address that belong together by hosts(5).
type Host struct {
	Name string // Normal
	IP   netip.Addr
}

// ParseHosts reads a file in the format of hosts(5), the names of a line in their order. Lines that it does not
// understand, and the unspecified address, which stands for none, are left out.
func ParseHosts(text string) []Host {
	var list []Host
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		address, names, _ := cutField(line)
		ip, err := netip.ParseAddr(address)
		if err != nil || ip.IsUnspecified() {
			continue
		}
		for name := range strings.FieldsSeq(names) {
			if len(list) == hostsMax {
				return list
			}
			if name = Normal(name); name != "" {
				list = append(list, Host{Name: name, IP: ip.Unmap().WithZone("")})
			}
		}
	}
	return list
}

// Resolvers are whom programs ask for names, by resolv.conf(5).
type Resolvers struct {
	Servers []netip.Addr // without zones
	Search  []string     // Normal: what is added to names that have few dots
}

// ParseResolvers reads a file in the format of resolv.conf(5). Where it names no server, programs ask this machine.
func ParseResolvers(text string) Resolvers {
	var r Resolvers
	for line := range strings.Lines(text) {
		key, rest, _ := cutField(line)
		switch key {
		case "nameserver":
			address, _, _ := cutField(rest)
			if ip, err := netip.ParseAddr(address); err == nil && len(r.Servers) < resolversMax {
				r.Servers = append(r.Servers, ip.Unmap().WithZone(""))
			}
		case "domain", "search": // the last one counts
			r.Search = nil
			for name := range strings.FieldsSeq(rest) {
				if name = Normal(name); name != "" && len(r.Search) < searchMax {
					r.Search = append(r.Search, name)
				}
			}
		}
	}
	if len(r.Servers) == 0 {
		r.Servers = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	return r
}

// Asked returns a name without the domain that the search list added to it, if it is one that a search may have made.
func (r *Resolvers) Asked(name string) string {
	for _, domain := range r.Search {
		if short, ok := strings.CutSuffix(name, "."+domain); ok {
			return short
		}
	}
	return name
}

// cutField takes the first field off a line.
func cutField(line string) (field, rest string, ok bool) {
	line = strings.TrimLeft(line, " \t")
	i := strings.IndexAny(line, " \t\r\n")
	if i < 0 {
		return line, "", line != ""
	}
	return line[:i], line[i:], true
}
