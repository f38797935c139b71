package tracer

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
	"sydbox/tracer/launch"
	"sydbox/tracer/seccomp"
)

// Trial is what an attempt to trace came to, with the very means of a run: a shim is started, seized and put under a
// filter, two of its calls stop, and one of them is skipped. It executes nothing but this program, and ends.
type Trial struct {
	// Seize says why nothing can be traced here: *launch.SetupError with advice. The others are not known then.
	Seize error
	// Filter says why no filter can be installed.
	Filter error
	// Stop says why a call that stopped could not be read, or not be skipped with a result of ours.
	Stop error
	// Order says that stops come in the order of kernels before 4.8.
	Order error
	// Info says why there is no PTRACE_GET_SYSCALL_INFO.
	Info error
	// Change says why there is no PTRACE_SET_SYSCALL_INFO.
	Change error
	// VMRead, MemFile and Peek say why the memory of a tracee cannot be read by process_vm_readv(2), through
	// /proc/PID/mem, by PTRACE_PEEKDATA; VMWrite the same of process_vm_writev(2).
	VMRead, MemFile, Peek, VMWrite error
}

// trialPath is what the shim is told to execute, trialErrno what it is told came of that: no kernel says so.
const (
	trialPath  = "/"
	trialErrno = unix.ENOTNAM
)

// trialTime bounds a trial: what stands in for a kernel may not answer at all.
const trialTime = 20 * time.Second

// ErrUntried says that a trial ended early.
var ErrUntried = errors.New("not tried: a step before it failed")

// Try makes a Trial. selfPath is launch.Plan.SelfPath. Main must begin with launch.Init.
//
// The shim is started and traced on a thread of its own that ends with the trial.
func Try(selfPath string) *Trial {
	trial := &Trial{}
	trial.forget(ErrUntried)
	onOwnThread(func() { trial.run(selfPath) })
	return trial
}

// forget sets all that is found out at a stop.
func (r *Trial) forget(err error) {
	r.Filter, r.Stop, r.Order, r.Info = err, err, err, err
	r.Change = err
	r.VMRead, r.MemFile, r.Peek, r.VMWrite = err, err, err, err
}

// run is Try on the tracer's thread.
func (r *Trial) run(selfPath string) {
	prog, err := seccomp.Compile(trialFilter())
	if err != nil {
		r.Filter = err
		return
	}
	t := newTracer(nil, Options{})
	plan := &launch.Plan{Path: trialPath, Args: []string{trialPath}, NoNewPrivs: launch.Required, Filter: prog,
		SelfPath: selfPath}
	shim, err := plan.Start()
	if err != nil {
		r.Seize = err
		return
	}
	defer shim.Close()
	root := &Task{TID: shim.PID, Process: &Process{TGID: shim.PID, Tasks: 1}}
	t.tasks[shim.PID], t.root = root, root
	if errno := ptraceSeize(shim.PID, t.options()); errno != 0 {
		r.Seize = seizeError(shim.PID, errno)
		t.abandon()
		return
	}
	timer := time.AfterFunc(trialTime, func() { _ = unix.Kill(shim.PID, unix.SIGKILL) })
	defer timer.Stop()
	shim.Go()
	r.conclude(shim.Failure(r.watch(t, root)))
}

// watch handles the stops of the shim and returns how it ended.
func (r *Trial) watch(t *tracer, root *Task) (end unix.WaitStatus) {
	for {
		pid, ws, err := t.block()
		switch {
		case err == unix.EINTR:
		case err != nil:
			return end
		case !ws.Stopped():
			if pid == root.TID {
				end = ws
			}
		case pid == root.TID && event(ws) == unix.PTRACE_EVENT_SECCOMP:
			r.entered(t, root)
		case pid == root.TID && event(ws) == 0 && ws.StopSignal() == syscallSignal:
			r.left(t, root)
		default:
			t.pass(pid, ws) // threads of the shim's runtime, and signals
		}
	}
}

// entered is the stop before a call: the execve is skipped, the write is looked at again when it has happened.
func (r *Trial) entered(t *tracer, task *Task) {
	r.Filter = nil // it is there, and it stops
	if errno := t.readCall(task.TID, &t.call); errno != 0 || t.call.abi == nil {
		r.Stop = fmt.Errorf("the registers of a call cannot be read: %w", errno)
		if errno == 0 { // they do not tell the call whole (riscv64)
			r.Stop = fmt.Errorf("%w, and the registers of a call do not tell it whole", errNoInfo)
		}
		_ = unix.Kill(task.TID, unix.SIGKILL)
		return
	}
	r.Info = nil
	if t.noInfo {
		r.Info = errNoInfo
	}
	inv, _ := syscalls.Decode(t.call.abi, t.call.nr, t.call.args)
	task.state.inv = inv
	if inv.Call == nil || inv.Call.Name != "execve" {
		task.state.wanted = wantExit
		t.resume(task)
		return
	}
	r.remember(task, inv.Args[0])
	r.Change = nil
	if errno := t.becomeByInfo(task.TID, int32(inv.Nr), &inv.Args); errno != 0 { // what it is already
		r.Change = fmt.Errorf("ptrace(PTRACE_SET_SYSCALL_INFO): %w", errno)
	}
	reason, errno := t.skip(task.TID, inv.ABI, -int64(trialErrno))
	if errno != 0 {
		r.Stop = fmt.Errorf("a call cannot be skipped: %w", errno)
		_ = unix.Kill(task.TID, unix.SIGKILL)
		return
	}
	task.state.wanted, task.state.value = reason, -int64(trialErrno)
	t.resume(task)
}

// left is the stop after a call, unless this kernel is so old that it is the one before it.
func (r *Trial) left(t *tracer, task *Task) {
	value, op, errno := t.callResult(task)
	if errno == 0 {
		if task.state.wanted == wantResult {
			errno = t.setResult(task)
		} else {
			r.Order = trialOrder(t.noInfo, op, value)
		}
	}
	task.state.wanted = wantNothing
	if errno != 0 {
		r.Stop = fmt.Errorf("the result of a call cannot be had: %w", errno)
	}
	t.resume(task)
}

// trialOrder says what the first stop behind a seccomp stop tells: the call's exit, or its entry (order.go). It is
// pure.
func trialOrder(noInfo bool, op uint8, value int64) error {
	if !noInfo && op == opEntry || noInfo && value == entryResult {
		return errOldOrder
	}
	return nil
}

// remember reads what the shim is about to execute in each way that there is, and writes it again as it was.
func (r *Trial) remember(task *Task, addr uint64) {
	if addr != uint64(uintptr(addr)) {
		return
	}
	got := func(n int, errno syscall.Errno, buf []byte) error {
		switch {
		case errno != 0:
			return errno
		case n < len(trialPath) || string(buf[:len(trialPath)]) != trialPath:
			return errors.New("something else was read than is there")
		}
		return nil
	}
	buf := make([]byte, len(trialPath))
	n, errno := vmReadv(task.TID, uintptr(addr), buf)
	r.VMRead = got(n, errno, buf)
	n, errno = readMem(task.TID, addr, buf)
	r.MemFile = got(n, errno, buf)
	n, errno = peek(task.TID, addr, buf)
	r.Peek = got(n, errno, buf)
	r.VMWrite = nil
	if errno := task.Write(addr, []byte(trialPath)); errno != 0 {
		r.VMWrite = errno
	}
}

// conclude takes in how the shim ended.
func (r *Trial) conclude(failure error) {
	var (
		exec  *launch.ExecError
		setup *launch.SetupError
	)
	switch {
	case errors.As(failure, &exec) && exec.Err == trialErrno:
		if r.Stop == ErrUntried {
			r.Stop = nil // the execve was skipped, with our result
		}
	case errors.As(failure, &setup) && setup.Step == launch.StepFilter:
		r.Filter = failure
	case r.Stop == ErrUntried:
		r.Stop = failure
	}
}

// errNoInfo is the reason where a kernel, or a sandbox around this one, does not describe calls.
var errNoInfo = errors.New("ptrace(PTRACE_GET_SYSCALL_INFO) is not answered")

// trialFilter stops what the shim does last: its execve, and the write that says what came of it.
func trialFilter() *syscalls.Filter {
	f := &syscalls.Filter{}
	for _, abi := range arch.Native() {
		table := syscalls.ABIFilter{ABI: abi}
		for _, e := range syscalls.All(abi) {
			if name := e.Call.Name; name == "execve" || name == "write" {
				table.Rows = append(table.Rows, syscalls.Row{Nr: e.Nr, Name: name,
					Else: syscalls.Verdict{Kind: syscalls.Trace}})
			}
		}
		f.ABIs = append(f.ABIs, table)
	}
	return f
}
