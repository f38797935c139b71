package console

import (
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/tracer"
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

// DieOfQuit ends this process by SIGQUIT where the Go runtime would print its stacks, but while a run passes the signal on
// to its command. It belongs at the beginning of main, behind Init.
func DieOfQuit() {
	quit := make(chan os.Signal, 1)
	signal.Notify(quit, unix.SIGQUIT)
	go func() {
		for range quit {
			if !tracer.PassesSignals() {
				DieOf(unix.SIGQUIT)
			}
		}
	}()
}

// DieOf ends this process by the signal that killed the command, so that whoever waits for it sees the same. It
// returns if the signal did not kill, as for the first process of a PID namespace.
func DieOf(sig syscall.Signal) {
	runtime.LockOSThread()
	// One core dump, the command's, is enough. A limit of 0 does not hold where core_pattern is a pipe (core(5)).
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	signal.Reset(sig)
	_ = launch.DefaultAction(sig) // the runtime's own is no end by a signal
	var none unix.Sigset_t
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &none, nil)
	_ = unix.Tgkill(os.Getpid(), unix.Gettid(), sig)
}
