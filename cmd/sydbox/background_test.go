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

func sydboxAndPython(t *testing.T) (sydbox, python string) {
	t.Helper()
	sydbox, err := exec.LookPath("sydbox")
	if err != nil {
		t.Fatal(err)
	}
	python, err = exec.LookPath("python3")
	if err != nil {
		t.Fatalf("%v (make test installs python3)", err)
	}
	return sydbox, python
}

// TestNotStoppedByTree: a command cannot stop sydbox by having it write to the terminal that both have; the limit of time
// ends what waits for that.
func TestNotStoppedByTree(t *testing.T) {
	sydbox, python := sydboxAndPython(t)
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

// terminalDriver is a shell on a terminal of its own: COMMAND... with PG in it for the group of a job that was there before.
// It says how both are once the job has stopped or the command has ended, or neither in half a minute.
const terminalDriver = `import os, pty, signal, subprocess, sys, time
def state(p):
    try:
        return open(f"/proc/{p.pid}/stat").read().rsplit(") ")[1][0]
    except OSError:
        return "gone"
pid, fd = pty.fork()
if pid == 0:
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    def job(*argv):
        def begin():
            os.setpgid(0, 0)
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        return subprocess.Popen(argv, preexec_fn=begin)
    other = job("sleep", "600")
    command = job(*[str(other.pid) if a == "PG" else a for a in sys.argv[1:]])
    os.tcsetpgrp(0, command.pid)
    for _ in range(300):
        time.sleep(0.1)
        if command.poll() is not None or state(other) == "T":
            break
    print(f"job {state(other)}, command {command.poll()}, {state(command)}", flush=True)
    for p in command, other:
        p.kill()
    os._exit(0)
try:
    while text := os.read(fd, 4096):
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
except OSError:
    pass
`

// joinsGroup joins a group of its session and reads the terminal from the background: that stops the group.
const joinsGroup = `import os, sys
if os.fork() == 0:
    try:
        os.setpgid(0, int(sys.argv[1]))
    except PermissionError:
        print("refused")
        os._exit(0)
    os.read(0, 1)
    os._exit(0)
os.wait()
`

// ownGroups does with groups what shells do: jobs of two processes, and back to where it began.
const ownGroups = `import os, signal, time
home = os.getpgrp()
first = os.fork()
if first == 0:
    time.sleep(60)
os.setpgid(first, first)
second = os.fork()
if second == 0:
    time.sleep(60)
os.setpgid(second, first)
os.setpgid(second, home)
os.setpgid(second, first)
os.killpg(first, signal.SIGTERM)
os.waitpid(first, 0)
os.waitpid(second, 0)
os.setpgid(0, 0)
os.setpgid(0, home)
print("went well")
`

// takesAndReads gives the terminal to a group of its own and has another read it, in the group of sydbox.
const takesAndReads = `import os, signal, time
if os.fork() == 0:
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpgrp())
    time.sleep(100)
time.sleep(0.5)
if os.fork() == 0:
    os.read(0, 1)
    os._exit(0)
signal.pause()
`

// TestTerminalOfOthers: the terminal stops groups, and the kernel asks nobody. A command cannot have it stop another job of
// the shell, nor sydbox by taking the terminal for itself: there would be no limit of time then.
func TestTerminalOfOthers(t *testing.T) {
	sydbox, python := sydboxAndPython(t)
	policy := filepath.Join(t.TempDir(), "p.toml")
	// Without the wall of the kernel it is the same.
	text := "version = 1\nextends = [\"build\"]\n[harden]\nlandlock = \"off\"\n"
	if err := os.WriteFile(policy, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	box := []string{sydbox, "run", "--"}
	for _, test := range []struct {
		name    string
		command []string
		want    string
	}{
		{"a job, without the box", []string{python, "-c", joinsGroup, "PG"}, "job T, "},
		{"a job", append(box, python, "-c", joinsGroup, "PG"), "job S, command 0, "},
		{"a job, one wall", []string{sydbox, "run", "-p", policy, "--", python, "-c", joinsGroup, "PG"}, "job S, command 0, "},
		{"own groups", append(box, python, "-c", ownGroups), "job S, command 0, "},
		{"sydbox", []string{sydbox, "run", "--timeout", "2s", "--", python, "-c", takesAndReads}, "job S, command 124, "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := exec.Command(python, append([]string{"-c", terminalDriver}, test.command...)...)
			out, err := c.CombinedOutput()
			if err != nil || !strings.Contains(string(out), test.want) ||
				strings.Contains(test.name, "own groups") && !strings.Contains(string(out), "went well") {
				t.Errorf("%v, want %q:\n%s", err, test.want, out)
			}
		})
	}
}
