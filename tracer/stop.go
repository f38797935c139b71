package tracer

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// syscallSignal is the stop signal of syscall-stops under PTRACE_O_TRACESYSGOOD.
const syscallSignal = unix.SIGTRAP | 0x80

// stop handles a stop of a task of the tree.
func (t *tracer) stop(task *Task, ws unix.WaitStatus) {
	if task.watched {
		t.where(task, ws)
	}
	switch event(ws) {
	case unix.PTRACE_EVENT_SECCOMP:
		t.seccompStop(task)
	case unix.PTRACE_EVENT_EXEC:
		t.exec(task)
	case unix.PTRACE_EVENT_FORK, unix.PTRACE_EVENT_VFORK, unix.PTRACE_EVENT_CLONE:
		t.birth(task, event(ws))
	case unix.PTRACE_EVENT_EXIT:
		t.exiting(task)
	default:
		if t.suspend != nil && task == t.root {
			t.suspend.saw(ws, task.TID)
		}
		switch {
		case event(ws) == 0 && ws.StopSignal() == syscallSignal:
			if task.watched {
				t.watchStop(task)
			} else {
				t.syscallStop(task)
			}
		case event(ws) == 0 && t.forward != nil:
			t.forward.saw(t, task, ws.StopSignal())
			fallthrough
		default:
			if task.state.give.waits {
				t.interrupted(task, event(ws) == 0)
			}
			if t.signals != nil && event(ws) == 0 {
				t.signalled(task, ws.StopSignal())
			}
			t.passTask(task, ws)
		}
	}
}

// pass resumes a task from a stop that nobody is asked about: a signal is delivered as it is, a group-stop stays one,
// anything else goes on.
func (t *tracer) pass(tid int, ws unix.WaitStatus) { t.passBy(unix.PTRACE_CONT, tid, ws) }

func (t *tracer) passTask(task *Task, ws unix.WaitStatus) { t.passBy(task.request(), task.TID, ws) }

func (t *tracer) passBy(request uintptr, tid int, ws unix.WaitStatus) {
	sig := ws.StopSignal()
	switch {
	case event(ws) == unix.PTRACE_EVENT_STOP && stops(sig):
		// Resuming would undo the stop: LISTEN leaves it stopped, lets SIGCONT end it, and lets its parent see it.
		t.check(tid, ptrace(unix.PTRACE_LISTEN, tid, 0, 0))
	case event(ws) != 0 || sig == syscallSignal:
		t.cont(request, tid, 0)
	default:
		// A signal-delivery-stop. Every signal is injected unchanged, a SIGTRAP of the tracee's own too; the kernel
		// keeps the siginfo while the number stays the same. Go programs get one SIGURG per preemption: no more is done
		// for it.
		t.cont(request, tid, sig)
	}
}

// stops says whether sig is one that stops a process: under PTRACE_EVENT_STOP it then marks a group-stop; SIGTRAP marks
// a new task's first stop or the end of a LISTEN (ptrace(2), PTRACE_EVENT_STOP).
func stops(sig syscall.Signal) bool {
	return sig == unix.SIGSTOP || sig == unix.SIGTSTP || sig == unix.SIGTTIN || sig == unix.SIGTTOU
}

// request is how the task is resumed: up to the exit stop of its call if that is wanted, or to the entry of the next.
func (t *Task) request() uintptr {
	if t.state.wanted != wantNothing || t.state.follow > 0 || t.watched {
		return unix.PTRACE_SYSCALL
	}
	return unix.PTRACE_CONT
}

// resume lets the task go on.
func (t *tracer) resume(task *Task) {
	t.cont(task.request(), task.TID, 0)
}

// cont resumes a task, nearby if that is wanted.
func (t *tracer) cont(request uintptr, tid int, sig syscall.Signal) {
	near := false
	if task := t.tasks[tid]; t.near.on && task != nil {
		near = t.near.draw(task, t.left == 0)
	}
	t.check(tid, ptrace(request, tid, 0, uintptr(sig)))
	if near {
		t.near.free(tid)
	}
}

// check is where failed requests end: a dying task is left alone, anything else is killed, unless it was attached to.
func (t *tracer) check(tid int, errno syscall.Errno) {
	if errno != 0 && errno != unix.ESRCH && t.watch == nil {
		_ = unix.Kill(tid, unix.SIGKILL) // ESRCH: even better
	}
}

// seccompStop asks the Handler about a call.
func (t *tracer) seccompStop(task *Task) {
	if errno := t.readCall(task.TID, &t.call); errno != 0 {
		t.check(task.TID, errno)
		return
	}
	s := &task.state
	if t.call.abi == nil {
		// The filter serves no such ABI, or the task hides which one it uses. What cannot be decoded does not happen.
		_ = unix.Kill(task.TID, unix.SIGKILL)
		return
	}
	if s.wanted == wantResult {
		t.resume(task) // nothing happens, as was decided at its entry; the filter has its own view of that
		return
	}
	inv, known := syscalls.Decode(t.call.abi, t.call.nr, t.call.args)
	if s.give.waits && t.redo(task, &inv) {
		return
	}
	s.inv, s.wanted, s.sharer = inv, wantNothing, makesSharer(&inv)
	if !known {
		s.inv = syscalls.Invocation{ABI: t.call.abi, Nr: t.call.nr}
		t.giveResult(task, -int64(unix.ENOSYS))
		return
	}
	if installsFilter(&s.inv) {
		task.Process.filtered = true // even if it fails: nobody looks again
	}
	action := t.h.Syscall(task, &s.inv)
	t.opt.Counts.asked(s.inv.Call, &action)
	switch action.Kind {
	case Continue:
		if action.Exit {
			s.wanted = wantExit
		} else if t.noInfo && !t.orderSeen && tellsOrder(s.inv.Call) {
			s.wanted = wantOrder
		}
		t.near.begins(task)
		t.resume(task)
	case Return:
		t.giveResult(task, action.Value)
	case Give, Wait:
		t.give(task, &action)
	case Exit:
		t.exit(task, action.Value)
	case As:
		t.runAs(task, &action)
	default:
		t.kill(task, action.Kind)
	}
}

// exit makes the task's call an exit_group with a status: the process ends by itself, as its parent expects.
func (t *tracer) exit(task *Task, status int64) {
	abi := task.state.inv.ABI
	nr, known := syscalls.Number(abi, "exit_group")
	size, errno := getRegset(task.TID, setPrstatus, t.regs.Buffer())
	switch {
	case errno == unix.ESRCH:
		return
	case !known || errno != 0 || !t.regs.Bind(abi, size):
		errno = unix.EIO
	case t.cannotSet():
		errno = t.becomeByInfo(task.TID, int32(nr), &[6]uint64{uint64(status)})
	default:
		t.regs.SetArg(0, uint64(status))
		errno = t.become(task.TID, int32(nr))
	}
	if errno != 0 {
		t.kill(task, KillProcess) // it ends in any case
		return
	}
	t.resume(task)
}

// giveResult skips the task's call and makes it return value.
func (t *tracer) giveResult(task *Task, value int64) {
	if value <= -restartFirst && value >= -restartLast {
		// -ERESTART* would make the kernel run the call again, unskipped, on a signal. Never a tracee's to see.
		value = -int64(unix.EINTR)
	}
	reason, errno := t.skip(task.TID, task.state.inv.ABI, value)
	if errno != 0 {
		t.check(task.TID, errno)
		return
	}
	task.state.wanted, task.state.value = reason, value
	t.resume(task)
}

// The kernel's own restart codes, ERESTARTSYS to ERESTART_RESTARTBLOCK (include/linux/errno.h).
const (
	restartFirst = 512
	restartLast  = 516
)

// syscallStop handles the entry and exit stops of calls. Which it is, the kernel says: a restarted call can show two
// exit stops in a row, and a task that was not followed when it left the kernel shows no entry stop.
func (t *tracer) syscallStop(task *Task) {
	s := &task.state
	if t.noInfo && s.wanted == wantNothing {
		task.Unfollow() // nobody can tell
		t.resume(task)
		return
	}
	if t.noInfo && s.give.again {
		s.give.again = false
		t.resume(task) // the exit stop follows
		return
	}
	value, op, errno := t.callResult(task)
	if errno != 0 {
		t.check(task.TID, errno)
		return
	}
	if t.noInfo && !t.orderSeen && tellsOrder(s.inv.Call) {
		if value == entryResult {
			t.err = errOldOrder
			return
		}
		t.orderSeen = true
	}
	switch op {
	case opEntry:
		t.entryStop(task)
	case opExit:
		t.exitStop(task, value)
	default: // another thread's exec has taken the TID over, as in readCall
	}
}

// exitStop does what the exit stop of a call was wanted for.
func (t *tracer) exitStop(task *Task, value int64) {
	s := &task.state
	wanted := s.wanted
	s.wanted = wantNothing
	switch {
	case wanted == wantExit:
		t.h.SyscallExit(task, &s.inv, value)
	case wanted == wantResult:
		if errno := t.setResult(task); errno != 0 {
			t.check(task.TID, errno)
			return
		}
	case wanted == wantArgs:
		if errno := t.putArgsBack(task); errno != 0 {
			t.check(task.TID, errno)
			return
		}
	case s.give.waits: // wanted, or seen because the task is followed
		t.giftExit(task, value)
	}
	t.resume(task)
}

// kill carries out KillProcess and KillTree. The task needs no resuming: SIGKILL ends any stop, and the kernel does not
// run a call whose task was killed at its seccomp stop.
func (t *tracer) kill(task *Task, kind ActionKind) {
	if kind == KillTree {
		t.control.KillTree()
	}
	_ = unix.Kill(task.Process.TGID, unix.SIGKILL) // it may be dying already
}
