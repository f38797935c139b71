package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"sydbox/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init() // the shim of a run is this test binary
	testscript.Main(m, map[string]func(){
		"sydbox": main,
		"args":   printArgs,
	})
}

// printArgs shows exactly what a command was given.
func printArgs() {
	for _, arg := range os.Args[1:] {
		fmt.Printf("<%s>\n", arg)
	}
}

// TestScript runs testdata/script: each rule of the command line has a script there.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			sydbox, err := exec.LookPath("sydbox")
			if err != nil {
				return err
			}
			env.Setenv("bindir", filepath.Dir(sydbox))
			return makeExecutable(filepath.Join(env.WorkDir, "bin"))
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Geteuid() == 0, nil
			case "ld.so": // where the loader of glibc is on amd64
				_, err := os.Stat("/lib64/ld-linux-x86-64.so.2")
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// makeExecutable gives the files of a script's bin directory their permission: archives have none.
func makeExecutable(dir string) error {
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

// exits is the script command `exits STATUS COMMAND [ARG...]`: it runs the command and fails unless it ends with
// exactly this status, or by this signal.
func exits(ts *testscript.TestScript, neg bool, args []string) {
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
