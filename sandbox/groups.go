package sandbox

import (
	"golang.org/x/sys/unix"

	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Signals to many. The group that a tree is born into is its caller's: `kill 0` in a build script natively ends
// whatever else is on the line of the shell that started it. Here it ends what is in the sandbox.

// signalGroup judges kill(0) and kill(-GROUP). The tracer itself sends the signal to each member, so that nothing has
// to hold between looking at a group and signalling it: a thread can change the caller's group at any time. The signal
// then comes with SI_QUEUE instead of SI_USER (sigaction(2)); whom it is from stays true.
func (b *box) signalGroup(t *tracer.Task, inv *syscalls.Invocation, group, sig int) tracer.Action {
	if b.mode == WarnOnly {
		return tracer.Action{}
	}
	switch b.namespaceOf(t) {
	case namespaceTheirs:
		// Whoever is in a group that has a number there was made by the tree, and nobody leaves such a group for one that has
		// none: setpgid(2) takes numbers. The kernel says whom a signal is from, which nobody outside could say for it.
		var s taskStatus
		if group != 0 || b.proc.status(t.TID, &s) == 0 && s.group != 0 {
			return tracer.Action{}
		}
	case namespaceForeign:
		return b.denyOutsider(t, inv, actSignal, event.Process{PID: -group}, whyNamespace)
	}
	if group == 0 {
		var err error
		if group, err = unix.Getpgid(t.TID); err != nil {
			return tracer.Deny(unix.ESRCH) // it was killed meanwhile
		}
	}
	return b.signalMany(t, inv, group, sig)
}

// joinGroup judges setpgid(2). A group in which outsiders are is stopped by whoever of it reads the terminal from the
// background, and hung up on when the last goes who has a parent elsewhere in the session. Our own is free: the tree began
// in it, and shells go back to where they began.
func (b *box) joinGroup(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	who, group := int(inv.Int(0)), int(inv.Int(1))
	switch {
	case group <= 0, group == who, who == 0 && group == t.Process.TGID:
		return tracer.Action{} // EINVAL, or a group of one's own
	case b.namespaceOf(t) == namespaceOwn && (group == unix.Getpgrp() || b.founded(group)):
		return tracer.Action{}
	}
	return b.changeGroup(t, inv, actSignal, group)
}

// founded says whether a group was made by a member that still leads it.
func (b *box) founded(group int) bool {
	of, err := unix.Getpgid(group)
	return err == nil && of == group && b.members.has(group)
}

// signalAll judges kill(-1): everyone whom the caller may signal, but itself and init.
func (b *box) signalAll(t *tracer.Task, inv *syscalls.Invocation, sig int) tracer.Action {
	if b.mode == WarnOnly {
		return tracer.Action{}
	}
	switch b.namespaceOf(t) {
	case namespaceTheirs:
		return tracer.Action{}
	case namespaceForeign:
		return b.denyOutsider(t, inv, actSignal, event.Process{PID: -1}, whyNamespace)
	}
	return b.signalMany(t, inv, everybody, sig)
}

// everybody stands for a group in signalMany.
const everybody = -1

// signalMany sends a signal to the members in a group, and answers as the kernel would if nobody else were there.
func (b *box) signalMany(t *tracer.Task, inv *syscalls.Invocation, group, sig int) tracer.Action {
	if b.carrier.domains.of[t.Process.TGID] != nil {
		return tracer.Deny(unix.EPERM) // it is in a Landlock domain of its own, which may keep signals in: so does this
	}
	s := sending{b: b, t: t, group: group, sig: sig, errno: unix.ESRCH}
	if b.ownRights() != 0 || b.sender(t, &s.from) != 0 {
		return tracer.Deny(unix.EPERM)
	}
	for tid, task := range b.members.tasks {
		if tid == task.Process.TGID && b.members.has(tid) {
			s.member(tid)
		}
	}
	// Who was made a moment ago, and has died and waits for its parent, is in /proc alone. New processes come after
	// those that have the signal already.
	if errno := b.proc.begin(); errno != 0 {
		return tracer.Deny(unix.EPERM)
	}
	for pid := b.proc.next(); pid != 0; pid = b.proc.next() {
		s.stranger(pid)
	}
	b.proc.end()
	switch {
	case s.group == everybody && s.others+s.sent > 0:
		return tracer.Action{Kind: tracer.Return, Value: -int64(s.lastError)}
	case s.errno == unix.ESRCH && s.others > 0:
		return b.denyOutsider(t, inv, actSignal, event.Process{PID: -group}, whyOutside)
	}
	return tracer.Deny(s.errno)
}

// sending is one signal to many.
type sending struct {
	b          *box
	t          *tracer.Task
	from       sender
	group, sig int
	sent       int
	others     int // outsiders in the group
	// errno is what the kernel says of a group: success if anyone got it (kill_pgrp_info, kernel/signal.c). lastError is
	// what it says of everybody: no EPERM.
	errno, lastError unix.Errno
}

// member sends it to one of the tree, if it is the first thread of a process in the group.
func (s *sending) member(tid int) {
	if !s.in(tid) || unix.Tgkill(tid, tid, 0) == unix.ESRCH {
		return
	}
	var target taskStatus
	errno := s.b.proc.status(tid, &target)
	switch {
	case errno != 0:
		errno = unix.ESRCH
	case !s.from.may(unix.Signal(s.sig), tid, &target):
		errno = unix.EPERM
	default:
		errno = sigqueue(tid, s.sig, s.from.info(s.sig))
	}
	s.count(errno)
}

// stranger does the same for a process that is not known to be a member.
func (s *sending) stranger(pid int) {
	if s.b.members.has(pid) || !s.in(pid) || pid == 1 && s.group == everybody {
		return
	}
	var target taskStatus
	if s.b.proc.status(pid, &target) != 0 {
		return
	}
	switch {
	case target.tracer == unix.Gettid():
		s.member(pid)
	case target.dead():
		s.count(0)
	default:
		s.others++
	}
}

// in says whether a process is in the group.
func (s *sending) in(pid int) bool {
	if s.group == everybody {
		return pid != s.t.Process.TGID
	}
	g, err := unix.Getpgid(pid)
	return err == nil && g == s.group
}

func (s *sending) count(errno unix.Errno) {
	s.sent++
	if s.errno != 0 {
		s.errno = errno
	}
	if errno != unix.EPERM {
		s.lastError = errno
	}
}

// changeGroup judges what changes a whole group otherwise, or makes it the owner of a descriptor. Its members are not
// told one by one: if there are outsiders among them it is refused. 0 is the caller's group.
func (b *box) changeGroup(t *tracer.Task, inv *syscalls.Invocation, does act, group int) tracer.Action {
	switch b.namespaceOf(t) {
	case namespaceTheirs:
		if group != 0 {
			return tracer.Action{}
		}
	case namespaceForeign:
		return b.denyOutsider(t, inv, does, event.Process{PID: -group}, whyNamespace)
	}
	of, id := unix.Getpgid, group
	if group == 0 {
		// Another thread can move the caller to any group of its session before the kernel looks, but not to another session
		// than a new one.
		of = unix.Getsid
		var err error
		if id, err = of(t.TID); err != nil {
			return tracer.Deny(unix.ESRCH)
		}
	}
	if errno := b.proc.begin(); errno != 0 {
		return tracer.Deny(unix.EPERM)
	}
	defer b.proc.end()
	for pid := b.proc.next(); pid != 0; pid = b.proc.next() {
		if g, err := of(pid); err != nil || g != id || b.members.has(pid) {
			continue
		}
		var other taskStatus
		if b.proc.status(pid, &other) == 0 && other.tracer != unix.Gettid() && !other.dead() {
			return b.denyOutsider(t, inv, does, event.Process{PID: -group}, whyMixed)
		}
	}
	return tracer.Action{} // and ESRCH if there is none
}
