package sandbox

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Calls that only the task itself can make are judged, left to the kernel, and looked at again when they have
// happened and before the task runs on. A directory that was entered against the rules is left with the process, and
// nothing came of it. A file that was opened against them was opened, and perhaps made or emptied: where the kernel
// offers no better way the level is called "detects".

// watched is such a call.
type watched struct {
	op     access.Op // what it was allowed to do
	parent int       // of a bind: the directory that was judged; -1 otherwise
	last   string    // and the name in it
	// connects: it is a connect, of the task's descriptor fd, which was on the socket with that inode.
	connects bool
	fd       int32
	inode    uint64
	// numbered: and to an address of the internet, on a socket that cannot be copied.
	numbered bool
	// local is the address of the internet that the socket of descriptor fd, which cannot be copied, is bound to.
	local netip.AddrPort
	// nameless: what it makes has no name, as its flags say, which are in registers. It may be made in another directory
	// than the one that was judged, where nothing shows of it; a name is given to it by a call of its own.
	nameless bool
	// pin is a handle of the object dev and ino that was judged, of an open whose flags are in registers: opening it, by
	// whatever name, gives what was judged. -1 otherwise.
	pin      int
	dev, ino uint64
}

var (
	callChdir  = syscalls.ByName("chdir")
	callFchdir = syscalls.ByName("fchdir")
	callChroot = syscalls.ByName("chroot")
	callBind   = syscalls.ByName("bind")
	// callOpenat2 has its flags in memory.
	callOpenat2 = syscalls.ByName("openat2")
)

// watch leaves the call in b.acc to the kernel, and asks for its exit where something can be found out there.
func (b *box) watch(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	c := &b.carrier
	if c.deputy == nil || b.acc.N == 0 {
		return tracer.Action{}
	}
	w := watched{op: b.acc.List[0].Op, parent: -1, pin: -1}
	switch inv.Call {
	case callChdir, callFchdir, callChroot:
	case callBind, callSocketcall, callConnect, callListen, callSendto, callSendmsg, callSendmmsg:
		if b.policy.Pinning() == "required" {
			return b.unpinned(t, inv)
		}
		if b.acc.Socket.Call == callConnect {
			w.connects, w.fd, w.inode = true, b.acc.Socket.FD, b.net.socket.Inode
			if w.numbered = b.net.socket.FD < 0 && b.acc.List[0].Addr.Inet(); !w.numbered && b.net.socket.FD < 0 {
				b.net.connectedByNumber(t, w.fd, false)
			}
			break
		}
		if b.acc.Socket.Call != callBind {
			return tracer.Action{}
		}
		if addr := &b.acc.List[0].Addr; addr.Inet() && b.net.socket.FD < 0 {
			w.fd, w.local = b.acc.Socket.FD, netip.AddrPortFrom(addr.IP, addr.Port)
			break
		} else if !addr.Path() {
			return tracer.Action{}
		}
		if natural := b.acc.List[0].Natural; natural != 0 {
			return tracer.Deny(natural)
		}
		parent, last := b.res.Parent(0)
		if parent < 0 {
			return tracer.Deny(unix.EADDRINUSE) // "." or the root: no socket can be made there
		}
		fd, err := unix.FcntlInt(uintptr(parent), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return tracer.Deny(unix.ENFILE)
		}
		w.parent, w.last = fd, string(last)
	default:
		if !opens(inv.Call) {
			return tracer.Action{}
		}
		if b.policy.Pinning() == "required" {
			return b.unpinned(t, inv)
		}
		if inv.Call != callOpenat2 {
			o := &b.acc.List[0].Object
			w.pin, w.dev, w.ino = b.res.Hold(0, o), o.Dev, o.Ino
			w.nameless = b.acc.How.Flags&unix.O_TMPFILE == unix.O_TMPFILE
		}
	}
	c.unwatch(t.TID)
	c.watched[t.TID] = w
	return tracer.Action{Exit: true}
}

// unwatch forgets what was noted of a task's call.
func (c *carrier) unwatch(tid int) {
	w, ok := c.watched[tid]
	if !ok {
		return
	}
	for _, fd := range [...]int{w.parent, w.pin} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	delete(c.watched, tid)
}

// SyscallExit looks at what a watched call did.
func (b *box) SyscallExit(t *tracer.Task, inv *syscalls.Invocation, result int64) {
	c := &b.carrier
	if inv.Call == callRestrictSelf {
		c.domains.restricted(t, result, c.options)
		return
	}
	if b.net.names != nil && b.net.names.exit(t, inv, result) {
		return
	}
	if inv.Call == callSocketcall && inv.Uint(0) == sysSocket {
		b.madeSocket(t, inv, result)
		return
	}
	w, ok := c.watched[t.TID]
	defer c.unwatch(t.TID)
	if !ok || result < 0 && !(w.connects && result == -int64(unix.EINPROGRESS)) {
		return
	}
	if errno := b.turnTo(t); errno != 0 {
		v := verdict{decision: policy.Decision{Action: policy.Kill}, op: firstOp(w.op), index: -1, why: b.whyBlindBy(errno)}
		if !b.unseen(t, inv, &w) {
			b.end(t, inv, &v)
		}
		return
	}
	if w.parent >= 0 {
		var st unix.Stat_t
		err := unix.Fstatat(w.parent, w.last, &st, unix.AT_SYMLINK_NOFOLLOW)
		if err != nil || st.Mode&unix.S_IFMT != unix.S_IFSOCK {
			b.end(t, inv, &verdict{decision: policy.Decision{Action: policy.Kill}, op: access.Create, index: -1, why: whyMoved})
		}
		return
	}
	if w.local.IsValid() {
		b.net.boundByNumber(t, w.fd, w.local)
		return
	}
	if w.nameless || w.pin >= 0 && b.res.Opened(int32(result), w.dev, w.ino) {
		return
	}
	if w.connects {
		if w.numbered {
			b.net.connectedByNumber(t, w.fd, true)
		}
		b.lookAtPeer(t, inv, &w)
		return
	}
	name := access.Name{Dirfd: unix.AT_FDCWD, UnsafePath: dot}
	switch {
	case opens(inv.Call):
		name = access.Name{Dirfd: int32(result), FD: true}
	case inv.Call == callChroot:
		name.UnsafePath = slash
	}
	a := &b.acc.List[0]
	*a = access.Access{Op: w.op, Name: name}
	b.acc.N = 1
	b.res.Resolve(0, &a.Name, &a.Object)
	a.Object.Held = 0 // it is the call's own doing
	v := b.judge()
	if opens(inv.Call) && (a.Object.Refuse != 0 || a.Object.Kind == access.Anonymous) {
		v = b.judgeLost(int32(result), &v)
	}
	if told := a.Object.Refuse == 0 && len(a.Object.Path) > 0; !v.decision.Denied() || !told && b.unseen(t, inv, &w) {
		return
	}
	v.why = joinWhy(v.why, whyMoved)
	b.end(t, inv, &v)
}

// unseen says that a task was taken out of its stop at the exit of a watched call, which only SIGKILL and another thread's
// exec do, before anybody has looked. It runs nothing more, though the program of the other thread has what it may have
// opened. That is told, but nothing says that it was anything else than what was judged.
func (b *box) unseen(t *tracer.Task, inv *syscalls.Invocation, w *watched) bool {
	if t.Stopped() {
		return false
	}
	if opens(inv.Call) {
		d := b.denial(t, inv, &verdict{op: firstOp(w.op), index: -1, why: whyUnseen}, 0)
		d.Action = actionUnseen
		b.reports.send(d)
	}
	return true
}

const whyUnseen = "it was allowed; the task was killed before it could be compared with what was judged"

// judgeLost decides about what was opened as descriptor fd and has no name by now, because somebody removed or replaced
// it meanwhile: by the name that it had last. v is what was decided without one.
func (b *box) judgeLost(fd int32, v *verdict) verdict {
	a := &b.acc.List[0]
	refuse := a.Object.Refuse
	text, known := b.res.Lost(0, fd, &a.Object)
	if !known {
		a.Object.Refuse = refuse
		if !v.decision.Denied() {
			v.take(policy.Decision{Action: policy.Deny, Errno: unix.EACCES}, 0, firstOp(a.Op), whyNowhere)
		}
		return *v
	}
	last, path := b.judge(), a.Object.Path
	a.Object.Path = text // which is its name if that only looks as if it were deleted
	if other := b.judge(); other.decision.Action > last.decision.Action {
		return other
	}
	a.Object.Path = path
	return last
}

const whyNowhere = "it has no name, and is not what was judged"

var dot, slash = []byte("."), []byte("/")

// unpinned denies a call that only the task can make, where the policy wants none of those. Nobody can bind in another's
// place, because the address as typed is what the socket is called from then on, and the kernel hands over no O_PATH
// descriptors.
func (b *box) unpinned(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	a := &b.acc.List[0]
	v := verdict{
		decision: policy.Decision{Action: policy.Deny, Errno: unix.EACCES},
		op:       firstOp(a.Op),
		natural:  a.Natural,
		why: "this can only be looked at when it has happened, and [harden] pinning is \"required\"; " +
			"with \"preferred\" it is",
	}
	return b.carryOut(t, inv, &v)
}

const whyMoved = "its arguments, or what they name, were changed after they were judged, so the process was killed"

// end kills a process at the exit of a call that went elsewhere. SIGKILL ends any stop, and no instruction runs after
// it.
func (b *box) end(t *tracer.Task, inv *syscalls.Invocation, v *verdict) {
	v.decision.Action = policy.Kill // whatever the rule says: it is too late for less
	b.report(t, inv, v, 0)
	_ = unix.Kill(t.Process.TGID, unix.SIGKILL) // it may be dying already
}
