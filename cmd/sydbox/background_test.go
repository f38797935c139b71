package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sydbox/cmd/internal/scripts"
)

// takesTerminal is the command that makes itself the foreground group of its terminal and asks to stop who writes from the
// background; then it is denied something, which sydbox has to say.
const takesTerminal = `import os, signal, sys, termios
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.setpgid(0, 0)
os.tcsetpgrp(0, os.getpid())
mode = termios.tcgetattr(0)
mode[3] |= termios.TOSTOP
termios.tcsetattr(0, termios.TCSANOW, mode)
try:
    open("denied", "w")
except OSError:
    open("said", "w").close()
signal.pause()
`

// TestNotStoppedByTree: a command cannot stop sydbox by having it write to the terminal that both have; the limit of time
// ends what waits for that.
func TestNotStoppedByTree(t *testing.T) {
	sydbox, err := exec.LookPath("sydbox")
	if err != nil {
		t.Fatal(err)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatalf("%v (make test installs python3)", err)
	}
	master, slave, err := scripts.OpenTerminal()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	dir := t.TempDir()
	// A shell with jobs is the parent: nobody is stopped who has none to go on by (orphaned process groups, setpgid(2)).
	c := exec.Command("bash", "-mc", `"$0" "$@"; echo ended`, sydbox, "run", "--timeout", "3s",
		"--deny", "write="+filepath.Join(dir, "denied"), "-w", dir, "--", python, "-c", takesTerminal)
	c.Dir = dir
	c.Stdin, c.Stdout, c.Stderr = slave, slave, slave
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	said := make(chan string, 1)
	go func() {
		var all strings.Builder
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			all.Write(buf[:n])
			if err != nil {
				said <- all.String() // EIO: nobody has the terminal any more
				return
			}
		}
	}()
	_ = c.Wait()
	master.Close() // who is stopped gets a hangup
	text := <-said
	if strings.Contains(text, "]+  Stopped") {
		t.Errorf("its own command has stopped it:\n%s", text)
	}
	if _, err := os.Stat(filepath.Join(dir, "said")); err != nil || !strings.Contains(text, "denied") ||
		!strings.Contains(text, "the time limit ended the run") {
		t.Errorf("%v, it said\n%s", err, text)
	}
}
