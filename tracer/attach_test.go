package tracer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// running is a program that was started by somebody else: a shell, which waits for it and says how it ended.
type running struct {
	t   testing.TB
	pid int
	cmd *exec.Cmd
	out *bufio.Reader
	// ended: the shell has been waited for.
	ended bool
}

func start(t testing.TB, argv ...string) *running {
	t.Helper()
	r := &running{t: t}
	script := `"$@" & echo $!; wait $!; echo "status $?"`
	r.cmd = exec.Command("/bin/sh", append([]string{"-c", script, "sh"}, argv...)...)
	r.cmd.Stderr = os.Stderr
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.out = bufio.NewReader(out)
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := r.out.ReadString('\n')
	if err == nil {
		r.pid, err = strconv.Atoi(strings.TrimSpace(line))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if r.ended { // its number may be another's by now, as that of the shell's child
			return
		}
		_ = unix.Kill(-r.cmd.Process.Pid, unix.SIGKILL)
		_ = r.cmd.Wait() // or a thread of ours has a child for ever
	})
	for exe := exeOf(r.pid); exe != "" && exe == exeOf(r.cmd.Process.Pid); exe = exeOf(r.pid) {
		time.Sleep(time.Millisecond) // it is the shell still
	}
	return r
}

func exeOf(pid int) string {
	exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)) // of a zombie there is none
	return exe
}

// ends waits for the end and returns all that was printed.
func (r *running) ends() string {
	r.t.Helper()
	all, err := io.ReadAll(r.out)
	if err != nil {
		r.t.Error(err)
	}
	r.ended = true
	if err := r.cmd.Wait(); err != nil {
		r.t.Error(err)
	}
	return string(all)
}

func sleepers(t testing.TB) string { return compile(t, "sleeper.c", "-static", "-pthread") }

// attaching is a run of Attach, with the books of ending.
type attaching struct {
	*ending
	opt    Options
	calls  []string
	done   chan struct{}
	result *Result
	err    error
}

func attachTo(t testing.TB, opt Options, calls []string, pids ...int) *attaching {
	f := newFake(t)
	f.adopts = true
	a := &attaching{ending: newEnding(f), opt: opt, calls: calls, done: make(chan struct{})}
	if a.opt.Control == nil {
		a.opt.Control = NewControl()
	}
	go func() {
		defer close(a.done)
		a.result, a.err = Attach(pids, a.ending, a.opt, filterTable(syscalls.Verdict{}, calls))
	}()
	return a
}

// leaves detaches and checks that it holds.
func (a *attaching) leaves() {
	a.t.Helper()
	a.opt.Control.Detach()
	a.waits()
	a.free()
}

// free checks that nothing is traced any more.
func (a *attaching) free() {
	a.t.Helper()
	for tid := range a.live {
		if tracer := tracerOf(tid); tracer != 0 {
			a.t.Errorf("%d is still traced by %d", tid, tracer)
		}
	}
}

// hangs is how long nothing takes, not even on an emulated machine beside others.
const hangs = 5 * time.Minute

// ends waits for the end of the run.
func (a *attaching) ends() {
	a.t.Helper()
	select {
	case <-a.done:
	case <-time.After(hangs):
		a.t.Fatal("it does not end")
	}
}

// waits does so, and checks that there was no error.
func (a *attaching) waits() {
	a.t.Helper()
	a.ends()
	if a.err != nil {
		a.t.Error(a.err)
	}
}

// TestAttach comes while a program is in the middle of something, and leaves in the middle of it or stays to the end.
func TestAttach(t *testing.T) {
	for _, mode := range []string{"nanosleep", "poll", "eintr", "read", "threads", "forks", "vfork", "tree"} {
		for _, info := range []bool{true, false} {
			for _, stays := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/info=%v/stays=%v", mode, info, stays), func(t *testing.T) {
					if !info && stays {
						needsRegisters(t) // what it does is seen
					}
					span := 700
					for !attachAmid(t, mode, info, stays, span) && span < int(hangs.Milliseconds()) {
						span *= 2
					}
				})
			}
		}
	}
}

// attachAmid attaches to a program that takes span milliseconds for what it does. It is false if that had ended before
// it was attached to, let go, or continued: so it may be on an emulated machine, beside others.
func attachAmid(t *testing.T, mode string, info, stays bool, span int) bool {
	r := start(t, sleepers(t), mode, strconv.Itoa(span))
	time.Sleep(100 * time.Millisecond)
	calls := []string{"access", "exit_group", "nanosleep", "clock_nanosleep", "poll", "read"}
	a := attachTo(t, Options{NoSyscallInfo: !info, Exits: true}, calls, r.pid)
	a.onCall = func(*Task, *syscalls.Invocation) Action { return Action{Exit: true} }
	a.onExit = func(task *Task, inv *syscalls.Invocation, result int64) {
		name := oldName(inv.Call.Name)
		if name == "access" && result != 0 && result != -int64(unix.ENOENT) {
			t.Errorf("access returned %d", result)
		}
	}
	if !stays {
		time.Sleep(300 * time.Millisecond)
		a.opt.Control.Detach()
	}
	a.ends()
	if errors.Is(a.err, unix.ESRCH) || a.err == nil && !stays && !a.result.Detached {
		return false
	}
	if a.err != nil {
		t.Error(a.err)
	} else if stays && (a.result.Detached || len(a.live) != 0) {
		t.Errorf("%+v with %d alive", a.result, len(a.live))
	}
	if stays && a.fake.calls["exit_group"] == 0 {
		if span < 30_000 {
			return false // it was in the middle of its end
		}
		t.Error("no call was seen")
	}
	if !stays {
		a.free()
	}
	switch got := r.ends(); {
	case got == "status 6\n" && span < 30_000:
		return false // its alarm came while it was stopped
	case got != "done\nstatus 7\n":
		t.Error(got)
	}
	return true
}

// TestAttachStopped: a stopped process stays stopped, attached or let go, until somebody continues it.
func TestAttachStopped(t *testing.T) {
	for _, cont := range []string{"attached", "detached", "tracing"} {
		t.Run(cont, func(t *testing.T) {
			r := start(t, sleepers(t), "stopped")
			// comes waits for a state that must come, and looks whether it stays.
			comes := func(when, state string) {
				t.Helper()
				waitFor(t, func() bool { return strings.Contains(string(readStatus(r.pid)), state) })
				time.Sleep(400 * time.Millisecond)
				if status := string(readStatus(r.pid)); !strings.Contains(status, state) {
					t.Errorf("%s: %s", when, status)
				}
			}
			waitFor(t, func() bool { return strings.Contains(string(readStatus(r.pid)), "State:\tT (stopped)") })
			a := attachTo(t, Options{}, []string{"write"}, r.pid)
			comes("while attached", "State:\tt (tracing stop)")
			if cont == "tracing" {
				time.Sleep(400 * time.Millisecond)
				_ = unix.Kill(r.pid, unix.SIGCONT)
				a.waits()
				if a.fake.calls["write"] == 0 {
					t.Error("no call was seen")
				}
			} else {
				a.leaves()
				comes("let go", "State:\tT (stopped)")
				_ = unix.Kill(r.pid, unix.SIGCONT)
			}
			if got := r.ends(); got != "done\nstatus 7\n" {
				t.Error(got)
			}
		})
	}
}
