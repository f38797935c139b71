package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestQuitEarly: SIGQUIT ends a run by that signal and with nothing said, before the command runs as well.
func TestQuitEarly(t *testing.T) {
	sydbox, err := exec.LookPath("sydbox")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		var said strings.Builder
		c := exec.Command(sydbox, "run", "sleep", "100")
		c.Stderr = &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		for !hasChild(c.Process.Pid) { // its shim, which is about to be started or told what to run
			select {
			case err := <-ended:
				t.Fatalf("it ended by itself: %v\n%s", err, said.String())
			default:
			}
		}
		if err := c.Process.Signal(unix.SIGQUIT); err != nil {
			t.Fatal(err)
		}
		<-ended
		ws := c.ProcessState.Sys().(syscall.WaitStatus)
		if !ws.Signaled() || ws.Signal() != unix.SIGQUIT || said.Len() != 0 {
			t.Fatalf("%v\n%s", c.ProcessState, said.String())
		}
	}
}

// hasChild says whether a process has begun another (proc_tid_children(5)).
func hasChild(pid int) bool {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well-formed
	return slices.ContainsFunc(lists, func(name string) bool {
		text, err := os.ReadFile(name)
		return err == nil && len(text) > 0
	})
}
