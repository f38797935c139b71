package tracer

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// Attaching. Processes that run already have no prefilter, and must not get one: it could not be taken away again. So
// every call of theirs stops, twice, and the table says which of them a Handler hears of.
//
// They are let go by the kernel, when the tracer's thread ends (exit_ptrace, kernel/ptrace.c): a task that sleeps does
// not even wake, a stopped process stays stopped, a signal that was about to be delivered is, a call that was about to
// run runs. No PTRACE_DETACH would do as well: it asks for a stop, and what brings a sleeping task to one
// (PTRACE_INTERRUPT) makes some calls fail with EINTR (epoll_wait and others, signal(7)). It is also what happens if
// this process is killed.

// watch is what an attached tree is watched for.
type watch struct {
	filter *syscalls.Filter
	// procs are the processes that were found running, parents before children.
	procs []*Process
}

// Attach traces the processes with the given PIDs and all their descendants, from wherever they are, calls h at the
// stops of the calls that filter traces, and returns when all are gone or Control.Detach was called. At the start they
// are made to stop for a moment, which ends a few blocking calls with EINTR (signal(7), "Interruption of system calls
// and library functions by stop signals"); all others go on. They are slower while they are traced, and live on if the
// tracer dies.
//
// h hears of them as from Run, with these differences. Birth is first called for what was found running: the leader of
// each process before its other threads, parents before children, with a nil parent for one whose parent is not traced.
// Syscall is called at the entry of a call, before any filter of the task's own. A call that was under way already is
// not told of, nor its end. The Actions Give and Wait do not work: the call runs. Return works but where a filter of
// the task's own kills for an unknown number. Followed is called for followed tasks and calls that filter does not trace.
// There is no Death for tasks that are let go.
//
// None of them may be a child of this process, which could not wait for it any more (a descendant of a child may).
//
// The error is an *AttachError if one of them cannot be traced. None is traced then. Of opt, WaitRoot, PassSignals,
// TermGrace, Started, Hardened and Network mean nothing here.
func Attach(pids []int, h Handler, opt Options, filter *syscalls.Filter) (*Result, error) {
	if sigactionSwapped {
		return nil, fmt.Errorf("attach: not supported on this processor")
	}
	var (
		result *Result
		err    error
		fault  any
		tid    int
	)
	onEndingThread(func() {
		tid = unix.Gettid()
		if !opt.Dumpable {
			defer closeToOthers()()
		}
		t := newTracer(h, opt)
		t.watch = &watch{filter: filter}
		t.launched = true
		defer t.control.endAttach()
		ended := false
		defer func() {
			if p := recover(); !ended {
				fault = fmt.Sprintf("%v\n\ntracer's goroutine:\n%s", p, debug.Stack())
			}
		}()
		result, err = t.attach(pids)
		ended = true
	})
	awaitEnd(tid)
	if fault != nil {
		panic(fault)
	}
	return result, err
}

// onEndingThread is onOwnThread on a thread that really ends: the runtime parks the process's first one instead.
func onEndingThread(f func()) {
	onOwnThread(func() {
		if unix.Gettid() == unix.Getpid() {
			onEndingThread(f) // this one is held meanwhile
			runtime.UnlockOSThread()
			return
		}
		f()
	})
}

// awaitEnd waits until a thread of this process is gone, and has let go of its tracees.
func awaitEnd(tid int) {
	for unix.Tgkill(unix.Getpid(), tid, 0) == nil {
		time.Sleep(time.Millisecond)
	}
}

// attach is Attach on the tracer's thread.
func (t *tracer) attach(pids []int) (*Result, error) {
	defer quietSIGCHLD(t.opt.KeepSIGCHLD)()
	restore, errno := interruptible(wakeSignal)
	if errno != 0 {
		return nil, fmt.Errorf("prepare to detach: %w", errno)
	}
	defer restore()
	t.control.beginAttach(unix.Gettid())
	shortSlice()
	if err := t.seizeTrees(pids); err != nil {
		return nil, err
	}
	for _, p := range t.watch.procs {
		if p.Tasks == 0 {
			continue // it is gone by now
		}
		t.control.add(p.TGID)
		t.bear(p)
	}
	if t.control.detach.Load() {
		t.result.Detached = true
		return &t.result, nil
	}
	if err := t.loop(); err != nil {
		return nil, err
	}
	return &t.result, nil
}

// bear tells of a process that was found running.
func (t *tracer) bear(p *Process) {
	var parent *Task
	if p.Parent != nil && p.Parent.Tasks > 0 {
		parent = t.anyTask(p.Parent)
	}
	first := t.tasks[p.TGID]
	if first == nil {
		first = t.anyTask(p) // the leader has ended, and waits for the others
	}
	t.h.Birth(parent, first)
	for _, task := range t.tasks {
		if task.Process == p && task != first {
			t.h.Birth(first, task)
		}
	}
}

// anyTask returns a task of a process, its leader if that is alive.
func (t *tracer) anyTask(p *Process) *Task {
	if leader := t.tasks[p.TGID]; leader != nil {
		return leader
	}
	for _, task := range t.tasks {
		if task.Process == p {
			return task
		}
	}
	return nil
}

// detaching says whether the loop is to end with tasks alive. What was changed in their registers is put back first.
func (t *tracer) detaching() bool {
	if t.watch == nil || !t.control.detach.Load() {
		return false
	}
	for _, task := range t.tasks {
		if task.state.wanted == wantResult || task.state.wanted == wantArgs {
			return false
		}
	}
	return true
}
