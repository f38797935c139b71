package tracer

import (
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// Give: a call returns a descriptor of something that the tracer has opened.
//
// At its seccomp stop the call gets a private number and goes on. A kernel that honours a changed number runs the filter
// again on it (4.8, __seccomp_filter), where SECCOMP_RET_TRACE no longer stops but SECCOMP_RET_USER_NOTIF does what it
// says: the task waits until the listener is answered (giver.go). No argument changes, and on x86 no exit stop is needed.
//
// There are two cases where the number must stay. A filter of the task's own, or one that the whole tree runs under
// (a container's), would judge the private number: it is usually not on its list. And on a port where the number is in
// a register that calls preserve (riscv64), the program would find the private one there. Then the number stays and
// argument 5, which these calls do not have or which makes no sense with that value, gets a private mark, which is
// taken out at the exit stop.
//
// Wait: a call returns what something comes to that a goroutine does in its place (Action.Do). It is the same but for
// the descriptor.
//
// While a gift waits no instruction of its task is executed, whatever signals come (interrupt.go), and no task has more
// than one.

// giveState is what a task's call needs while it waits for its gift. All of it is the tracer's thread's.
type giveState struct {
	waits  bool // a gift was made, and it has not been seen to arrive
	marked bool // argument 5 holds giveMark; saved is what was there
	saved  uint64
	// blocked: all signals are; mask is what the task itself had blocked.
	blocked bool
	mask    signalSet
	ip      uint64 // where the call was made
	// again: the call is about to start over, so that the next stop at one is its entry. Where the kernel does not say
	// which end of a call it is (before 5.3) it would be taken for the exit, and what was done for the call be lost.
	again bool
}

// startGiving takes the listener from the shim, at the launch.
func (t *tracer) startGiving() {
	listener := -1
	if t.plan.Listener {
		listener = t.shim.Listener()
	}
	switch {
	case listener < 0:
	case t.noInfo: // older than ADDFD, or made to look so
		unix.Close(listener)
	default:
		t.giver = newGiver(listener, t.control)
		t.root.giver = t.giver
		t.noInfo = t.opt.registersTell
	}
}

// stopGiving is for the end of the run. It returns the text of a panic in a goroutine of the giver's.
func (t *tracer) stopGiving() (fault string) {
	if t.giver == nil {
		return ""
	}
	return t.giver.stop()
}

// give carries out the Actions Give and Wait.
func (t *tracer) give(task *Task, action *Action) {
	if !task.Gives() || !t.byNumber(task) && !slices.Contains(marked, task.state.inv.Call.Name) {
		action.discard()
		t.kill(task, KillProcess)
		return
	}
	if task.gift == nil {
		task.gift = t.giver.add(task.TID)
	}
	task.gift.wrap(action)
	task.state.give = giveState{waits: true, ip: t.call.ip}
	quick := action.Kind == Give && action.Open == nil && len(t.batch) == 1 && t.giver.attends()
	t.redirect(task)
	if quick {
		t.giver.answerSoon()
	}
}

// byNumber says whether the task's call can wait under the private number.
func (t *tracer) byNumber(task *Task) bool {
	return t.giver.byNumber && !t.opt.markOnly && !task.Process.filtered && numberApart(task.state.inv.ABI)
}

// redirect lets the task's call go on, to wait for its gift.
func (t *tracer) redirect(task *Task) {
	s := &task.state
	var errno syscall.Errno
	if t.byNumber(task) {
		errno = t.setNumber(task.TID, giveNumber|s.inv.ABI.NumberBit)
		if t.restartsByRegister(s.inv.ABI) {
			s.wanted = wantGift // nothing else tells the restart from the same call made anew (inRestart)
		}
	} else {
		errno = t.mark(task)
	}
	if errno != 0 {
		task.gift.withdraw()
		s.give = giveState{}
		t.check(task.TID, errno)
		return
	}
	t.resume(task)
}

// mark puts giveMark into argument 5.
func (t *tracer) mark(task *Task) syscall.Errno {
	s := &task.state
	size, errno := getRegset(task.TID, setPrstatus, t.regs.Buffer())
	if errno != 0 {
		return errno
	}
	if !t.regs.Bind(s.inv.ABI, size) {
		return unix.EIO
	}
	value := uint64(giveMark)
	if s.inv.ABI.WordSize == 4 {
		value &= low32
	}
	s.give.saved = t.argWord(markedArg, value)
	s.give.marked = true
	s.wanted = wantGift
	return setRegset(task.TID, setPrstatus, t.regs.Bytes())
}

// argWord changes the whole register of argument i in the set that is bound and returns what was there. An i386 call
// out of 64-bit code has arguments in the low halves of registers whose upper halves are the program's.
func (t *tracer) argWord(i int, value uint64) (was uint64) {
	layout := t.regs.Layout()
	return swapWord(t.regs.Bytes(), layout.Args[i], layout.Word, value)
}

// redo handles a seccomp stop of a task whose gift may still wait: on some ports an interrupted call starts over under
// its own number (arm64 takes it from the program's register). It is true if the call goes on to wait for the same gift.
// Nobody is asked again, because what was opened may have been created by that.
func (t *tracer) redo(task *Task, inv *syscalls.Invocation) bool {
	s := &task.state
	// An answer that was taken may have been lost, but without a signal's stop in between it was not: this is another
	// call that looks the same.
	waits := s.give.blocked || task.gift.unanswered()
	if waits && t.restartsByRegister(inv.ABI) && !s.give.marked && *inv == s.inv && t.call.ip == s.give.ip {
		t.redirect(task)
		return true
	}
	// It has arrived; or the call never came to wait for it, because something answered it first.
	t.settle(task)
	return false
}

// settle puts back what the gift has changed in the task, and takes back a gift that was not handed over.
func (t *tracer) settle(task *Task) {
	s := &task.state
	task.gift.withdraw()
	if s.wanted == wantGift {
		s.wanted = wantNothing
	}
	if s.give.marked {
		t.check(task.TID, t.unmark(task))
	}
	if s.give.blocked {
		t.check(task.TID, setSignalMask(task.TID, &s.give.mask))
	}
	s.give = giveState{}
}

// unmark puts argument 5 back.
func (t *tracer) unmark(task *Task) syscall.Errno {
	size, errno := getRegset(task.TID, setPrstatus, t.regs.Buffer())
	if errno != 0 {
		return errno
	}
	if !t.regs.Bind(task.state.inv.ABI, size) {
		return unix.EIO
	}
	t.argWord(markedArg, task.state.give.saved)
	return setRegset(task.TID, setPrstatus, t.regs.Bytes())
}

// giftExit handles the exit stop of a call that was given something.
func (t *tracer) giftExit(task *Task, result int64) {
	switch {
	case !restarts(result):
		t.settle(task)
	case task.gift.hasGivenUp():
		t.giveUp(task)
	default:
		task.state.give.again = true
		task.state.wanted = wantGift // it was interrupted, and will start over or be EINTR: that is a signal's stop
	}
}

// restarts says whether a result is one that the kernel acts on before the task sees it.
func restarts(result int64) bool { return result <= -restartFirst && result >= -restartLast }

// restartsByRegister says whether an interrupted call starts over under the number in the program's own register.
func (t *tracer) restartsByRegister(abi *arch.ABI) bool {
	return abi.Regs.NumberFixed || t.opt.restartTyped
}

// numberApart says whether the kernel keeps the call number in a place of its own, which no program sees: orig_ax of
// x86, the regset of its own of arm64 and arm.
func numberApart(abi *arch.ABI) bool { return origAX != 0 || abi.Regs != nil && abi.Regs.NumberFixed }

// setNumber changes the number of the call that the task is in.
//
// Precondition: numberApart.
func (t *tracer) setNumber(tid int, nr uint32) syscall.Errno {
	if origAX != 0 {
		return ptrace(unix.PTRACE_POKEUSR, tid, origAX, uintptr(nr))
	}
	return setSystemCall(tid, int32(nr))
}
