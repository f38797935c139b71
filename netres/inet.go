package netres

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Receivers appends to list every socket that could receive what is sent to ip and port now: for TCP (MPTCP listens by
// TCP) the sockets that listen, for UDP and UDP-Lite all that are bound, be they connected or not; bound to ip itself
// or to a wildcard address, of IPv6 also for IPv4 if they are not restricted to IPv6. It is no smaller than what the
// kernel would choose from: the kernel prefers the closest address, a connected socket, one of the group of
// SO_REUSEPORT. A socket bound to an interface counts whichever interface that is, because the interface that the
// kernel compares is the one that has the address, not the loopback (rt_iif in net/ipv4/route.c).
//
// ip is never IPv4-mapped and has no zone. Sockets that are bound to a multicast address have another than any local
// one. A protocol that is none of these is an error.
func (n *Net) Receivers(protocol int, ip netip.Addr, port uint16, list []Socket) ([]Socket, error) {
	ip = ip.WithZone("").Unmap()
	switch protocol {
	case unix.IPPROTO_MPTCP:
		protocol = unix.IPPROTO_TCP
	case unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_UDPLITE:
	default:
		return list, fmt.Errorf("sockets of protocol %d cannot be listed", protocol)
	}
	if port == 0 || !ip.IsValid() {
		return list, nil // nothing is bound to port 0
	}
	var err error
	if ip.Is4() {
		if list, err = n.receivers(unix.AF_INET, protocol, ip, port, list); err != nil {
			return list, err
		}
	}
	return n.receivers(unix.AF_INET6, protocol, ip, port, list)
}

// receivers asks sock_diag, or /proc/net where that has no answer.
func (n *Net) receivers(family uint8, protocol int, ip netip.Addr, port uint16, list []Socket) ([]Socket, error) {
	if n.diag != nil && !n.missing[protocol] {
		found, err := n.inetDiag(family, protocol, ip, port, list)
		if err == nil || !lacking(err) {
			return found, err
		}
		n.missing[protocol] = true
	}
	return n.inetProc(family, protocol, ip, port, list)
}

// question is what inetDiag asks.
type question struct {
	family   uint8
	protocol int
	port     uint16
}

// fewReceivers fit into one piece of an answer, most likely.
const fewReceivers = 8

// inetDiag asks for the sockets of a family with that port. If there are more of them than can be told at once it asks
// for those of all ports, until two answers in a row tell of the same: see readings.
func (n *Net) inetDiag(family uint8, protocol int, ip netip.Addr, port uint16, list []Socket) ([]Socket, error) {
	asked, to := question{family, protocol, port}, netip.AddrPortFrom(ip, port)
	var found []Socket
	var whole bool
	var err error
	if n.long != asked {
		found, whole, err = n.inetDump(family, protocol, to, port, list, nil)
	}
	if err == nil && !whole {
		n.long = asked
		err = agree(func(told *maphash.Hash) (err error) {
			found, _, err = n.inetDump(family, protocol, to, 0, list, told)
			return err
		})
		if len(found)-len(list) <= fewReceivers {
			n.long = question{} // most of them are gone
		}
	}
	if err != nil {
		return list, fmt.Errorf("ask which sockets have port %d: %w", port, err)
	}
	return found, nil
}

// inetDump asks for the sockets of a family with the port asked, 0 for all, and appends those that could receive what
// is sent to an address. What is told goes into told, if there is one. whole is as of ask.
func (n *Net) inetDump(family uint8, protocol int, to netip.AddrPort, asked uint16, list []Socket, told *maphash.Hash) (
	found []Socket, whole bool, err error) {
	found = list
	whole, err = n.diag.ask(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, n.diag.inetRequest(family, protocol, asked),
		func(kind uint16, body []byte) error {
			s, receives, err := inetReply(body, to.Addr(), to.Port())
			switch {
			case err != nil:
				return err
			case kind != unix.SOCK_DIAG_BY_FAMILY:
				return ErrMalformed
			case receives && len(found)-len(list) == Most:
				return ErrTooMany
			case receives:
				found = append(found, s)
			}
			if told != nil {
				maphash.WriteComparable(told, s)
			}
			return nil
		})
	return found, whole, err
}

// Sizes and attributes of linux/inet_diag.h, states of linux/tcp_states.h.
const (
	inetRequestSize = 56 // sizeof(struct inet_diag_req_v2)
	inetReplySize   = 72 // sizeof(struct inet_diag_msg)
	diagV6Only      = 11 // INET_DIAG_SKV6ONLY, told of sockets that listen or are not connected

	stateListen = 10
	allStates   = ^uint32(0)
)

// inetRequest writes a struct inet_diag_req_v2 and returns its size. The kernel itself leaves out other ports.
func (c *channel) inetRequest(family uint8, protocol int, port uint16) int {
	r := c.out[headerSize : headerSize+inetRequestSize]
	clear(r)
	r[0], r[1] = family, uint8(protocol)
	states := allStates
	if protocol == unix.IPPROTO_TCP {
		states = 1 << stateListen
	}
	native.PutUint32(r[4:], states)
	binary.BigEndian.PutUint16(r[8:], port)
	return inetRequestSize
}

// inetReply reads a struct inet_diag_msg and says whether the socket could receive what is sent to ip and port.
func inetReply(b []byte, ip netip.Addr, port uint16) (s Socket, receives bool, err error) {
	if len(b) < inetReplySize {
		return s, false, ErrMalformed
	}
	family := b[0]
	s = inetSocket(b)
	var only bool
	for rest := b[inetReplySize:]; len(rest) > 0; {
		kind, value, next, ok := attribute(rest)
		if !ok {
			return s, false, ErrMalformed
		}
		if kind == diagV6Only && len(value) > 0 {
			only = value[0] != 0
		}
		rest = next
	}
	if binary.BigEndian.Uint16(b[4:]) != port {
		return s, false, nil
	}
	switch family {
	case unix.AF_INET:
		return s, overlaps(netip.AddrFrom4([4]byte(b[8:12])), false, ip), nil
	case unix.AF_INET6:
		return s, overlaps(netip.AddrFrom16([16]byte(b[8:24])), only, ip), nil
	}
	return s, false, ErrMalformed
}

// inetSocket reads which socket a struct inet_diag_msg is about.
func inetSocket(b []byte) Socket {
	return Socket{Inode: uint64(native.Uint32(b[68:])), Cookie: cookie(b[44:])}
}

// cookie reads a number of 64 bits that is given in two halves.
func cookie(b []byte) uint64 {
	return uint64(native.Uint32(b)) | uint64(native.Uint32(b[4:]))<<32
}

// overlaps says whether a socket bound to an address receives what is sent to ip. only is IPV6_V6ONLY.
func overlaps(bound netip.Addr, only bool, ip netip.Addr) bool {
	if bound == netip.IPv6Unspecified() {
		return !ip.Is4() || !only
	}
	bound = bound.Unmap()
	return bound == ip || bound.Is4() && ip.Is4() && bound.IsUnspecified()
}
