package tracer

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// The kernel does not let a signal interrupt the open of a file, but it does interrupt the wait for our answer:
// the call has returned -ERESTARTSYS and would be EINTR for a program without SA_RESTART. So when such a signal is about
// to be delivered, all signals are blocked (PTRACE_SETSIGMASK) and the signal is delivered into that mask: the kernel
// queues it again with all it carries (ptrace_signal). The call starts over, gets its descriptor, and at its exit stop
// the mask is put back; then the handler runs, where it would have run natively. An Open or a Do that waits is
// different: that call is interrupted natively as well. It is cancelled, and the call made what it was: the kernel then
// makes it EINTR, or starts it over as a new call, as the action of the signal says. But the last word is with the Open
// or Do: what it has just done is not done again, and the call starts over to be told of it. If it takes its time to say
// so, the call starts over unseen too, and is answered with ERESTARTSYS if nothing was done after all (giveUp).

// One thing differs: queued real-time signals of the same number can change places, if a second one comes in the moment
// between the first one's interruption and its return to the queue.

// interrupted handles a signal-delivery-stop or group-stop of a task whose gift may still wait. isSignal is true for the
// first. It leaves resuming to the caller.
func (t *tracer) interrupted(task *Task, isSignal bool) {
	s := &task.state
	if !t.inRestart(task) {
		t.settle(task)
		return
	}
	switch task.gift.interrupted(t.opt.patience()) {
	case overtaken:
		if !s.give.marked {
			t.check(task.TID, t.restoreNumber(task))
		}
		t.settle(task)
		return
	case late:
		s.wanted = wantGift // the answer may be one that only the tracer may see
	}
	s.give.again = true
	if t.opt.restartTyped && !s.give.marked {
		t.check(task.TID, t.restoreNumber(task))
	}
	if !isSignal || s.give.blocked {
		return // it starts over unseen
	}
	if errno := getSignalMask(task.TID, &s.give.mask); errno != 0 {
		t.check(task.TID, errno)
		return
	}
	if errno := setSignalMask(task.TID, &allSignals); errno != 0 {
		t.check(task.TID, errno)
		return
	}
	s.give.blocked = true
	s.wanted = wantGift
}

// giveUp makes a call what it was that has waited for an Open or a Do and was answered with ERESTARTSYS, at its exit
// stop. The signal that was kept from it, now unblocked, decides whether it fails or starts over. Another thread may have
// taken that signal meanwhile; PTRACE_INTERRUPT makes the kernel look for signals in any case, and start the call over
// if it finds none (arch_do_signal_or_restart).
func (t *tracer) giveUp(task *Task) {
	if !task.state.give.marked && t.inRestart(task) {
		t.check(task.TID, t.restoreNumber(task))
	}
	t.settle(task)
	t.check(task.TID, ptrace(unix.PTRACE_INTERRUPT, task.TID, 0, 0))
}

// inRestart says whether the task, at a stop after its call, is about to start over the very call that waits for a gift.
// On x86 the result says so and the number is still in its place, or the kernel has moved the task back already, with the
// number in the register that the call is made with: then another signal came before the task left the kernel, or had
// executed the instruction. Elsewhere it is always moved back, and looks like a loop's next call whose registers are
// loaded and that a signal has caught at its instruction: so there the exit stop of the one that returned is wanted, and
// the gift has arrived by then. The registers stay in t.regs.
func (t *tracer) inRestart(task *Task) bool {
	s := &task.state
	size, errno := getRegset(task.TID, setPrstatus, t.regs.Buffer())
	if errno != 0 || !t.regs.Bind(s.inv.ABI, size) {
		return false
	}
	if origAX != 0 {
		if t.movedBack(s) {
			return t.asks(s, uint32(t.regs.Result()))
		}
		return restarts(t.regs.Result()) && t.asks(s, t.regs.Number())
	}
	own := t.regs.Number() == uint32(s.inv.Nr)
	if !own || !t.movedBack(s) {
		return false
	}
	for i, want := range s.inv.Args {
		if i == markedArg && s.give.marked {
			continue
		}
		if v, ok := t.regs.Arg(i); ok && v != want {
			return false
		}
	}
	return true
}

// asks says whether nr is what the task's call waits under.
func (t *tracer) asks(s *taskState, nr uint32) bool {
	if s.give.marked || t.opt.restartTyped && nr == uint32(s.inv.Nr) {
		return nr == uint32(s.inv.Nr)
	}
	return nr == giveNumber|s.inv.ABI.NumberBit
}

// movedBack says whether the registers in t.regs are those of a task that is about to execute its call again.
func (t *tracer) movedBack(s *taskState) bool {
	const longestCall = 4 // bytes of the instruction
	ip := t.regs.IP()
	return ip < s.give.ip && s.give.ip-ip <= longestCall
}

// restoreNumber makes the interrupted call what it was, so that it starts over as a new one. Where the program's own
// register has the number nothing was changed.
//
// Precondition: inRestart has just been asked.
func (t *tracer) restoreNumber(task *Task) syscall.Errno {
	s := &task.state
	if s.inv.ABI.Regs.NumberFixed {
		return 0
	}
	if t.movedBack(s) {
		t.regs.SetResult(int64(s.inv.Nr)) // the register that the call is made with
	} else {
		t.regs.SetNumber(int32(s.inv.Nr))
	}
	return setRegset(task.TID, setPrstatus, t.regs.Bytes())
}
