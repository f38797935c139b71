package tracer

import (
	"bufio"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
	"sydbox/tracer/launch"
	"sydbox/tracer/seccomp"
)

func TestForward(t *testing.T) {
	// A shell's background job ignores SIGINT, and nohup(1) has SIGHUP ignored: what is begun from here does not.
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM)
	t.Cleanup(func() { signal.Stop(heard) })
	const alone, group = 1, -1 // factors of the PID that is signalled
	const apart = 100 * time.Millisecond
	for _, c := range []struct {
		name, options, mode string
		signals             []syscall.Signal
		to                  int
		status              int
	}{
		{"TERM to the tracer alone arrives once", "pass", "terms", sigs(unix.SIGTERM), alone, 0},
		{"TERM to the group arrives once", "pass", "terms", sigs(unix.SIGTERM), group, 0},
		{"second TERM kills", "pass", "stubborn", sigs(unix.SIGTERM, unix.SIGTERM), alone, 124},
		{"grace ends", "pass,impatient", "stubborn", sigs(unix.SIGTERM), alone, 124},
		{"third INT kills", "pass", "stubborn", sigs(unix.SIGINT, unix.SIGINT, unix.SIGINT), alone, 124},
		{"HUP to the tracer alone arrives", "pass", "stubborn", sigs(unix.SIGHUP), alone, 129},
		{"QUIT to the group arrives", "pass", "stubborn", sigs(unix.SIGQUIT), group, 131},
		{"TERM to the group arrives once at a busy tracer", "pass,slow", "busily", sigs(unix.SIGTERM), group, 0},
		{
			"INT to the group is never followed up", "pass", "stubborn",
			sigs(unix.SIGINT, unix.SIGINT, unix.SIGINT, unix.SIGINT, unix.SIGHUP), group, 129,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			args := []string{victim64(t), c.mode}
			if c.mode == "busily" {
				args = []string{"/bin/sh", "-c", `"$0" busy 1000000 & exec "$0" terms`, args[0]}
			}
			cmd := boxed(c.options, args...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			ready(t, cmd)
			for _, sig := range c.signals {
				if err := unix.Kill(c.to*cmd.Process.Pid, sig); err != nil {
					t.Fatal(err)
				}
				time.Sleep(apart) // two at once would be one
			}
			// On a busy machine they may have been all the same, and more are needed.
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = cmd.Wait()
			}()
			for last := c.signals[len(c.signals)-1]; c.status == 124; time.Sleep(apart) {
				if over(ended) || len(c.signals) == 1 {
					break
				}
				_ = cmd.Process.Signal(last)
			}
			<-ended
			if got := cmd.ProcessState.ExitCode(); got != c.status {
				t.Errorf("exits with %d, want %d", got, c.status)
			}
		})
	}
}

// over says whether a channel is closed.
func over(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func sigs(s ...syscall.Signal) []syscall.Signal { return s }

// tardy takes its time for each call, as a tracer does that does not get to run.
type tardy struct{ nothing }

func (tardy) Syscall(*Task, *syscalls.Invocation) Action {
	time.Sleep(400 * time.Millisecond)
	return Action{}
}

// tardyFilter stops what busy does.
func tardyFilter() []unix.SockFilter {
	prog, err := seccomp.Compile(filterTable(syscalls.Verdict{}, []string{"access", "faccessat"}))
	if err != nil {
		panic(err)
	}
	return prog
}

// ready starts a command and waits until it says that it is ready.
func ready(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		_ = cmd.Process.Kill()
		t.Fatal(line, err, cmd.Wait())
	}
}

// TestUnderWay: a process of our group that has not come to take a signal has it, and one elsewhere is no sign.
func TestUnderWay(t *testing.T) {
	term, hup := passedIndex(unix.SIGTERM), passedIndex(unix.SIGHUP)
	for _, own := range []bool{false, true} {
		cmd := exec.Command(victim64(t), "terms")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: own}
		ready(t, cmd)
		pid := cmd.Process.Pid
		defer func() { _, _ = cmd.Process.Kill(), cmd.Wait() }()
		f := &forwarder{control: NewControl(), group: unix.Getpgrp()}
		f.control.add(pid)
		if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		waitFor(t, func() bool { return readStatus(pid).state('T') })
		if f.underWay(term) {
			t.Error("a signal is under way that nobody has sent")
		}
		if err := unix.Kill(pid, unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if got := f.underWay(term); got == own || f.underWay(hup) {
			t.Errorf("in a group of its own: %v, under way: %v, another: %v", own, got, f.underWay(hup))
		}
	}
}

// TestLookAtAll: the tracer's thread is reached in a tree where nothing stops, whichever way it waits, and in a busy one.
func TestLookAtAll(t *testing.T) {
	for _, mode := range []string{"stubborn", "busy"} {
		b := newBox(t, []string{"access"}, victim64(t), mode, "1000000")
		b.opt.PassSignals, b.opt.Control = true, NewControl()
		var tr *tracer
		b.opt.Started = func() {
			f := tr.forward
			go func() {
				for range 3 {
					f.lookAtAll()
					time.Sleep(2 * quietest * tick)
				}
				b.opt.Control.KillTree()
			}()
		}
		tr = newTracer(b.fake, b.opt)
		onOwnThread(func() {
			if _, err := tr.run(&b.plan); err != nil {
				t.Error(err)
			}
		})
		if n := tr.forward.handled.Load(); n != 3 {
			t.Errorf("%s: %d of 3 looks", mode, n)
		}
	}
}

// TestOwnSignal: what was passed on is no sign that the group got it, also in a PID namespace, where the tracer that sends
// it has no number.
func TestOwnSignal(t *testing.T) {
	term := passedIndex(unix.SIGTERM)
	for _, level := range []launch.Level{launch.Off, launch.Required} {
		if err := launch.CanMake(launch.StepPIDs); err != nil && level != launch.Off {
			continue
		}
		b := newBox(t, nil, victim64(t), "stubborn")
		b.plan.PIDs = level
		b.opt.PassSignals, b.opt.Control = true, NewControl()
		var tr *tracer
		b.opt.Started = func() {
			f := tr.forward
			f.own[term].Store(true)
			go func() {
				_ = b.opt.Control.Signal(unix.SIGTERM)
				for f.own[term].Load() && f.seen[term].Load() == 0 {
					time.Sleep(time.Millisecond)
				}
				b.opt.Control.KillTree()
			}()
		}
		tr = newTracer(b.fake, b.opt)
		onOwnThread(func() {
			if _, err := tr.run(&b.plan); err != nil {
				t.Error(err)
			}
		})
		if at := tr.forward.seen[term].Load(); at != 0 {
			t.Errorf("namespace %v: taken for the group's", level != launch.Off)
		}
	}
}

// TestGroupOfMember: what a member sends to its own group, the tracer in it, is not passed on, also from a PID namespace.
func TestGroupOfMember(t *testing.T) {
	for _, options := range []string{"pass", "pass,pids"} {
		if err := launch.CanMake(launch.StepPIDs); err != nil && options != "pass" {
			continue
		}
		cmd := boxed(options, "/bin/sh", "-c", `exec 3<&0; (read go <&3; kill 0) & exec "$0" terms`, victim64(t))
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		ready(t, cmd)
		if _, err := in.Write([]byte("\n")); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != 0 {
			t.Errorf("%s: exits with %d: it heard more than one", options, got)
		}
	}
}

// TestSignalledAtStart: a signal that comes before the target is executed ends it, and is not taken for a failed start.
func TestSignalledAtStart(t *testing.T) {
	long := slices.Repeat([]string{"60"}, 50000) // takes a while to be handed over
	for i := range 60 {
		cmd := boxed("pass", append([]string{"/bin/sleep"}, long...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * time.Millisecond)
		if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		ws := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if ws.Signal() != unix.SIGTERM && ws.ExitStatus() != 128+int(unix.SIGTERM) {
			t.Errorf("after %d ms: %v", i, cmd.ProcessState)
		}
	}
}
