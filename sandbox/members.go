package sandbox

import (
	"golang.org/x/sys/unix"

	"sydbox/tracer"
)

// members are the tasks of the tree by TID: whose /proc/PID is the tree's own. It belongs to the tracer's thread.
type members struct {
	tasks  map[int]*tracer.Task
	proc   *procfs
	thread int // the tracer's
}

func newMembers(proc *procfs) members { return members{tasks: make(map[int]*tracer.Task), proc: proc} }

func (m *members) add(t *tracer.Task) {
	m.tasks[t.TID] = t
	m.thread = unix.Gettid()
}

func (m *members) remove(t *tracer.Task) { delete(m.tasks, t.TID) }

// has says whether a number is a member's now. One that was a member's can be an outsider's before the tracer has heard
// of it: the kernel uses the number of a reaped task again while other stops are handled, and that of a thread that
// executes a program, which becomes the leader's, while it loads the program.
//
// A first thread has its number until it is reaped. Any other is a member if the tracer traces whoever has its number.
func (m *members) has(pid int) bool {
	t := m.tasks[pid]
	if t == nil || t.Reaped() {
		return false
	}
	if t.TID == t.Process.TGID {
		return true
	}
	var s taskStatus
	return m.proc.status(pid, &s) == 0 && s.tracer == m.thread
}

// own says whether /proc/PID is the tree's own: that of a member, or of one that has ended and was not waited for yet.
//
// Precondition: what lies in there is held by a handle that was had before. A handle never leads to another process of
// the same number: what was judged is then what is used, or nothing (ESRCH).
func (m *members) own(pid int) bool { return m.has(pid) || m.ended(pid) }

// ended says whether a number is that of a process of the tree that has ended, and keeps the number until its parent
// waits for it. The tracer has reaped it by then and forgotten it: the kernel is asked.
//
// Who has a member for a parent is of the tree. And the parent was one when the kernel told of it: the first thread of
// a process keeps its number until the tracer has reaped it, which happens on this thread.
func (m *members) ended(pid int) bool {
	var s taskStatus
	if m.proc.status(pid, &s) != 0 || !s.dead() {
		return false
	}
	parent := m.tasks[s.parent]
	return parent != nil && !parent.Reaped() && parent.TID == parent.Process.TGID
}
