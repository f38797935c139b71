package tracer

import (
	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// Stops of a tree that was attached to. Any stop may be the first, in the middle of a call: an exit stop that no entry
// came before is nobody's. Which end of a call it is the kernel says; before 5.3 it follows from what came before.
// A task that leaves the kernel stops at the exit first and for signals, group-stops and PTRACE_INTERRUPT only then,
// and births and execs are inside of a call: each of these tells anew where the task is. On x86 the result register
// tells, too: it is -ENOSYS at every entry.

// where notes what a stop that is not a call's says of the task's place.
func (t *tracer) where(task *Task, ws unix.WaitStatus) {
	if t.opt.Exits && (!task.exits || event(ws) == unix.PTRACE_EVENT_EXEC) {
		task.exits = true
		_ = ptrace(unix.PTRACE_SETOPTIONS, task.TID, 0, watchOptions|unix.PTRACE_O_TRACEEXIT) // ESRCH: it is dying
	}
	switch event(ws) {
	case 0:
		if ws.StopSignal() != syscallSignal {
			task.state.inside = false
		}
	case unix.PTRACE_EVENT_STOP:
		task.state.inside = false
	default:
		task.state.inside = true
	}
}

// watchStop handles the entry and exit stops of calls.
func (t *tracer) watchStop(task *Task) {
	s := &task.state
	op, value := uint8(opEntry), int64(0)
	if !t.noInfo {
		switch errno := getSyscallInfo(task.TID, &t.info); errno {
		case 0:
			op, value = t.info.op, t.info.result()
			t.call.nr, t.call.args, t.call.ip = uint64(uint32(t.info.nr)), t.info.args, t.info.ip
			t.call.abi = arch.Find(t.info.arch, t.call.nr)
		case unix.ESRCH:
			return
		default:
			t.noInfo = true
		}
	}
	if t.noInfo {
		size, errno := getRegset(task.TID, setPrstatus, t.regs.Buffer())
		if errno != 0 {
			return
		}
		switch {
		case !s.inside:
			if errno := t.callFromRegisters(task.TID, &t.call); errno != 0 {
				return
			}
			if t.call.abi != nil && entryResult < 0 && t.regs.Result() != entryResult {
				op = opExit // of a call that was under way
			}
		case s.wanted == wantNothing:
			op = opExit
		default:
			op = opExit
			if t.regs.Bind(s.inv.ABI, size) {
				value = t.regs.Result() // otherwise it was an exec into another mode
			}
		}
	}
	switch op {
	case opEntry:
		s.inside = true
		t.watchEntry(task)
	case opExit:
		s.inside = false
		t.exitStop(task, value)
	default: // another thread's exec has taken the TID over, as in readCall
	}
}

// watchEntry asks the Handler about a call, which t.call describes.
func (t *tracer) watchEntry(task *Task) {
	t.opt.Counts.entry()
	s := &task.state
	s.wanted = wantNothing
	abi := t.call.abi
	if abi == nil {
		t.resume(task)
		return
	}
	traced := t.watch.filter.Judge(abi.Audit, uint32(t.call.nr), &t.call.args).Kind == syscalls.Trace
	if !traced && s.follow == 0 {
		t.resume(task)
		return
	}
	var known bool
	if s.inv, known = syscalls.Decode(abi, t.call.nr, t.call.args); !known {
		s.inv = syscalls.Invocation{ABI: abi, Nr: t.call.nr, Args: t.call.args}
	}
	var action Action
	switch {
	case traced && known:
		action = t.h.Syscall(task, &s.inv)
		t.opt.Counts.asked(s.inv.Call, &action)
	case !traced:
		s.follow--
		action = t.h.Followed(task, &s.inv)
	}
	switch action.Kind {
	case Continue:
		if action.Exit {
			s.wanted = wantExit
		}
		t.resume(task)
	case Return:
		t.watchReturn(task, action.Value)
	case Exit:
		t.exit(task, action.Value)
	case As:
		t.runAs(task, &action)
	case KillProcess, KillTree:
		t.kill(task, action.Kind)
	default:
		action.discard()
		t.resume(task)
	}
}

// watchReturn makes the call that the task is about to make return value, as returnAtEntry.
func (t *tracer) watchReturn(task *Task, value int64) {
	s := &task.state
	if restarts(value) {
		value = -int64(unix.EINTR)
	}
	if _, errno := t.skip(task.TID, s.inv.ABI, value); errno != 0 {
		t.check(task.TID, errno) // the call runs
		t.resume(task)
		return
	}
	s.wanted, s.value = wantResult, value
	t.resume(task)
}

// watchExec is for an exec under the TID of a leader that nobody knows: it had ended before it could be seized, and the
// thread that executed has its place now.
func (t *tracer) watchExec(tid int) {
	former, errno := eventMessage(tid)
	if errno != 0 {
		return
	}
	other := t.tasks[int(former)]
	if other == nil {
		t.pass(tid, execStop)
		return
	}
	leader := &Task{TID: tid, Process: other.Process, watched: true}
	other.Process.Tasks++
	t.tasks[tid] = leader
	t.h.Birth(other, leader)
	t.exec(leader)
}

// execStop is the wait status of an exec's event.
const execStop = unix.WaitStatus(unix.PTRACE_EVENT_EXEC<<16 | uint32(unix.SIGTRAP)<<8 | 0x7f)
