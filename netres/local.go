package netres

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Local says whether what is sent to ip arrives at this machine itself, in this network namespace: whether the kernel's
// route to it is a local one. Multicast, broadcast and anycast addresses are not local, and neither is an address whose
// interface is down. device is the index of the interface that the sending socket is bound to, or the zone of the
// address; 0 for none. It matters: a socket that is bound to an interface sends there whatever is not an address of
// that interface, 127.0.0.1 included (ip_route_output_key_hash_rcu in net/ipv4/route.c).
func (n *Net) Local(ip netip.Addr, device uint32) (bool, error) {
	ip = ip.WithZone("").Unmap()
	if !ip.IsValid() || ip.IsMulticast() || ip.IsUnspecified() {
		return false, nil
	}
	if n.route == nil {
		return n.localProbe(ip, device)
	}
	var local bool
	_, err := n.route.ask(unix.RTM_GETROUTE, 0, n.route.routeRequest(ip, device), func(kind uint16, body []byte) error {
		if kind != unix.RTM_NEWROUTE || len(body) < routeSize {
			return ErrMalformed
		}
		local = body[routeType] == unix.RTN_LOCAL
		return nil
	})
	switch {
	case err == nil:
		return local, nil
	case noRoute(err):
		return false, nil
	case lacking(err):
		return n.localProbe(ip, device)
	}
	return false, fmt.Errorf("ask for the route to %v: %w", ip, err)
}

// noRoute says whether an error of the kernel means that the address cannot be reached at all.
func noRoute(err error) bool {
	for _, e := range [...]unix.Errno{unix.ENETUNREACH, unix.EHOSTUNREACH, unix.ENETDOWN, unix.ENODEV, unix.ENXIO,
		unix.EADDRNOTAVAIL} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

const (
	routeSize = 12 // sizeof(struct rtmsg)
	routeType = 7  // offset of rtm_type
)

// routeRequest writes a struct rtmsg with the attributes RTA_DST and RTA_OIF, and returns its size.
func (c *channel) routeRequest(ip netip.Addr, device uint32) int {
	r := c.out[headerSize:]
	clear(r)
	r[0] = family(ip)
	r[1] = uint8(ip.BitLen())
	at := routeSize
	native.PutUint16(r[at:], uint16(4+ip.BitLen()/8))
	native.PutUint16(r[at+2:], unix.RTA_DST)
	if ip.Is4() {
		a := ip.As4()
		at += 4 + copy(r[at+4:], a[:])
	} else {
		a := ip.As16()
		at += 4 + copy(r[at+4:], a[:])
	}
	if device != 0 {
		native.PutUint16(r[at:], 8)
		native.PutUint16(r[at+2:], unix.RTA_OIF)
		native.PutUint32(r[at+4:], device)
		at += 8
	}
	return at
}

func family(ip netip.Addr) uint8 {
	if ip.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// localProbe asks without rtnetlink: a UDP socket that is connected to an address of this machine has that address
// itself as its source, or 127.0.0.1 for what is 127.0.0.0/8, and no other address is ever its own source.
func (n *Net) localProbe(ip netip.Addr, device uint32) (local bool, err error) {
	if n.elsewhere || device != 0 {
		return false, fmt.Errorf("ask for the route to %v: %w", ip, unix.EOPNOTSUPP) // only rtnetlink can tell
	}
	fd, err := unix.Socket(int(family(ip)), unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		if errors.Is(err, unix.EAFNOSUPPORT) {
			return false, nil
		}
		return false, fmt.Errorf("make a socket to ask whether %v is an address of this machine: %w", ip, err)
	}
	defer func() { err = errors.Join(err, unix.Close(fd)) }()
	var to unix.Sockaddr = &unix.SockaddrInet6{Port: 9, Addr: ip.As16()}
	if ip.Is4() {
		to = &unix.SockaddrInet4{Port: 9, Addr: ip.As4()}
	}
	if err := unix.Connect(fd, to); err != nil {
		if noRoute(err) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.EINVAL) {
			return false, nil // nothing leads there; a broadcast address; one that needs a zone
		}
		return false, fmt.Errorf("connect to ask whether %v is an address of this machine: %w", ip, err)
	}
	from, err := unix.Getsockname(fd)
	if err != nil {
		return false, fmt.Errorf("ask for the source of what is sent to %v: %w", ip, err)
	}
	switch a := from.(type) {
	case *unix.SockaddrInet4:
		source := netip.AddrFrom4(a.Addr)
		return source == ip || ip.IsLoopback() && source.IsLoopback(), nil
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(a.Addr) == ip, nil
	}
	return false, ErrMalformed
}
