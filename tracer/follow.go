package tracer

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// A followed task is resumed by PTRACE_SYSCALL, so that it also stops at entries, which come before the filter looks at
// a call (4.8). The tracer looks there what the filter will say (judge): a call that it stops is left to the seccomp
// stop, so each is handled once. The exit stops that come with it cannot be had separately; nobody is told of them who
// has not asked.

// Follow makes the task stop at the entry of its next n calls that the filter lets run freely as well: there
// Handler.Followed is asked. Calls that the filter stops go to Handler.Syscall as ever, and do not count. A call that a
// signal interrupts counts again when it starts over. A second Follow replaces the first. It ends by itself after n
// calls and with an exec, and it holds for this thread alone, not for what it creates. It has no effect on kernels
// without PTRACE_GET_SYSCALL_INFO (before 5.3).
//
// Precondition: the Handler is being asked about, or told of, this task.
func (t *Task) Follow(n int) { t.state.follow = max(n, 0) }

// Unfollow ends what Follow began.
//
// Precondition: as for Follow.
func (t *Task) Unfollow() { t.state.follow = 0 }

// entryStop asks the Handler about a call of a followed task. t.info describes it.
func (t *tracer) entryStop(task *Task) {
	t.opt.Counts.entry()
	s := &task.state
	nr := uint32(t.info.nr)
	abi := arch.Find(t.info.arch, uint64(nr))
	if s.follow == 0 || abi == nil || !t.frees(abi, nr, &t.info.args) {
		t.resume(task)
		return
	}
	if s.give.waits {
		t.settle(task) // it has arrived: this is another call, as the private number and mark are not free
	}
	s.follow--
	var known bool
	if s.inv, known = syscalls.Decode(abi, uint64(nr), t.info.args); !known {
		s.inv = syscalls.Invocation{ABI: abi, Nr: uint64(nr), Args: t.info.args}
	}
	s.wanted, s.sharer = wantNothing, sharerNot
	action := t.h.Followed(task, &s.inv)
	switch action.Kind {
	case Continue:
		if action.Exit {
			s.wanted = wantExit
		}
		t.resume(task)
	case Return:
		t.returnAtEntry(task, action.Value)
	case Exit:
		t.exit(task, action.Value)
	default: // Give and Wait too: the call would have to get past filters that have not seen it
		action.discard()
		t.kill(task, action.Kind)
	}
}

// returnAtEntry makes the call that the task is about to make return value. It is made one that does nothing, because
// all filters are still to look at it, and its result is set at its exit stop, whatever they have made of it: number
// -1, or, where a filter might kill for an unknown number, the same number with a descriptor that does not exist.
func (t *tracer) returnAtEntry(task *Task, value int64) {
	s := &task.state
	if restarts(value) {
		value = -int64(unix.EINTR)
	}
	size, errno := getRegset(task.TID, setPrstatus, t.regs.Buffer())
	if errno != 0 {
		t.check(task.TID, errno)
		return
	}
	ours := judge(t.plan.Filter, s.inv.ABI.Audit, minusOne, &s.inv.Args)
	errno = unix.EIO
	if (t.below(task) || deadly(ours)) && s.inv.Call != nil && s.inv.Call.Args[0] == syscalls.FD &&
		t.regs.Bind(s.inv.ABI, size) {
		errno = t.spoil(task)
	}
	switch {
	case errno != unix.EIO:
	case deadly(ours):
		errno = unix.EPERM
	default:
		_, errno = t.skip(task.TID, s.inv.ABI, value)
	}
	if errno != 0 {
		t.check(task.TID, errno)
		return
	}
	s.wanted, s.value = wantResult, value
	t.resume(task)
}

// spoil gives a call that is about to be made a descriptor that does not exist, its first argument. EIO says that this
// cannot be set here.
func (t *tracer) spoil(task *Task) (errno syscall.Errno) {
	s := &task.state
	fd := t.argWord(0, noDescriptor)
	if t.cannotSet() {
		args := s.inv.Args
		args[0] = noDescriptor
		errno = t.becomeByInfo(task.TID, int32(s.inv.Nr), &args)
	} else {
		errno = setRegset(task.TID, setPrstatus, t.regs.Bytes())
	}
	if errno == 0 {
		s.spoilt, s.fd = true, fd
	}
	return errno
}

const (
	// minusOne is the number of no call in any ABI.
	minusOne = 1<<32 - 1
	// noDescriptor is EBADF to every call: it is none of the negative numbers with a meaning (AT_FDCWD, signalfd's -1).
	noDescriptor = 1 << 31
)

// deadly says whether an answer of the filter's ends the process or sends a signal.
func deadly(answer uint32) bool {
	switch answer & unix.SECCOMP_RET_ACTION_FULL {
	case unix.SECCOMP_RET_KILL_PROCESS, unix.SECCOMP_RET_KILL_THREAD, unix.SECCOMP_RET_TRAP:
		return true
	}
	return false
}

// below says whether filters that are not ours may look at the task's calls.
func (t *tracer) below(task *Task) bool {
	if task.Process.filtered || !t.tellsFilters {
		return true
	}
	if t.giver != nil {
		return !t.giver.byNumber || t.opt.markOnly
	}
	return filtered()
}
