package sandbox

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// lookAtPeer looks at whom a connect that was left to the kernel has reached, where the kernel does not let a task wait
// for the tracer (before Linux 5.9, or below a listener of somebody else's). Only addresses of the internet can be
// compared: the name of a unix socket is what its owner typed. Whoever puts another socket in its place meanwhile is
// killed as if it had been denied, because it cannot be told; before Linux 5.6 nothing can.
func (b *box) lookAtPeer(t *tracer.Task, inv *syscalls.Invocation, w *watched) {
	if w.inode == 0 {
		return
	}
	b.acc.Socket = access.SocketCall{Call: callConnect, FD: w.fd}
	errno := b.takeSocket(t)
	defer b.net.socket.Close()
	if errno != 0 || b.net.socket.Inode != w.inode {
		b.acc.N = 0
		v := verdict{op: access.Connect, index: -1, why: whyMoved}
		b.end(t, inv, &v)
		return
	}
	name, err := unix.Getpeername(b.net.socket.FD)
	if err != nil {
		return
	}
	a := access.Access{Op: access.Connect}
	switch n := name.(type) {
	case *unix.SockaddrInet4:
		a.Addr = access.Address{Family: unix.AF_INET, IP: netip.AddrFrom4(n.Addr), Port: uint16(n.Port)}
	case *unix.SockaddrInet6:
		a.Addr = access.Address{Family: unix.AF_INET6, IP: netip.AddrFrom16(n.Addr).Unmap(), Port: uint16(n.Port), Zone: n.ZoneId}
	default:
		return
	}
	b.acc.N, b.acc.List[0] = 1, a
	v := b.judge()
	if v.decision.Denied() && v.natural == 0 {
		v.why = joinWhy(v.why, whyMoved)
		b.end(t, inv, &v)
	}
}
