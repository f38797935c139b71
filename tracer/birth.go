package tracer

import (
	"time"

	"golang.org/x/sys/unix"
)

// A new task is announced by an event of its creator (GETEVENTMSG names it) and shows itself by a first stop, in either
// order. It runs once both have been seen: the task whose first stop comes early is held.

// birth handles made of parent, which is PTRACE_EVENT_FORK, VFORK or CLONE.
func (t *tracer) birth(parent *Task, made int) {
	msg, errno := eventMessage(parent.TID)
	if errno == 0 && t.opt.Exits && !stoppedBy(parent.TID, made) {
		// It was killed meanwhile and is at its end, which is still to be told: the message may be what it ends with, and
		// its child speaks for itself. As the number of a process 0 would be our own process group.
		return
	}
	if errno != 0 {
		t.check(parent.TID, errno)
		return
	}
	t.announce(parent, int(msg))
	t.resume(parent)
}

// announce makes the task tid known as a child of parent.
func (t *tracer) announce(parent *Task, tid int) {
	if known := t.tasks[tid]; known != nil {
		// It was adopted, because another task died that seemed to be its creator. Now its creator has spoken.
		known.guessed = false
		if known.Process != parent.Process {
			known.Process.Parent = parent.Process
			t.bornFiles(parent, known.Process)
			known.Process.doubtFiles() // as it was
		}
		return
	}
	if _, dead := t.unborn[tid]; dead {
		delete(t.unborn, tid)
		if tracerOf(tid) != unix.Gettid() {
			return // it was killed before its announcement and never ran, or was adopted and has ended
		}
		// Its TID was used again at once.
	}
	process := parent.Process
	// FORK and VFORK events are processes, a CLONE event is either; signal 0 to a member of the group tells.
	errno := unix.Tgkill(process.TGID, tid, 0)
	if errno != nil && errno != unix.ESRCH && readStatus(tid).number("Tgid") != process.TGID {
		errno = unix.ESRCH // a sandbox around this one refuses the question
	}
	if errno == unix.ESRCH {
		process = &Process{TGID: tid, Parent: parent.Process, filtered: parent.Process.filtered}
		t.control.add(tid)
		t.bornFiles(parent, process)
	}
	child := &Task{TID: tid, Process: process, giver: t.giver, watched: t.watch != nil}
	process.Tasks++
	t.tasks[tid] = child
	t.near.born(parent, child)
	if t.crowd.on {
		t.crowd.saw(tid)
	}
	t.h.Birth(parent, child)
	if ws, seen := t.held[tid]; seen {
		delete(t.held, tid)
		t.stop(child, ws)
	}
}

// hold keeps a task that nobody has announced yet at its first stop.
func (t *tracer) hold(tid int, ws unix.WaitStatus) {
	delete(t.unborn, tid)
	if t.control.killing() {
		_ = unix.Kill(tid, unix.SIGKILL) // it may be dying already
		return
	}
	if len(t.held) == 0 {
		t.heldSince = time.Now()
	}
	t.held[tid] = ws
}

// gone handles a death.
func (t *tracer) gone(tid int, task *Task, ws unix.WaitStatus) {
	t.crowd.lost(tid)
	if task == nil {
		if t.launched {
			delete(t.held, tid)
			t.unborn[tid] = struct{}{}
		}
		return
	}
	t.drop(task, ws)
	if task.TID == task.Process.TGID && task.Process.Tasks > 0 {
		// The kernel reaps a leader last. Another that is still known executed a program, by which it became the leader, and
		// was killed before its event could be read: its own number is nobody's since.
		t.dropOthers(task)
	}
	if up := task.Process.Parent; t.crowd.on && up != nil && up.Tasks > 0 && task.Process.Tasks == 0 {
		t.crowd.saw(up.TGID) // it hears of that
	}
	if task.guessed {
		t.unborn[tid] = struct{}{} // or its creator's word would make a task that nobody hears of again
	}
	if task == t.root {
		t.root = nil
		t.result.Root = ws
		if t.opt.WaitRoot {
			t.control.KillTree()
		} else {
			t.leaves()
		}
	}
	if len(t.held) > 0 {
		t.adopt(task)
	}
}

// drop takes a task out of the table.
func (t *tracer) drop(task *Task, ws unix.WaitStatus) {
	delete(t.tasks, task.TID)
	t.near.ends(task)
	t.near.leaves(task)
	if task.gift != nil {
		t.giver.forget(task.gift)
	}
	task.stays()
	task.Process.Tasks--
	if task.Process.Tasks == 0 {
		for p := task.Process; p.Parent != nil && p.Parent.Tasks == 0; {
			p.Parent = p.Parent.Parent
		}
		task.Process.leaveFiles()
		t.control.remove(task.Process.TGID)
	}
	if t.launched {
		t.h.Death(task, ws)
	}
}

// adopt looks for held tasks that dead may have created: killed between the creation and its event, it will not
// announce them any more. If the guess is wrong the event of the true creator puts it right.
func (t *tracer) adopt(dead *Task) {
	for tid := range t.held {
		status := readStatus(tid)
		tgid, parent := status.number("Tgid"), status.number("PPid")
		switch {
		case tgid == 0: // it is gone itself
		case tgid == dead.Process.TGID, // a thread of the same process
			parent == dead.Process.TGID,                       // a child of the process, which other threads keep alive
			dead.Process.descends(parent),                     // CLONE_PARENT, or an ancestor is its reaper
			dead.Process.Tasks == 0 && t.tasks[parent] == nil: // init is its reaper
			t.announceGuessed(dead, tid)
		}
	}
}

// adoptAll is for held tasks when no other task is left that could announce them.
func (t *tracer) adoptAll() {
	for tid := range t.held {
		t.announceGuessed(&Task{TID: tid, Process: &Process{TGID: tid}}, tid)
	}
}

// longestHold is how long a task is held. Its creator, which is in the kernel and about to speak, needs microseconds, and may
// have been killed before its child's first stop came: then nobody speaks.
const longestHold = 50 * time.Millisecond

// adoptLate adopts the held tasks that nobody has announced in time. On a machine with too much to do their creators may
// speak yet.
func (t *tracer) adoptLate(now time.Time) {
	if len(t.held) == 0 || now.Sub(t.heldSince) < longestHold {
		return
	}
	t.heldSince = now
	for tid := range t.held {
		t.announceGuessed(t.guess(tid), tid)
	}
}

// guess returns a task that may have made tid: one of the same process or of its parent.
func (t *tracer) guess(tid int) *Task {
	status := readStatus(tid)
	tgid, parent := status.number("Tgid"), status.number("PPid")
	var found *Task
	for _, task := range t.tasks {
		switch task.Process.TGID {
		case tgid:
			return task
		case parent:
			found = task
		}
	}
	switch {
	case found != nil:
		return found
	case t.root != nil:
		return t.root
	}
	return &Task{TID: tid, Process: &Process{TGID: tid}}
}

// announceGuessed announces a task whose parent may be another. What it may have inherited is taken for inherited.
func (t *tracer) announceGuessed(parent *Task, tid int) {
	t.announce(parent, tid)
	if task := t.tasks[tid]; task != nil {
		task.guessed = true
		task.Process.filtered = true
		parent.Process.doubtFiles()
		task.Process.doubtFiles()
	}
}

// descends says whether pid is an ancestor.
func (p *Process) descends(pid int) bool {
	for a := p.Parent; a != nil; a = a.Parent {
		if a.TGID == pid && a.Tasks > 0 {
			return true
		}
	}
	return false
}
