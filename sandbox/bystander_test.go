package sandbox

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// actor is a process of an encounter. It ends with its input.
type actor struct {
	*testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr bytes.Buffer
	eof    bool
	gone   bool
}

func (e *encounter) start(argv []string, attr *syscall.SysProcAttr, env ...string) *actor {
	e.Helper()
	a := &actor{T: e.T, cmd: exec.Command(argv[0], argv[1:]...)}
	if os.Getuid() == 0 {
		attr.Credential = &syscall.Credential{Uid: uint32(e.uid), Gid: uint32(e.uid)}
	}
	a.cmd.SysProcAttr, a.cmd.Dir, a.cmd.Stderr = attr, "/tmp", &a.stderr
	a.cmd.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=/tmp", "LC_ALL=C"}, env...)
	a.cmd.WaitDelay = time.Minute
	stdin, err := a.cmd.StdinPipe()
	if err != nil {
		e.Fatal(err)
	}
	stdout, err := a.cmd.StdoutPipe()
	if err != nil {
		e.Fatal(err)
	}
	if err := a.cmd.Start(); err != nil {
		e.Fatal(err)
	}
	a.stdin, a.stdout = stdin, bufio.NewReader(stdout)
	timer := time.AfterFunc(hang, func() { _ = a.cmd.Process.Kill() })
	e.Cleanup(func() { timer.Stop() })
	return a
}

func (a *actor) pid() int { return a.cmd.Process.Pid }

// line returns the next line of its output, "" at the end.
func (a *actor) line() string {
	text, err := a.stdout.ReadString('\n')
	a.eof = err != nil
	return strings.TrimSuffix(text, "\n")
}

func (a *actor) ended() bool { return a.eof }

// stop ends it, if it has not ended yet, and waits for it.
func (a *actor) stop() {
	if a.gone {
		return
	}
	a.gone = true
	a.stdin.Close()
	_ = unix.Kill(a.pid(), unix.SIGCONT)
	_, _ = io.Copy(io.Discard, a.stdout)
	_ = a.cmd.Wait() // its status is asked for below
}

func (a *actor) status() int {
	status := a.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// look is everything about a process that a trick could change.
func look(pid int, address string, fd int) map[string]string {
	dir := fmt.Sprintf("/proc/%d/", pid)
	read := func(entry string) string {
		text, _ := os.ReadFile(dir + entry)
		return strings.TrimSpace(string(text))
	}
	status := func(key string) string {
		for line := range strings.Lines(read("status")) {
			if value, ok := strings.CutPrefix(line, key+":"); ok {
				return strings.TrimSpace(value)
			}
		}
		return ""
	}
	state := "runs"
	if s := status("State"); s == "" || strings.ContainsRune("ZXTt", rune(s[0])) {
		state = s
	}
	_, numbers, _ := strings.Cut(read("stat"), ") ") // the fields after the name, proc_pid_stat(5)
	fields := append(strings.Fields(numbers), make([]string, 50)...)
	ioprio, _, _ := unix.RawSyscall(unix.SYS_IOPRIO_GET, 1, uintptr(pid), 0)
	const (
		nice, rtPriority, schedPolicy = 19 - 3, 40 - 3, 41 - 3
	)
	seen := map[string]string{
		"alive": state, "pending": status("SigPnd") + status("ShdPnd"), "tracer": status("TracerPid"),
		"nice": fields[nice], "real-time priority": fields[rtPriority], "scheduler": fields[schedPolicy],
		"processors": status("Cpus_allowed"), "I/O priority": fmt.Sprint(ioprio), "limits": read("limits"),
		"OOM score": read("oom_score_adj"), "name": read("comm"), "timer slack": read("timerslack_ns"),
		"core filter": read("coredump_filter"), "peak of memory": status("VmHWM"),
	}
	var at int64
	if _, err := fmt.Sscanf(address, "0x%x", &at); err == nil {
		memory := make([]byte, 32)
		if mem, err := os.Open(dir + "mem"); err == nil {
			_, _ = mem.ReadAt(memory, at)
			mem.Close()
		}
		seen["memory"] = string(memory)
	}
	if fd >= 0 {
		seen["file"] = read(fmt.Sprintf("fd/%d", fd))
	}
	return seen
}
