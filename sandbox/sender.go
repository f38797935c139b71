package sandbox

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/tracer"
)

// sender is who sends a signal, as the kernel asks of it (kill(2)).
type sender struct {
	tgid    int
	session int
	status  taskStatus
}

// sender fills in who a task is.
func (b *box) sender(t *tracer.Task, s *sender) syscall.Errno {
	s.tgid = t.Process.TGID
	if errno := b.proc.status(t.TID, &s.status); errno != 0 {
		return errno
	}
	if b.carrier.options.UserNamespaces && (b.ownRights() != 0 || !b.proc.same(t.TID, "ns/user")) {
		s.status.caps = 0 // they count in its own user namespace only
	}
	var err error
	if s.session, err = unix.Getsid(t.TID); err != nil {
		return unix.ESRCH
	}
	return 0
}

const capKill = 1 << unix.CAP_KILL

// may is what the kernel asks of a sender (check_kill_permission and kill_ok_by_cred, kernel/signal.c).
func (s *sender) may(sig unix.Signal, pid int, target *taskStatus) bool {
	from, to := &s.status, target
	switch {
	case target.tgid == s.tgid, from.caps&capKill != 0,
		from.euid == to.suid, from.euid == to.uid, from.uid == to.suid, from.uid == to.uid:
		return true
	case sig != unix.SIGCONT:
		return false
	}
	session, err := unix.Getsid(pid)
	return err == nil && session == s.session
}

// info is how a signal says whom it is from. The kernel lets nobody say that a signal of his was sent by kill(2) of
// another; sigqueue(3) is what comes nearest.
func (s *sender) info(sig int) unix.Siginfo { return queueInfo(sig, siQueue, s.tgid, s.status.uid, 0) }

// siQueue is SI_QUEUE of asm-generic/siginfo.h.
const siQueue = -1
