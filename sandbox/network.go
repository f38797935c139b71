package sandbox

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/access/talk"
	"sydbox/deputy"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// A call on a socket is judged by its address, and done by the tracer on a copy of the task's descriptor: the kernel
// would read the address again, and look the descriptor's number up again.

var (
	callSendto   = syscalls.ByName("sendto")
	callSendmsg  = syscalls.ByName("sendmsg")
	callSendmmsg = syscalls.ByName("sendmmsg")
	callConnect  = syscalls.ByName("connect")
	callListen   = syscalls.ByName("listen")
)

// network judges a call on a socket and carries it out.
func (b *box) network(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	for range attempts {
		action, again := b.networkOnce(t, inv)
		if !again {
			return action
		}
	}
	return tracer.Deny(unix.EAGAIN)
}

func (b *box) networkOnce(t *tracer.Task, inv *syscalls.Invocation) (action tracer.Action, again bool) {
	if action, done := b.describe(t, inv); done {
		return action, false
	}
	if b.acc.Socket.Call == nil {
		return tracer.Action{}, false
	}
	if errno := b.takeSocket(t); errno != 0 {
		if errno == unix.EBADF || errno == unix.ENOTSOCK {
			return tracer.Deny(errno), false
		}
		return b.blind(t, inv, errno), false
	}
	defer b.net.socket.Close()
	switch {
	case b.kernelKnowsBetter(t, inv):
		return tracer.Action{}, false
	case b.acc.Socket.Call == callSendmmsg:
		if b.net.socket.FD < 0 || b.carrier.deputy == nil {
			return b.judgeMany(t, inv), false
		}
		return b.sendMany(t, inv), false
	}
	return b.socketCall(t, inv)
}

// takeSocket copies the task's descriptor. Without pidfd_getfd (Linux 5.6) there is no copy, and the call is judged by
// what it says alone.
func (b *box) takeSocket(t *tracer.Task) (errno syscall.Errno) {
	fd := b.acc.Socket.FD
	if d := b.carrier.deputy; d != nil {
		b.net.socket, errno = d.Socket(int(fd))
	} else {
		b.net.socket, errno = deputy.CopySocket(t.TID, t.Process.TGID, fd)
	}
	if errno == unix.ENOSYS || errno != 0 && b.mode == WarnOnly {
		b.net.socket, errno = deputy.Socket{FD: -1}, 0
	}
	if o := b.net.owned; o != nil {
		if b.net.socket.FD >= 0 {
			o.ask(t.TID, &b.net.socket)
		} else {
			o.ask(t.TID, nil)
		}
	}
	return errno
}

// kernelKnowsBetter says that no address of the call can matter, whatever it is by the time that the kernel reads it,
// because of the socket that it is about. That can only be said if nobody else can put another socket under the same number.
//
// The peers of a unix socket are told who connected, listened or sent (unix(7), SO_PEERCRED): better the task itself than
// the tracer.
func (b *box) kernelKnowsBetter(t *tracer.Task, inv *syscalls.Invocation) bool {
	s := &b.net.socket
	if s.FD < 0 || t.Process.SharesFiles() || inv.Call == callSocketcall || b.policy.Lifted("io_uring") {
		return false
	}
	switch inv.Call {
	case callSendmsg, callSendmmsg:
		// A stream goes to whom it is connected to (unix_stream_sendmsg, tcp_sendmsg); so do packets of a unix socket
		// (unix_seqpacket_sendmsg).
		flags := inv.Uint(2)
		if inv.Call == callSendmmsg {
			flags = inv.Uint(3)
		}
		switch {
		case s.Domain == unix.AF_UNIX:
			return s.Type == unix.SOCK_STREAM || s.Type == unix.SOCK_SEQPACKET
		case s.Protocol == unix.IPPROTO_TCP: // SCTP connects by sending
			return (s.Domain == unix.AF_INET || s.Domain == unix.AF_INET6) && flags&unix.MSG_FASTOPEN == 0
		}
		return false
	case callListen:
		return s.Domain == unix.AF_UNIX
	}
	return s.Domain == unix.AF_NETLINK // who may have one was judged when it was made; its addresses are no places
}

// socketCall judges and does a call with at most one address.
func (b *box) socketCall(t *tracer.Task, inv *syscalls.Invocation) (action tracer.Action, again bool) {
	a := &b.acc.List[0]
	if b.acc.Socket.Call == callListen {
		b.listens(t, a)
	}
	if s := &b.net.socket; s.FD >= 0 && a.Addr.Depends() {
		a.On(s.Domain, s.Local().Addr())
	}
	v := b.judge()
	service := b.service(a)
	if v.decision.Action != policy.Allow {
		b.netErrno(&v)
		if action, done := b.denyService(t, inv, &v, service); done {
			return action, false
		}
		if v.decision.Denied() && b.fails(&v) {
			action, again := b.carrySocket(t, inv)
			if action.Kind == tracer.Continue && !again {
				// Left to the kernel it would go where the task says, which is denied.
				b.carrier.unwatch(t.TID)
				return tracer.Deny(unix.ECONNREFUSED), false
			}
			return action, again
		}
		if action := b.carryOut(t, inv, &v); action.Kind != tracer.Continue {
			return action, false
		}
	}
	if service != talk.NoService {
		b.net.names.escort(t, b.acc.Socket.FD, b.net.socket.Inode, service)
	}
	return b.carrySocket(t, inv)
}

// service is the name service that an access is about to reach.
func (b *box) service(a *access.Access) talk.Service {
	if b.net.names == nil || b.net.socket.FD < 0 || a.Op&access.Connect == 0 {
		return talk.NoService
	}
	return talk.ServiceOf(a, b.net.socket.Protocol)
}

// denyService lets a task that may not reach a name service say what it wants to know first, so that the denial can name
// the host. done says that nothing else is to be done about the call.
func (b *box) denyService(t *tracer.Task, inv *syscalls.Invocation, v *verdict,
	s talk.Service) (action tracer.Action, done bool) {
	d := &v.decision
	if s == talk.NoService || d.Action != policy.Deny || v.natural != 0 || b.mode == WarnOnly {
		return action, false
	}
	return b.net.names.deny(t, inv, &b.acc.List[0], s, b.acc.Socket.FD, b.net.socket.Inode, b.denial(t, inv, v, d.Errno), d.Errno)
}

// listens gives a listen the address that the socket hears at from then on. One of the internet that is not bound gets a
// port of the kernel's choice, on every interface (inet_csk_listen_start calls get_port); one that is bound is judged again,
// because only now it can be reached. Others have been judged when they were bound.
func (b *box) listens(t *tracer.Task, a *access.Access) {
	s := &b.net.socket
	switch {
	case s.FD < 0:
		b.listensByNumber(t, a)
	case s.Domain != unix.AF_INET && s.Domain != unix.AF_INET6:
		a.Op = 0
	default:
		local := s.Local()
		a.Addr.Family, a.Addr.IP, a.Addr.Port = uint16(s.Domain), local.Addr(), local.Port()
		if b.net.anyPort[s.Inode] {
			a.Addr.Port = 0
		}
	}
}

// carrySocket does what was allowed.
func (b *box) carrySocket(t *tracer.Task, inv *syscalls.Invocation) (action tracer.Action, again bool) {
	s, call := &b.net.socket, b.acc.Socket.Call
	b.noteSocket(t)
	if b.net.muffled && call != callBind && call != callListen && b.mode == Enforce {
		if action, denied := b.muffleSender(t, inv); denied {
			return action, false
		}
	}
	if s.FD < 0 || b.carrier.deputy == nil {
		return b.leaveSocket(t, inv), false
	}
	out := b.actOnSocket(t, inv)
	switch out.Kind {
	case deputy.Done:
		if a := &b.acc.List[0]; call == callBind && a.Addr.Inet() && out.Value == 0 {
			b.net.bound(s.Inode, a.Addr.Port)
		}
		if out.Signal != 0 {
			_ = unix.Tgkill(t.Process.TGID, t.TID, out.Signal) // it may be dying already
		}
		return tracer.Action{Kind: tracer.Return, Value: out.Value}, false
	case deputy.Waits:
		if !t.Gives() {
			if n := abandon(out.Do); n > 0 {
				return tracer.Action{Kind: tracer.Return, Value: n}, false
			}
			return b.watch(t, inv), false
		}
		return b.carrier.opens.waitFor(out.Do), false
	case deputy.Again:
		return tracer.Action{}, true
	}
	return b.watch(t, inv), false
}

func byteOrder(inv *syscalls.Invocation) binary.ByteOrder {
	if inv.ABI.BigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// noteSocket takes the socket for one of the tree's.
func (b *box) noteSocket(t *tracer.Task) {
	o := b.net.owned
	if o == nil {
		return
	}
	if b.net.socket.FD >= 0 {
		o.add(&b.net.socket)
	} else {
		o.addNumber(t.TID, b.acc.Socket.FD)
	}
	if a := &b.acc.List[0]; a.Op&access.Bind != 0 && a.Addr.Inet() {
		b.net.names.taken(a.Addr.IP, a.Addr.Port)
	}
}

// leaveSocket leaves the call to the task: nothing is pinned, or the kernel does not let the tracer have the socket.
func (b *box) leaveSocket(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	s, call := &b.net.socket, b.acc.Socket.Call
	if s.Muffled && b.mode == Enforce && (call == callBind || call == callListen) {
		errno := unix.EACCES
		if s.FD >= 0 {
			errno = s.Muffle(call == callListen)
		}
		if errno != 0 {
			v := verdict{decision: policy.Decision{Action: policy.Deny, Errno: errno}, op: access.Bind, why: whyHeard}
			return b.carryOut(t, inv, &v)
		}
	}
	return b.watch(t, inv)
}

const whyHeard = "the rule lets it be heard on this machine only, and the kernel does not let sydbox see to that"

// actOnSocket has the call done by the tracer's own deputy, or by the one in the task's Landlock domain.
func (b *box) actOnSocket(t *tracer.Task, inv *syscalls.Invocation) deputy.Outcome {
	s, d := &b.net.socket, b.carrier.deputy
	domain := b.carrier.domains.of[t.Process.TGID]
	switch {
	case domain == nil:
	case domain.hand == nil: // nobody can act in that domain
		return deputy.Outcome{Kind: deputy.Done, Value: -int64(unix.EACCES)}
	default:
		h := domain.hand
		switch b.acc.Socket.Call {
		case callConnect:
			return h.Connect(t.TID, s, &b.acc, b.res)
		case callBind:
			return h.Bind(t.TID, s, &b.acc, b.res)
		case callListen:
			return h.Listen(t.TID, s, &b.acc, b.res)
		}
		return h.Send(t.TID, s, inv, t, &b.acc, b.res)
	}
	switch b.acc.Socket.Call {
	case callConnect:
		return d.Connect(s, &b.acc, b.res)
	case callBind:
		return d.Bind(s, &b.acc, b.res)
	case callListen:
		return d.Listen(s, &b.acc, b.res)
	}
	return d.Send(s, inv, t, &b.acc, b.res)
}
