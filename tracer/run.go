package tracer

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/tracer/launch"
)

// Options say how a tree is run. The zero value waits for the whole tree.
type Options struct {
	// WaitRoot ends the run with the target: what is left of the tree is killed. Otherwise the run ends with its last
	// task.
	WaitRoot bool
	// PassSignals passes SIGINT, SIGQUIT, SIGTERM and SIGHUP on to the target if they were sent to this process alone;
	// forward.go has the rules. Otherwise they do here what they always do, and EXITKILL kills the tree if that ends
	// this process.
	PassSignals bool
	// TermGrace is how long a tree may go on after a passed SIGTERM before it is killed; 0 means 10 seconds.
	TermGrace time.Duration
	// Control, if not nil, lets other goroutines reach the tree.
	Control *Control
	// Near keeps tasks on the CPU of the tracer's thread while one thing happens after the other in the tree, or wakes them
	// up there. No system call shows it, /proc/PID/status does. The filter must be made by WithNear.
	Near bool
	// Exits makes each task stop once more, at its end: an ExitHandler is told of it.
	Exits bool
	// Started, if not nil, is called on the tracer's thread once the target is loaded and the Handler has seen it.
	Started func()
	// Left, if not nil, is called on a goroutine of its own, at most once, if the run still waits for processes some seconds
	// after the target's end: with their PIDs, in no order. It is not called with WaitRoot, and not after Run has returned.
	Left func(pids []int)
	// Hardened, if not nil, is called before Started with what came of the plan's primitives.
	Hardened func([]launch.Outcome)
	// Network, if not nil, is called before Started with what came of the plan's Network, if it has one. The sockets
	// in it are the caller's.
	Network func(launch.Network)
	// Inside, if not nil, is called before Network with the namespaces that the target has to itself.
	Inside func(launch.Inside)
	// Counts, if not nil, counts the stops of the run.
	Counts *Counts
	// KeepSIGCHLD lets os/signal.Notify hear of SIGCHLD during the run; it costs something at each death in the tree.
	// Otherwise SIGCHLD has its default action. Waiting for children, as os/exec does, needs no signal.
	KeepSIGCHLD bool
	// NoSyscallInfo works as on a kernel without PTRACE_GET_SYSCALL_INFO (before 5.3). For tests.
	NoSyscallInfo bool
	// Dumpable leaves this process open to others of its user, the tree among them, for the time of the run: they may
	// trace it, read its memory and borrow its descriptors, and the kernel writes a core file if it crashes. Otherwise it
	// is closed as by prctl(2), PR_SET_DUMPABLE, until its last run has ended. CAP_SYS_PTRACE looks in all the same.
	Dumpable bool

	// restartTyped makes interrupted calls start over under their own number, as on arm64. For tests.
	restartTyped bool
	// markOnly gives as below a filter that is not ours. For tests.
	markOnly bool
	// impatient waits for no Open or Do that was cancelled. For tests.
	impatient bool
	// crowdFrom, if not 0, takes the place of the constant. For tests.
	crowdFrom int
	// deaf hears no SIGCHLD and asks no single task. For tests.
	deaf bool
	// registersTell works as on a kernel that gives, but lacks PTRACE_GET_SYSCALL_INFO: user-mode Linux. For tests.
	registersTell bool
	// infoSets changes calls by PTRACE_SET_SYSCALL_INFO alone (6.16), as on riscv64. For tests.
	infoSets bool
}

// options are the PTRACE_O_* that tasks are traced with.
func (t *tracer) options() uintptr {
	if t.opt.Exits {
		return seizeOptions | unix.PTRACE_O_TRACEEXIT
	}
	return seizeOptions
}

func (o *Options) patience() time.Duration {
	if o.impatient {
		return 0
	}
	return patience
}

// Result is how a run ended.
type Result struct {
	// Root is the wait status of the target.
	Root unix.WaitStatus
	// Killed says that the tree was killed because signals that were passed on did not end it.
	Killed bool
	// Detached says that tasks were let go because Control.Detach asked for it.
	Detached bool
}

// Run starts the plan's target, calls h at its stops and returns when the run is over. The error is a *launch.ExecError
// if the target could not be executed, a *launch.SetupError if this machine or a step of the start is in the way, and
// otherwise says what went wrong; nothing of the tree is alive then.
//
// The tracer is an OS thread of its own, on which h is called. It is locked and never unlocked, and it ends with the
// run: the kernel would let go of all tracees of a thread that ended earlier. It has no other children, because it must
// not take the wait status of somebody else's: h must not start processes.
func Run(plan *launch.Plan, h Handler, opt Options) (*Result, error) {
	var (
		result *Result
		err    error
		fault  any
	)
	onOwnThread(func() {
		if !opt.Dumpable {
			defer closeToOthers()() // first, so that it is put back last
		}
		t := newTracer(h, opt)
		ended := false
		defer func() {
			// The tree is stopped, or about to be, and nothing resumes it but what has just failed. A Handler that ends
			// the goroutine (runtime.Goexit) is no better than one that panics.
			if p := recover(); !ended {
				fault = fmt.Sprintf("%v\n\ntracer's goroutine:\n%s", p, debug.Stack())
				t.abandon()
			}
			if elsewhere := t.stopGiving(); elsewhere != "" && fault == nil {
				fault = elsewhere
			}
		}()
		result, err = t.run(plan)
		ended = true
	})
	if fault != nil {
		panic(fault)
	}
	return result, err
}

// onOwnThread calls f on an OS thread that has no children and that ends when f returns.
func onOwnThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if childless() {
			f()
			return // still locked: the runtime ends the thread
		}
		// Some goroutine started a process while it was on this thread. While this one is held, f gets another.
		onOwnThread(f)
		runtime.UnlockOSThread()
	}()
	<-done
}

// run is Run on the tracer's thread.
func (t *tracer) run(plan *launch.Plan) (*Result, error) {
	defer quietSIGCHLD(t.opt.KeepSIGCHLD)()
	defer t.ticker.start()()
	shim, err := plan.Start()
	if err != nil {
		return nil, err
	}
	defer shim.Close()
	t.plan, t.shim = plan, shim
	t.root = &Task{TID: shim.PID, Process: &Process{TGID: shim.PID, Tasks: 1}}
	t.tasks[shim.PID] = t.root
	if errno := ptraceSeize(shim.PID, t.options()); errno != 0 {
		err := seizeError(shim.PID, errno)
		t.abandon()
		return nil, err
	}
	t.control.begin(shim.PID)
	defer t.control.end()
	if t.opt.PassSignals {
		t.forward = newForwarder(t.control, t.opt.TermGrace)
		defer t.forward.stop()
		t.suspend = newSuspender(t.control)
		defer t.suspend.stop()
	}
	shim.Go()
	err = t.loop()
	t.rest.stop()
	if err != nil {
		t.abandon()
		return nil, err
	}
	if t.forward != nil {
		t.result.Killed = t.forward.killed.Load()
	}
	if !t.launched && !t.stoppedShort() {
		return nil, shim.Failure(t.result.Root)
	}
	return &t.result, nil
}

// stoppedShort says whether the shim was ended by what was meant for the target: a signal that came in the first
// milliseconds. Then the target has ended by it, as natively, if before its first instruction.
func (t *tracer) stoppedShort() bool {
	ws := t.result.Root
	return t.forward != nil && ws.Signaled() && (t.result.Killed || passedIndex(ws.Signal()) >= 0)
}

// abandon kills and reaps everything, for when the tracer cannot go on.
func (t *tracer) abandon() {
	t.control.KillTree()
	for _, r := range t.batch {
		switch {
		case r.pid == 0:
		case r.ws.Stopped():
			_ = unix.Kill(r.pid, unix.SIGKILL) // its stop is not told again, so it would be waited for in vain
			t.passExit(r.pid, r.ws)
		default:
			delete(t.tasks, r.pid) // reaped: the number may be somebody else's by now
		}
	}
	for tid := range t.held {
		_ = unix.Kill(tid, unix.SIGKILL)
	}
	for tid := range t.tasks {
		_ = unix.Kill(tid, unix.SIGKILL) // it may be gone already
		if t.opt.Exits {
			t.pass(tid, atExit) // SIGKILL does not end that stop of a task that is dying already
		}
	}
	for {
		pid, ws, err := t.block()
		switch {
		case err == unix.EINTR:
		case err != nil:
			return
		case ws.Stopped():
			_ = unix.Kill(pid, unix.SIGKILL) // born meanwhile
			t.passExit(pid, ws)
		}
	}
}

// errLost says that the kernel has no more children for us, but never told how the target ended.
var errLost = errors.New("the target's wait status was lost: another part of this program waits for any child")
