package access

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// String returns the address as a rule of [connect] or [bind] would name it alone: "93.184.216.34:443", "[::1]:80",
// "[fe80::1%2]:80" with the index of an interface, "unix:/run/x" (as typed), "abstract:name", "family:vsock" for what
// has no addresses that rules know; empty if there is no address. Names of unix sockets are the tracee's bytes, as
// they are: whoever shows one quotes it, and whoever makes a rule of one escapes its wildcards.
func (a *Address) String() string { return a.Text(nil) }

// Text is String with another path for a unix socket: where the typed one leads. nil is the typed one.
func (a *Address) Text(path []byte) string {
	switch {
	case len(a.Raw) == 0 && a.Family == afUnspec:
		return ""
	case a.Inet() && a.IP.IsValid():
		return string(appendHostPort(nil, a.IP, a.Zone, a.Port))
	case a.Family != afUnix:
		return "family:" + FamilyName(a.Family)
	case !a.Path():
		return "abstract:" + string(a.Abstract)
	case path == nil:
		path = a.unixPath()
	}
	if len(path) == 0 {
		return "family:unix" // a family alone, as socket(2) has it
	}
	return "unix:" + string(path)
}

func appendHostPort(b []byte, ip netip.Addr, zone uint32, port uint16) []byte {
	if ip.Is4() {
		b = ip.AppendTo(b)
	} else {
		b = ip.WithZone("").AppendTo(append(b, '['))
		if zone != 0 {
			b = strconv.AppendUint(append(b, '%'), uint64(zone), 10)
		}
		b = append(b, ']')
	}
	return strconv.AppendUint(append(b, ':'), uint64(port), 10)
}

// ParseAddress reads what Text writes. path is that of a unix socket, else nil. The address has no Raw: it can be
// judged, but not used.
func ParseAddress(text string) (a Address, path []byte, err error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch kind {
	case "unix":
		if rest == "" {
			return Address{}, nil, fmt.Errorf("unix: has no path behind it")
		}
		return Address{Family: afUnix}, []byte(rest), nil
	case "abstract":
		return Address{Family: afUnix, Abstract: []byte(rest)}, nil, nil
	case "family":
		family, known := FamilyByName(rest)
		if !known {
			return Address{}, nil, fmt.Errorf("%q is not the name of an address family", rest)
		}
		return Address{Family: family}, nil, nil
	}
	to, err := netip.ParseAddrPort(text)
	if err != nil {
		return Address{}, nil, err
	}
	a = Address{Family: afInet, IP: to.Addr().Unmap().WithZone(""), Port: to.Port()}
	if a.IP.Is6() {
		a.Family = afInet6
	}
	if zone := to.Addr().Zone(); zone != "" {
		index, err := strconv.ParseUint(zone, 10, 32)
		if err != nil {
			return Address{}, nil, fmt.Errorf("the zone %q is not the index of an interface", zone)
		}
		a.Zone = uint32(index)
	}
	return a, nil, nil
}
