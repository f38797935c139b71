package tracer

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// ending keeps books of what an ExitHandler and a SignalHandler are told, on top of those of fake.
type ending struct {
	*fake
	status   map[*Task]unix.WaitStatus
	others   map[*Process]unix.WaitStatus // of threads that died with another status than they ended with
	ends     map[*Process]int
	met      []string
	onEnd    func(*Task)
	onSignal func(*Task)
}

func newEnding(f *fake) *ending {
	e := &ending{
		fake: f, status: map[*Task]unix.WaitStatus{}, others: map[*Process]unix.WaitStatus{}, ends: map[*Process]int{},
	}
	f.onDeath = func(t *Task, ws unix.WaitStatus) {
		if status, told := e.status[t]; told && ws != 0 && status != ws && t.TID != t.Process.TGID {
			e.others[t.Process] = ws
		}
		// A thread that is waited for when its process ends already has the status of that (wait_task_zombie,
		// kernel/exit.c).
		if other, had := e.others[t.Process]; had && t.TID == t.Process.TGID && other != ws {
			f.t.Errorf("a thread of %d died with %#x, the process with %#x", t.TID, uint32(other), uint32(ws))
		}
		if t.Process.leaving < 0 || t.Process.leaving > t.Process.Tasks {
			f.t.Errorf("%d of %d tasks are at their end", t.Process.leaving, t.Process.Tasks)
		}
	}
	return e
}

func (e *ending) Exiting(t *Task, status unix.WaitStatus) {
	e.known(t, "an end")
	if _, twice := e.status[t]; twice {
		e.t.Errorf("task %d ends twice", t.TID)
	}
	e.status[t] = status
	if t.Process.Ending() {
		e.ends[t.Process]++
	}
	if e.onEnd != nil {
		e.onEnd(t)
	}
}

func (e *ending) Exec(t *Task, launch bool) Action {
	delete(e.status, t) // the leader lives on
	return e.fake.Exec(t, launch)
}

func (e *ending) Signal(t *Task, sig unix.Signal, from int) {
	e.known(t, "a signal")
	who := fmt.Sprint(from)
	switch from {
	case t.Process.TGID:
		who = "self"
	case os.Getpid():
		who = "tracer"
	}
	if e.onSignal != nil {
		e.onSignal(t)
	}
	e.met = append(e.met, unix.SignalName(sig)+":"+who)
}

// TestExiting: each task is told of once, while it is still there, and the last of each process is known as such.
func TestExiting(t *testing.T) {
	for _, c := range []struct {
		mode   string
		status int
		procs  int
	}{
		{"ok", 0, 1}, {"threads", 0, 1}, {"forks", 0, 2001}, {"vforks", 0, 51}, {"exec_thread", 0, 1},
		{"leader_exit", 7, 1}, {"groupstop", 0, 2}, {"restart", 0, 4}, {"siginfo", 0, 1}, {"clone_parent", 0, 2},
	} {
		t.Run(c.mode, func(t *testing.T) {
			b := newBox(t, []string{"access"}, victim64(t), c.mode)
			b.opt.Exits = true
			e := newEnding(b.fake)
			procs := map[*Process]bool{}
			e.onEnd = func(task *Task) {
				procs[task.Process] = true
				if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", task.TID)); err == nil && exe != victim64(t) {
					t.Errorf("task %d runs %s", task.TID, exe)
				}
				if len(readStatus(task.TID)) == 0 {
					t.Errorf("task %d is gone already", task.TID)
				}
			}
			result, err := Run(&b.plan, e, b.opt)
			if err != nil || result.Root.ExitStatus() != c.status {
				t.Fatalf("%+v, %v", result, err)
			}
			if len(procs) != c.procs || len(e.ends) != c.procs {
				t.Errorf("%d processes, %d ended, want %d", len(procs), len(e.ends), c.procs)
			}
			for p, n := range e.ends {
				if n != 1 {
					t.Errorf("process %d ended %d times", p.TGID, n)
				}
			}
			if c.mode == "threads" && len(e.status) != 201 {
				t.Errorf("%d of 201 tasks were told of", len(e.status))
			}
		})
	}
}

// TestExitingIsOff: nobody is told without the option.
func TestExitingIsOff(t *testing.T) {
	b := newBox(t, nil, victim64(t), "threads")
	e := newEnding(b.fake)
	if _, err := Run(&b.plan, e, b.opt); err != nil || len(e.status) != 0 {
		t.Errorf("%d tasks, %v", len(e.status), err)
	}
}

// TestExitingKilled: SIGKILL, to one process and to a tree, in the middle of births, stops and ends. The run ends.
func TestExitingKilled(t *testing.T) {
	for round := range 6 {
		b := newBox(t, []string{"access", "execve"}, victim64(t), "storm", fmt.Sprint(round))
		b.opt.Exits = true
		b.opt.Control = NewControl()
		e := newEnding(b.fake)
		n := 0
		b.onCall = func(task *Task, _ *syscalls.Invocation) Action {
			if n++; n%40 == 0 && task.Process.Parent != nil {
				_ = unix.Kill(task.Process.TGID, unix.SIGKILL)
			}
			return Action{Exit: n%3 == 0}
		}
		e.onEnd = func(task *Task) {
			if n++; n%5 == 0 {
				_ = unix.Kill(task.Process.TGID, unix.SIGKILL)
			}
		}
		if round%2 == 1 {
			b.opt.Started = func() {
				go func() {
					time.Sleep(time.Duration(round) * 50 * time.Millisecond)
					b.opt.Control.KillTree()
				}()
			}
		}
		if _, err := Run(&b.plan, e, b.opt); err != nil {
			t.Fatal(err)
		}
		if len(b.live) != 0 {
			t.Errorf("%d tasks never died", len(b.live))
		}
	}
}

// TestExitingPanics: a Handler that gives up while tasks are at their end leaves nothing behind.
func TestExitingPanics(t *testing.T) {
	b := newBox(t, nil, victim64(t), "threads")
	b.opt.Exits = true
	e := newEnding(b.fake)
	e.onEnd = func(*Task) {
		if len(e.status) == 20 {
			panic("enough")
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("the panic was lost")
		}
		for tid := range b.live {
			if !dead(tid) {
				t.Errorf("task %d is alive", tid)
			}
		}
	}()
	_, _ = Run(&b.plan, e, b.opt)
}

// TestSignals: who sent what.
func TestSignals(t *testing.T) {
	b := newBox(t, nil, victim64(t), "siginfo")
	e := newEnding(b.fake)
	if _, err := Run(&b.plan, e, b.opt); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(e.met); got != "[SIGUSR1:self SIGTRAP:self SIGTERM:self]" {
		t.Error(got)
	}
	b = newBox(t, nil, "/bin/sh", "-c", "trap 'exit 3' USR1; /bin/true; while :; do :; done")
	e = newEnding(b.fake)
	b.opt.Control = NewControl()
	e.onSignal = func(*Task) {
		if len(e.met) == 0 { // of its child's end, so it has its trap
			go func() { _ = b.opt.Control.Signal(unix.SIGUSR1) }()
		}
	}
	result, err := Run(&b.plan, e, b.opt)
	if err != nil || result.Root.ExitStatus() != 3 {
		t.Fatalf("%+v, %v", result, err)
	}
	if got := fmt.Sprint(e.met); got != "[SIGCHLD:0 SIGUSR1:tracer]" {
		t.Error(got)
	}
}
