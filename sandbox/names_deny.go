package sandbox

import (
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/access/talk"
	"sydbox/dns"
	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// deny handles a call that may not reach a name service, before it is reported: done says that nothing else is to be
// done about it. d is what would be reported, errno what the call would return, and the socket is the one with that
// number and inode; an inode of 0 is one that could not be copied.
func (n *names) deny(t *tracer.Task, inv *syscalls.Invocation, a *access.Access, s talk.Service, fd int32, inode uint64,
	d *event.Denial, errno syscall.Errno) (action tracer.Action, done bool) {
	server := netip.AddrPortFrom(a.Addr.IP, a.Addr.Port)
	u, ok := talk.UseOf(t, inv)
	switch {
	case !ok:
		return action, false
	case u.Purpose == talk.Sends && (s == talk.DNSDatagrams || s == talk.DNSStream):
		host := sentQuestion(t, inv, &u, n.buf[:])
		if host == "" {
			return action, false
		}
		if n.first(n.process(t.Process), host, server, d.Time) {
			d.Host = host
			n.report(d)
		}
		return tracer.Deny(errno), true
	case u.Purpose == talk.Connects && s == talk.DNSDatagrams && inode != 0:
		n.pretend(t, fd, inode, server, d, errno)
		n.divert(t, fd, inode, a.Addr)
		return tracer.Action{Kind: tracer.Return}, true
	case u.Purpose == talk.Connects && s == talk.DNSStream:
		// The same question again, now by TCP, because nobody answered it by UDP.
		p := n.escorts[t.Process]
		return tracer.Deny(errno), p != nil && p.askedNear(server, d.Time)
	}
	return action, false
}

// divert connects a task's socket to where surely nobody hears, instead of to a resolver.
func (n *names) divert(t *tracer.Task, fd int32, inode uint64, to access.Address) {
	socket, errno := borrowSocket(t.TID, t.Process.TGID, fd, inode)
	if errno != 0 {
		return // then it stays unconnected, and what nobody looks at is EDESTADDRREQ
	}
	defer socket.close()
	if n.decoys == nil || !n.decoys.redirect(unix.SOCK_DGRAM, &to) {
		return
	}
	if to.Family == unix.AF_INET {
		_ = unix.Connect(socket.fd, &unix.SockaddrInet4{Port: int(to.Port), Addr: to.IP.As4()})
	} else {
		_ = unix.Connect(socket.fd, &unix.SockaddrInet6{Port: int(to.Port), Addr: to.IP.As16()})
	}
}

// complain makes a socket that was diverted have an error: the port is unreachable. It is for programs that ignore what
// a send returns and wait for the answer (dig).
func (s borrowed) complain() {
	_, _ = unix.SendmsgN(s.fd, []byte{0}, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}

// sentQuestion is the first name that a call asks a resolver for, "" if none can be told.
func sentQuestion(mem access.Memory, inv *syscalls.Invocation, u *talk.Use, buf []byte) (host string) {
	talk.Contents(mem, inv, u, -1, buf, func(payload []byte) bool {
		host = dns.Question(payload)
		return host != ""
	})
	return host
}
