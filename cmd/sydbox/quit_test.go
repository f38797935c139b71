package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

func hasChild(pid int) bool {
	all, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	for _, name := range all {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // gone
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			return true
		}
	}
	return false
}
