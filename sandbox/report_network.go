package sandbox

import (
	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/deputy"
	"sydbox/event"
)

// addressOf tells which address a denial is about.
func (b *box) addressOf(d *event.Denial, a *access.Access) {
	n := &b.net
	d.Address = a.Addr.String()
	if a.Addr.Path() {
		d.Address = "unix:" + d.Path
	}
	d.Protocol = protocolName(&n.socket)
	if n.names != nil && a.Addr.Inet() && !a.Addr.IP.IsLoopback() {
		d.Host = n.names.likely(a.Addr.IP)
	}
}

// protocolName is what a socket's protocol is called: that of the internet, else its type.
func protocolName(s *deputy.Socket) string {
	switch {
	case s.FD < 0:
		return ""
	case s.Domain == unix.AF_INET || s.Domain == unix.AF_INET6:
		switch s.Protocol {
		case unix.IPPROTO_TCP:
			return "tcp"
		case unix.IPPROTO_UDP:
			return "udp"
		case unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6:
			return "icmp"
		}
		return ""
	}
	switch s.Type {
	case unix.SOCK_STREAM:
		return "stream"
	case unix.SOCK_DGRAM:
		return "dgram"
	case unix.SOCK_SEQPACKET:
		return "seqpacket"
	}
	return ""
}
