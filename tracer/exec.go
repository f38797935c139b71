package tracer

import (
	"golang.org/x/sys/unix"

	"sydbox/tracer/launch"
)

// exec handles PTRACE_EVENT_EXEC. The kernel has ended all other threads of the process, and the one that executed has
// the TID of the leader, whoever it was before (GETEVENTMSG). To the Handler the leader's Task lives on and the other's
// dies, so that a TID never changes under it; what was under way in the other is carried over.
func (t *tracer) exec(task *Task) {
	former, errno := eventMessage(task.TID)
	if errno != 0 {
		t.check(task.TID, errno)
		return
	}
	task = t.becomeLeader(task, int(former))
	task.Process.ownFiles()
	task.Unfollow()
	t.askExec(task, false)
}

// becomeLeader brings the table up to date with an exec and returns the task that runs the new program.
func (t *tracer) becomeLeader(task *Task, former int) *Task {
	if former != task.TID {
		task.state = taskState{}
		if other := t.tasks[former]; other != nil && other.Process == task.Process {
			task.state = other.state
			t.near.replaces(task, other)
			t.drop(other, 0)
		}
	}
	task.stays()
	if task.gift != nil {
		task.gift.withdraw() // what was meant for the program before
	}
	task.state.give = giveState{}
	if task.Process.Tasks > 1 {
		// Their wait statuses came before this event, as far as anybody knows; but a task must not outlive its process.
		t.dropOthers(task)
	}
	return task
}

// dropOthers takes all other tasks of a process out of the table.
func (t *tracer) dropOthers(task *Task) {
	for _, other := range t.tasks {
		if other.Process == task.Process && other != task {
			t.drop(other, 0)
		}
	}
}

// askExec lets the Handler look at a loaded program.
func (t *tracer) askExec(task *Task, launch bool) {
	switch action := t.h.Exec(task, launch); action.Kind {
	case Continue:
		if launch && t.opt.Started != nil {
			t.opt.Started()
		}
		t.resume(task)
	case Return:
		// The call has succeeded: there is nothing to return to. Whoever asks for that did not want it to run.
		t.kill(task, KillProcess)
	default:
		action.discard()
		t.kill(task, action.Kind)
	}
}

// shimStop handles a stop of the shim before it has become the target. All are private, up to the exec that is the
// launch.
func (t *tracer) shimStop(task *Task, ws unix.WaitStatus) {
	if event(ws) != unix.PTRACE_EVENT_EXEC {
		t.pass(task.TID, ws)
		return
	}
	t.launched = true
	t.near.start(t.ticker.ready)
	shortSlice()
	t.tellsSharers, t.tellsFilters = t.stopsSharers(), t.stopsFilters()
	t.tellsABI = tellsABI(t.plan.Filter)
	t.startGiving()
	if t.err = t.shim.Limit(); t.err != nil {
		return
	}
	if t.opt.Hardened != nil {
		t.opt.Hardened(t.shim.Outcomes())
	}
	if t.opt.Inside != nil {
		t.opt.Inside(t.shim.Inside())
	}
	if t.plan.Network != launch.Off && t.opt.Network != nil {
		t.opt.Network(t.shim.Network())
	}
	t.h.Birth(nil, task)
	t.askExec(task, true)
}
