package tracer

import "golang.org/x/sys/unix"

// ExitHandler is what a Handler is as well that wants to see tasks before they are gone. It is asked with Options.Exits
// alone.
type ExitHandler interface {
	// Exiting is called at PTRACE_EVENT_EXIT: t will run nothing more, but it still has its memory, its descriptors and
	// its entry in /proc, with the times and counts of all threads of the process. t.Process.Ending says whether all
	// threads of the process have come that far. status is what t itself ends with; for the process the status at the
	// leader's Death counts.
	//
	// Death follows, but for the leader of a process in which another thread executes a program: there Exec follows,
	// for the same Task. Exiting is left out for a task that another SIGKILL or an exec takes out of that very stop
	// before it was seen, and for one that was killed before it was born (Handler.Birth).
	Exiting(t *Task, status unix.WaitStatus)
}

// Ending says whether every task of the process is at its end: in ExitHandler.Exiting it is true for the last thread,
// which is the time to read what /proc says of the whole process. It is true once in the life of a process, or, if that
// last thread's Exiting was left out, never.
func (p *Process) Ending() bool { return p.leaving > 0 && p.leaving == p.Tasks }

// exiting handles PTRACE_EVENT_EXIT. It follows SIGKILL too, and the task goes on to its end only when it is resumed:
// a second SIGKILL does nothing to a process that is dying.
func (t *tracer) exiting(task *Task) {
	msg, errno := eventMessage(task.TID)
	others := task.TID == task.Process.TGID && task.Process.Tasks > 1
	if errno == 0 && others && !stoppedBy(task.TID, unix.PTRACE_EVENT_EXIT) {
		// An exec has taken the leader's TID over, and this is its event, to come: see readCall.
		errno = unix.ESRCH
	}
	if errno != 0 {
		t.check(task.TID, errno)
		return
	}
	if !task.leaving {
		task.leaving = true
		task.Process.leaving++
	}
	if t.exits != nil {
		t.exits.Exiting(task, unix.WaitStatus(msg))
	}
	t.pass(task.TID, atExit)
}

// passExit resumes a task that is being killed from such a stop.
func (t *tracer) passExit(tid int, ws unix.WaitStatus) {
	if event(ws) == unix.PTRACE_EVENT_EXIT {
		t.pass(tid, ws)
	}
}

// atExit is the wait status of such a stop.
const atExit = unix.WaitStatus(unix.PTRACE_EVENT_EXIT<<16 | uint32(unix.SIGTRAP)<<8 | 0x7f)

// stays takes a task out of those that leave: it is dead, or lives on in an exec.
func (t *Task) stays() {
	if t.leaving {
		t.leaving = false
		t.Process.leaving--
	}
}

// stoppedBy says whether the task is in the stop of that event (si_code, ptrace(2)).
func stoppedBy(tid, event int) bool {
	code, _, errno := signalInfo(tid)
	return errno == 0 && code>>8 == int32(event)
}
