package sandbox

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// Where nobody hears, reaching out fails by itself, and how depends on much: at once or later, by the call or by
// SO_ERROR, by this message or by the next. A program shall see that as it is without rules. But left alone the call
// might meet somebody who has come meanwhile, whom the rules deny. So it is sent to a decoy, a port of this machine where
// surely nobody hears, because the tracer has it: a socket of TCP that is bound and does not listen, or one of UDP that
// is connected to itself and hears nobody else.

// decoys are such ports by protocol, made when they are first needed. They are in the tracer's network namespace.
type decoys struct {
	tcp4, tcp6, udp4, udp6 decoy
}

type decoy struct {
	fd   int // 0: not made yet, -1: cannot be
	port uint16
}

func (d *decoys) close() {
	for _, x := range []*decoy{&d.tcp4, &d.tcp6, &d.udp4, &d.udp6} {
		if x.fd > 0 {
			unix.Close(x.fd)
		}
		x.fd = -1
	}
}

// redirect sends a call to where surely nobody hears. False if there is no such place for it.
func (d *decoys) redirect(typ int, a *access.Address) bool {
	var x *decoy
	ip := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	switch v4 := a.IP.Is4(); {
	case typ == unix.SOCK_STREAM && v4:
		x = &d.tcp4
	case typ == unix.SOCK_STREAM:
		x, ip = &d.tcp6, netip.IPv6Loopback()
	case typ == unix.SOCK_DGRAM && v4:
		x = &d.udp4
	case typ == unix.SOCK_DGRAM:
		x, ip = &d.udp6, netip.IPv6Loopback()
	default:
		return false
	}
	if x.fd == 0 {
		x.make(typ, ip)
	}
	if x.fd < 0 {
		return false
	}
	a.IP, a.Port, a.Zone = ip, x.port, 0
	binary.BigEndian.PutUint16(a.Raw[2:], x.port)
	if a.Family == unix.AF_INET {
		four := ip.As4()
		copy(a.Raw[4:8], four[:])
		return true
	}
	sixteen := ip.As16() // of an IPv4 address the mapped one
	copy(a.Raw[8:24], sixteen[:])
	clear(a.Raw[24:])
	return true
}

// make takes a port.
func (x *decoy) make(typ int, ip netip.Addr) {
	x.fd = -1
	family := unix.AF_INET
	var at unix.Sockaddr = &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if ip.Is6() {
		family, at = unix.AF_INET6, &unix.SockaddrInet6{Addr: ip.As16()}
	}
	fd, err := unix.Socket(family, typ|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	var name unix.Sockaddr
	if err = unix.Bind(fd, at); err == nil {
		name, err = unix.Getsockname(fd)
	}
	if err == nil && typ == unix.SOCK_DGRAM {
		err = unix.Connect(fd, name)
	}
	switch n := name.(type) {
	case *unix.SockaddrInet4:
		x.port = uint16(n.Port)
	case *unix.SockaddrInet6:
		x.port = uint16(n.Port)
	}
	if err != nil || x.port == 0 {
		unix.Close(fd) // a machine without IPv6, or without a loopback
		return
	}
	x.fd = fd
}
