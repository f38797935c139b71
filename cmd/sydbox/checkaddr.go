package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/sandbox"
)

// `sydbox check --connect ADDRESS` and `--bind ADDRESS`: what is decided about single addresses.

// destination is one address that what was typed leads to.
type destination struct {
	op    access.Op
	typed string
	host  string // where a name was typed
	addr  access.Address
	file  *access.Object // of a unix socket with a path
	fault error          // why nothing can be said
}

// destinations finds what an argument of --connect or --bind leads to. Its error is a usage error.
func destinations(op access.Op, typed string) ([]destination, error) {
	flag := "--" + op.String()
	one := destination{op: op, typed: typed}
	if path, ok := strings.CutPrefix(typed, "unix:"); ok {
		if path == "" || strings.HasPrefix(path, "@") {
			return nil, console.WithHints(fmt.Errorf("%s %s: there is no path", flag, event.Quote(typed)),
				"write unix:PATH, or abstract:NAME for an abstract name, which tools show with an @")
		}
		one.addr.Family = unix.AF_UNIX
		one.file, one.fault = locate(path, op == access.Connect)
		return []destination{one}, nil
	}
	a, _, err := access.ParseAddress(typed)
	switch scheme, rest, _ := strings.Cut(typed, ":"); {
	case err == nil && op == access.Bind && scheme == "family":
		err := fmt.Errorf("%s %s: families are judged when a socket is made", flag, event.Quote(typed))
		return nil, console.WithHints(err,
			"write --connect "+typed)
	case err == nil:
		one.addr = a
		return []destination{reach(one)}, nil
	case scheme == "family":
		err := fmt.Errorf("%s %s: %q is not the name of an address family", flag, event.Quote(typed), rest)
		return nil, console.WithHints(err,
			"names are those of socket(2) without AF_, in lower case, as in family:vsock")
	}
	return named(one, flag)
}

// ruleWords are the rules that are many addresses.
var ruleWords = []string{"any", "bound", "local", "loopback", "private"}

// named looks up the names in HOST:PORT.
func named(one destination, flag string) ([]destination, error) {
	host, service, err := net.SplitHostPort(one.typed)
	fail := func(why string) ([]destination, error) {
		return nil, console.WithHints(fmt.Errorf("%s %s: %s", flag, event.Quote(one.typed), why),
			"write a single address, as in 192.0.2.1:443, [2001:db8::1]:80, example.org:https, unix:/run/socket or "+
				"abstract:name")
	}
	switch {
	case slices.Contains(ruleWords, one.typed), slices.Contains(ruleWords, host), strings.ContainsAny(host, "*/"),
		service == "*":
		return fail("rules name many addresses, here each is asked about by itself")
	case err != nil:
		var addrErr *net.AddrError
		if errors.As(err, &addrErr) {
			return fail(addrErr.Err)
		}
		return fail(err.Error())
	case host == "":
		return fail("there is no host")
	}
	port, err := net.LookupPort("ip", service)
	if err != nil {
		return fail(fmt.Sprintf("%s is neither a port nor a service", event.Quote(service)))
	}
	bare, zone, _ := strings.Cut(host, "%")
	if ip, err := netip.ParseAddr(bare); err == nil {
		one.setIP(ip, port)
		if zone != "" && !one.addr.IP.Is4() {
			if one.addr.Zone, err = zoneIndex(zone); err != nil {
				return fail(err.Error())
			}
		}
		return []destination{reach(one)}, nil
	}
	if one.op == access.Bind {
		return fail("[bind] has addresses only")
	}
	one.host = host
	addrs, err := sandbox.Host().LookupHost(host)
	if err == nil && len(addrs) == 0 {
		err = errors.New("it has no address")
	}
	if err != nil {
		one.fault = fmt.Errorf("the host %s is not found: %w", event.Quote(host), err)
		return []destination{one}, nil
	}
	list := make([]destination, len(addrs))
	for i, ip := range addrs {
		list[i] = one
		list[i].setIP(ip, port)
		list[i] = reach(list[i])
	}
	return list, nil
}

func (d *destination) setIP(ip netip.Addr, port int) {
	d.addr = access.Address{Family: unix.AF_INET, IP: ip.Unmap().WithZone(""), Port: uint16(port)}
	if d.addr.IP.Is6() {
		d.addr.Family = unix.AF_INET6
	}
}

func zoneIndex(zone string) (uint32, error) {
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n), nil
	}
	i, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, fmt.Errorf("there is no interface %s", event.Quote(zone))
	}
	return uint32(i.Index), nil
}

// reach is the kernel's reading of an address that is to be reached: the unspecified one is this machine.
func reach(d destination) destination {
	if d.op == access.Connect && d.addr.Inet() && d.addr.IP.IsUnspecified() {
		if d.addr.IP = netip.IPv6Loopback(); d.addr.Family == unix.AF_INET {
			d.addr.IP = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
	}
	return d
}

// path is that of a unix socket, nil for others.
func (d *destination) path() []byte {
	if d.file == nil {
		return nil
	}
	return d.file.Path
}
