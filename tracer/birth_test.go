package tracer

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// The orders of births, deaths and execs that a real kernel shows too seldom. The tasks here are nobody's tracees:
// every ptrace request is ESRCH, as for a task that is dying.

// table is a tracer with a target of made-up number and a live child of this process to be born into it.
func table(t *testing.T) (tr *tracer, f *fake, child int) {
	t.Helper()
	cmd := exec.Command(victim64(t), "stubborn")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	f = newFake(t)
	tr = newTracer(f, Options{})
	tr.launched = true
	// Numbers that no process has, except that the parent of child is this one.
	tr.root = join(tr, 1<<30, nil)
	f.Birth(nil, tr.root)
	return tr, f, cmd.Process.Pid
}

// join puts a new process into the table.
func join(tr *tracer, pid int, parent *Process) *Task {
	task := &Task{TID: pid, Process: &Process{TGID: pid, Tasks: 1, Parent: parent}}
	tr.tasks[pid] = task
	return task
}

const firstStop = unix.WaitStatus(unix.PTRACE_EVENT_STOP<<16 | int(unix.SIGTRAP)<<8 | 0x7f)

func TestBirthOrders(t *testing.T) {
	t.Run("stop first", func(t *testing.T) {
		tr, f, child := table(t)
		tr.dispatch(child, firstStop)
		if f.births != 1 || len(tr.held) != 1 {
			t.Error("a task that nobody announced was let go")
		}
		tr.announce(tr.root, child)
		if f.births != 2 || len(tr.held) != 0 || tr.tasks[child].Process.Parent != tr.root.Process {
			t.Error("the announced task was not born")
		}
	})
	t.Run("announced first", func(t *testing.T) {
		tr, f, child := table(t)
		tr.announce(tr.root, child)
		tr.dispatch(child, firstStop)
		if f.births != 2 || len(tr.held) != 0 {
			t.Error("the announced task was held")
		}
	})
	t.Run("killed before it was announced", func(t *testing.T) {
		tr, f, child := table(t)
		tr.dispatch(child, firstStop)
		tr.dispatch(child, unix.WaitStatus(unix.SIGKILL))
		tr.announce(tr.root, child) // it is not traced by us: it never ran
		if f.births != 1 || len(tr.held)+len(tr.unborn) != 0 {
			t.Errorf("births %d, held %v, unborn %v", f.births, tr.held, tr.unborn)
		}
	})
	t.Run("creator dies, process ended", func(t *testing.T) {
		tr, f, child := table(t)
		creator := join(tr, os.Getpid(), tr.root.Process)
		f.Birth(tr.root, creator)
		tr.dispatch(child, firstStop)
		tr.dispatch(creator.TID, unix.WaitStatus(unix.SIGKILL))
		if b := tr.tasks[child]; b == nil || b.Process.Parent != creator.Process {
			t.Error("nobody took the child of a dead creator in")
		}
	})
	t.Run("stranger dies", func(t *testing.T) {
		tr, f, child := table(t)
		creator, stranger := join(tr, os.Getpid(), tr.root.Process), join(tr, 1<<30+1, tr.root.Process)
		f.Birth(tr.root, creator)
		f.Birth(tr.root, stranger)
		tr.dispatch(child, firstStop)
		tr.dispatch(stranger.TID, unix.WaitStatus(unix.SIGKILL))
		if len(tr.held) != 1 {
			t.Error("a stranger's death adopted the child of somebody who lives")
		}
	})
	t.Run("wrong guess is put right", func(t *testing.T) {
		tr, f, child := table(t)
		uncle := join(tr, 1<<30+1, tr.root.Process)
		f.Birth(tr.root, uncle)
		tr.dispatch(child, firstStop)
		tr.dispatch(uncle.TID, 0) // its whole process is gone, and the child's parent is nobody we know
		guessed := tr.tasks[child]
		if guessed == nil {
			t.Fatal("not adopted")
		}
		tr.announce(tr.root, child)
		if f.births != 3 || guessed.Process.Parent != tr.root.Process {
			t.Errorf("births %d, parent %v", f.births, guessed.Process.Parent)
		}
	})
	t.Run("adopted, and dead before its creator speaks", func(t *testing.T) {
		tr, f, child := table(t)
		tr.dispatch(child, firstStop)
		tr.adoptLate(tr.heldSince.Add(longestHold))
		if f.births != 2 || tr.tasks[child] == nil {
			t.Fatal("not adopted")
		}
		tr.dispatch(child, 0)
		tr.announce(tr.root, child)
		if f.births != 2 || tr.tasks[child] != nil || len(tr.unborn) != 0 {
			t.Errorf("births %d, tasks %v, unborn %v", f.births, tr.tasks, tr.unborn)
		}
	})
	t.Run("nobody is left", func(t *testing.T) {
		tr, f, child := table(t)
		tr.held[child] = firstStop
		delete(tr.tasks, tr.root.TID)
		tr.adoptAll()
		if f.births != 2 || tr.tasks[child] == nil {
			t.Error("a held task was forgotten")
		}
	})
	t.Run("the tree is being killed", func(t *testing.T) {
		tr, f, child := table(t)
		tr.control.KillTree()
		tr.dispatch(child, firstStop)
		if len(tr.held) != 0 || f.births != 1 {
			t.Error("a task was held in a tree that is being killed")
		}
		waitFor(t, func() bool { return dead(child) })
	})
}

func TestBecomeLeader(t *testing.T) {
	f := newFake(t)
	tr := newTracer(f, Options{})
	tr.launched = true
	leader := join(tr, 1<<30, nil)
	f.Birth(nil, leader)
	for i := 1; i < 4; i++ {
		thread := &Task{TID: leader.TID + i, Process: leader.Process}
		thread.state.value = int64(i)
		leader.Process.Tasks++
		tr.tasks[thread.TID] = thread
		f.Birth(leader, thread)
	}
	leader.state.wanted = wantExit
	if got := tr.becomeLeader(leader, leader.TID+2); got != leader {
		t.Error("the leader's Task did not live on")
	}
	if leader.state.value != 2 || leader.state.wanted != wantNothing || len(tr.tasks) != 1 || len(f.live) != 1 ||
		leader.Process.Tasks != 1 {
		t.Errorf("state %+v, %d tasks, %d live, %d in the process", leader.state, len(tr.tasks), len(f.live),
			leader.Process.Tasks)
	}
}

// TestExecVoidsEarlierReports: what a leader did before another thread's exec took its TID is not answered.
func TestExecVoidsEarlierReports(t *testing.T) {
	tr := newTracer(newFake(t), Options{})
	stopped := func(event int) unix.WaitStatus {
		return unix.WaitStatus(event<<16 | int(unix.SIGTRAP)<<8 | 0x7f)
	}
	tr.add(5, stopped(unix.PTRACE_EVENT_SECCOMP))
	tr.add(6, stopped(unix.PTRACE_EVENT_SECCOMP))
	tr.add(5, stopped(unix.PTRACE_EVENT_EXEC))
	if tr.batch[0].pid != 0 || tr.batch[1].pid != 6 || tr.batch[2].pid != 5 {
		t.Errorf("%v", tr.batch)
	}
}

// TestUnknownCall: a number that no table knows is ENOSYS, and nobody is asked.
func TestUnknownCall(t *testing.T) {
	for _, info := range []bool{true, false} {
		for _, path := range ofEachSize(t, victim64, victim32) {
			b := newBox(t, nil, path, "unknown")
			b.plan.Filter = traceUnknown(t)
			b.opt.NoSyscallInfo = !info
			b.exits(0)
			if len(b.calls) != 0 {
				t.Errorf("the Handler was asked about %v", b.calls)
			}
		}
	}
}

// TestOldOrder: a stop after the seccomp stop that still shows -ENOSYS is an entry, and the kernel is refused. Here the
// call is made one that no kernel has.
func TestOldOrder(t *testing.T) {
	if entryResult >= 0 {
		t.Skip("only x86 puts -ENOSYS where the result of a call will be, and tells an entry by that")
	}
	b := newBox(t, []string{"access"}, victim64(t), "busy", "3")
	b.opt.NoSyscallInfo = true
	b.onCall = func(task *Task, inv *syscalls.Invocation) Action {
		var regs arch.Regs
		n, errno := getRegset(task.TID, setPrstatus, regs.Buffer())
		if errno != 0 || !regs.Bind(inv.ABI, n) || !regs.SetNumber(999) {
			t.Error(errno)
			return Action{Kind: KillTree}
		}
		if errno := setRegset(task.TID, setPrstatus, regs.Bytes()); errno != 0 {
			t.Error(errno)
		}
		return Action{}
	}
	_, err := Run(&b.plan, b.fake, b.opt)
	if !errors.Is(err, errOldOrder) {
		t.Errorf("%v", err)
	}
}

// TestGoVictim: a Go program of either word size, with its preemption signals.
func TestGoVictim(t *testing.T) {
	other := map[string]string{"amd64": "386", "arm64": "arm"}[runtime.GOARCH]
	for _, goarch := range []string{runtime.GOARCH, other} {
		if goarch == "" || goarch == other && !hasNarrow(t) {
			continue
		}
		out := filepath.Join(t.TempDir(), "govictim")
		cmd := exec.Command("go", "build", "-o", out, "./testdata/govictim")
		cmd.Env = append(os.Environ(), "GOARCH="+goarch, "CGO_ENABLED=0")
		if msg, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, msg)
		}
		if got := native(t, out); got != 0 {
			t.Fatalf("%s: exits with %d without a tracer", goarch, got)
		}
		b := newBox(t, []string{"newfstatat", "fstatat64", "execve"}, out)
		b.onCall = func(_ *Task, inv *syscalls.Invocation) Action {
			return Action{Exit: inv.Call.Name == "execve"}
		}
		b.exits(0)
		if b.execs != 10 {
			t.Errorf("%s: %d execs, want 10", goarch, b.execs)
		}
	}
}
