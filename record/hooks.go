package record

import (
	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Where the recorder calls out to what else is recorded than files: addresses and names, what is written to descriptor 2,
// signals, hints, names of programs, a policy's opinion, errors made up, and breakpoints. All are called on the tracer's
// thread at a stop of the task.

// cmdExtras are the fields of Cmd that belong to them.
type cmdExtras struct{}

// recorderExtras and processExtras are their state, of the run and of each process.
type (
	recorderExtras struct{}
	processExtras  struct{}
)

// extraRow says which calls stop for them: a row without clauses and with Else Allow means none of that call's.
func extraRow(abi *arch.ABI, e syscalls.Entry) syscalls.Row { return syscalls.Row{} }

// begin is called before the command starts.
func (r *recorder) begin(c *Cmd) error { return nil }

// called is told of a call that extraRow lets stop or that acts on a socket, at its entry. mine says that it is not to be
// looked at as a call on files; exit asks for returned.
func (r *recorder) called(t *tracer.Task, p *process, inv *syscalls.Invocation) (action tracer.Action, mine bool) {
	return tracer.Action{}, inv.Call.Class == syscalls.Net
}

// returned is told of the result of a call that called asked the exit of.
func (r *recorder) returned(t *tracer.Task, p *process, inv *syscalls.Invocation, result int64) {}

// followed is told of a call of a task that is followed (tracer.Task.Follow).
func (r *recorder) followed(t *tracer.Task, p *process, inv *syscalls.Invocation) tracer.Action {
	return tracer.Action{}
}

// namesOf returns the names by which exec rules know what t has become, besides the base of x.Path.
func (r *recorder) namesOf(t *tracer.Task, p *process, x *event.Executed) []string { return nil }

// judge sets u.Denied.
func (r *recorder) judge(p *process, u *event.Used) {}

// injects says whether any call may have to fail: then inject is asked about each, before it runs. u has everything but the
// result.
func (r *recorder) injects() bool { return false }

func (r *recorder) inject(p *process, u *event.Used) unix.Errno { return 0 }

// executed, used and ended are told of what was just emitted. They may wait: the tree stands still meanwhile, except what
// is not stopped.
func (r *recorder) executed(t *tracer.Task, p *process, x *event.Executed) {}
func (r *recorder) used(t *tracer.Task, p *process, u *event.Used)         {}
func (r *recorder) ended(p *process, e *event.Ended)                       {}

// ending is called before the end of a process is emitted.
func (r *recorder) ending(p *process) {}
