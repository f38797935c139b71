// Package scripts has what the scripts of the commands' tests have in common.
package scripts

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// MakeExecutable gives the files of a script's bin directory their permission: archives have none. Whatever another
// script started while they were written has copies of the descriptors up to its own exec, and they cannot be executed
// before that (ETXTBSY): so it is waited for.
func MakeExecutable(dir string) error {
	syscall.ForkLock.RLock() // who forks holds it until the exec
	defer syscall.ForkLock.RUnlock()
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil || d.IsDir():
			return err
		}
		return os.Chmod(path, 0o755)
	})
}

// Exits is the script command `exits STATUS COMMAND [ARG...]`: it runs the command and fails unless it ends with
// exactly this status, or by this signal.
func Exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND [ARG...]")
	}
	want, signal := args[0], syscall.Signal(0)
	if strings.HasPrefix(want, "SIG") {
		if signal = unix.SignalNum(want); signal == 0 {
			ts.Fatalf("there is no signal %s", want)
		}
	} else if _, err := strconv.ParseUint(want, 10, 8); err != nil {
		ts.Fatalf("%s is no exit status", want)
	}
	hearIgnored()
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	status := syscall.WaitStatus(0)
	if exit != nil {
		status = exit.Sys().(syscall.WaitStatus)
	}
	got := strconv.Itoa(status.ExitStatus())
	if status.Signaled() {
		got = unix.SignalName(status.Signal())
	}
	if got != want {
		ts.Fatalf("%s ended with %s, want %s", args[1], got, want)
	}
}

// hearIgnored ends the ignoring of signals in what is begun from here: nohup(1) has SIGHUP ignored, and a shell's
// background job ignores SIGINT, so that neither ends a command.
var hearIgnored = sync.OnceFunc(func() {
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
})
