package console

import (
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/tracer/launch"
)

// Exit statuses that are not the command's own. They are those of env(1), timeout(1) and the shell.
const (
	StatusTimeout   = 124 // the time limit ended the run
	StatusFailed    = 125 // the program itself failed
	StatusCannotRun = 126 // the command was found and cannot be executed, or may not
	StatusNotFound  = 127 // there is no such command
	StatusSignal    = 128 // plus the number of the signal that killed the command
)

// ExplainExec adds what a shell would have done.
func ExplainExec(e *launch.ExecError) error {
	if e.Err == unix.ENOEXEC {
		return WithHints(e, "a script needs a first line like #!/bin/sh, or a shell before its name")
	}
	return e
}

// DieOf ends this process by the signal that killed the command, so that whoever waits for it sees the same. It
// returns if the signal did not kill, as for the first process of a PID namespace.
func DieOf(sig syscall.Signal) {
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
