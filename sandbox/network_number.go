package sandbox

import (
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/deputy"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Where sockets cannot be copied (before Linux 5.6) what a call is about is told by the number of the descriptor, which
// another thread may give to another socket before the kernel looks: as with addresses, nothing more is promised there.
//
// What was learned of a socket is kept by its inode and is not forgotten at its close. That number comes again after
// 2^32 others (get_next_ino in fs/inode.c), to a socket of which it is not true then: as in owned, somebody who makes
// four billion sockets or pipes and has kept the number of one that is closed could wait for it. A socket that is there
// changes only by calls that stop: bind, and connect, which also dissolves.

// listensByNumber gives a listen the address that its socket hears at from then on. One of the internet that is not
// known to be bound passes for one that is not: the kernel tells nobody where a TCP socket is bound before it listens.
func (b *box) listensByNumber(t *tracer.Task, a *access.Access) {
	a.Addr.Family, a.Addr.IP = unix.AF_INET, wildcard4
	protocol, inode, ok := deputy.ProtocolOf(t.TID, b.acc.Socket.FD)
	local, bound := b.net.boundTo[inode]
	switch {
	case !ok:
	case strings.HasPrefix(protocol, "UNIX"):
		a.Op = 0 // it was judged when it was bound
	case bound:
		a.Addr.IP, a.Addr.Port = local.Addr(), local.Port()
		if local.Addr().Is6() {
			a.Addr.Family = unix.AF_INET6
		}
	}
}

// bindsBySending says whether a call sends a datagram by a socket that is known to be neither bound nor connected: the
// kernel binds it to every address then (inet_autobind in net/ipv4/af_inet.c), where nobody could keep it from being heard
// from outside. One that is connected hears its peer alone.
func (b *box) bindsBySending(t *tracer.Task) bool {
	a := &b.acc.List[0]
	if b.acc.Socket.Call == callConnect || a.Op&access.Connect == 0 || !a.Addr.Inet() {
		return false
	}
	protocol, inode, ok := deputy.ProtocolOf(t.TID, b.acc.Socket.FD)
	_, bound := b.net.boundTo[inode]
	return !ok || strings.HasPrefix(protocol, "UDP") && !bound && !b.net.connected[inode]
}

// muffleSender keeps a socket that a call may bind to every address from being heard from outside, or denies the call.
func (b *box) muffleSender(t *tracer.Task, inv *syscalls.Invocation) (action tracer.Action, denied bool) {
	if s := &b.net.socket; s.FD >= 0 {
		errno := s.MuffleSender()
		return tracer.Deny(errno), errno != 0
	}
	if !b.bindsBySending(t) {
		return action, false
	}
	v := verdict{decision: policy.Decision{Action: policy.Deny, Errno: unix.EACCES}, op: access.Connect, why: whySends}
	return b.carryOut(t, inv, &v), true
}

// connectedByNumber notes that a socket is connected, or before it is dissolved that it is no more.
func (n *traffic) connectedByNumber(t *tracer.Task, fd int32, is bool) {
	protocol, inode, ok := deputy.ProtocolOf(t.TID, fd)
	switch {
	case !ok || !strings.HasPrefix(protocol, "UDP"):
	case !is:
		delete(n.connected, inode)
	default:
		if n.connected == nil || len(n.connected) >= anyPorts {
			n.connected = make(map[uint64]bool)
		}
		n.connected[inode] = true
	}
}

const whySends = "sending binds the socket to all addresses, where it would be heard from outside, and the kernel does not " +
	"let sydbox see to that; one that is bound to the loopback before, or connected, may send"

// boundByNumber notes where a socket was bound.
func (n *traffic) boundByNumber(t *tracer.Task, fd int32, local netip.AddrPort) {
	_, inode, ok := deputy.ProtocolOf(t.TID, fd)
	if !ok {
		return
	}
	if n.boundTo == nil || len(n.boundTo) >= anyPorts {
		n.boundTo = make(map[uint64]netip.AddrPort)
	}
	n.boundTo[inode] = local
}
