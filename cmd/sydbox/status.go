package main

import (
	"errors"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/sandbox"
	"sydbox/tracer/launch"
)

// Exit statuses that are not the command's own. They are those of env(1), timeout(1) and the shell.
const (
	statusTimeout   = 124 // the time limit ended the run
	statusFailed    = 125 // sydbox itself failed
	statusCannotRun = 126 // the command was found and cannot be executed, or may not
	statusNotFound  = 127 // there is no such command
	statusSignal    = 128 // plus the number of the signal that killed the command
)

// ending is how a run ended.
type ending struct {
	status int
	signal syscall.Signal // that killed the command; 0 if none did
	err    error          // to be told; nil for an end that the command chose
}

// endingOf reads what sandbox.Cmd.Run returned.
func endingOf(err error) ending {
	var (
		exit    *sandbox.ExitError
		refused *launch.ExecError
		denied  *sandbox.DeniedError
		fault   *sandbox.FaultError
	)
	switch {
	case err == nil:
		return ending{}
	case errors.As(err, &exit) && exit.Status.Signaled():
		sig := exit.Status.Signal()
		return ending{status: statusSignal + int(sig), signal: sig}
	case errors.As(err, &exit):
		return ending{status: exit.Status.ExitStatus()}
	case errors.Is(err, sandbox.ErrTimeout):
		return ending{status: statusTimeout, err: err}
	case errors.As(err, &denied):
		return ending{status: statusCannotRun, err: err}
	case errors.As(err, &refused):
		return ending{status: statusCannotRun, err: explainExec(refused)}
	case errors.As(err, &fault):
		return ending{status: statusFailed, err: explainFault(err)}
	}
	return ending{status: statusFailed, err: err}
}

// explainExec adds what a shell would have done.
func explainExec(e *launch.ExecError) error {
	if e.Err == unix.ENOEXEC {
		return withHints(e, "a script needs a first line like #!/bin/sh, or a shell before its name")
	}
	return e
}

// explainFault says whose mistake it is and what to do with it.
func explainFault(err error) error {
	return withHints(err, "this is a bug in sydbox, not in the command or the policy; nothing of the command is left running",
		"please report it with all of the above and what sydbox --version says")
}

// dieOf ends this process by the signal that killed the command, so that whoever waits for it sees the same. It
// returns if the signal did not kill, as for the first process of a PID namespace.
func dieOf(sig syscall.Signal) {
	runtime.LockOSThread()
	// One core dump, the command's, is enough. A limit of 0 does not hold where core_pattern is a pipe (core(5)).
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	signal.Reset(sig)
	// The runtime would answer SIGQUIT, SIGABRT or SIGSEGV with a traceback and status 2. A zeroed struct sigaction is
	// SIG_DFL with no flags and an empty mask on every architecture; 8 is the size of the kernel's sigset_t but on
	// mips.
	var dfl [8]uint64
	setSize := uintptr(8)
	if runtime.GOARCH[:min(4, len(runtime.GOARCH))] == "mips" {
		setSize = 16
	}
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&dfl)), 0, setSize, 0, 0)
	var none unix.Sigset_t
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &none, nil)
	_ = unix.Tgkill(os.Getpid(), unix.Gettid(), sig)
}
