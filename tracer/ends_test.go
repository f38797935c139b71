package tracer

import (
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// What is left of tasks that end, most of them with made-up numbers as in birth_test.go.

// TestChainOfCreators: a process that forks and ends, whose child does the same, and so on, leaves nothing behind.
func TestChainOfCreators(t *testing.T) {
	tr, f, _ := table(t)
	last := tr.root
	for i := 1; i <= 1000; i++ {
		child := join(tr, 1<<30+i, last.Process)
		f.Birth(last, child)
		if last != tr.root {
			tr.dispatch(last.TID, 0)
		}
		last = child
	}
	length := 0
	for p := last.Process.Parent; p != nil; p = p.Parent {
		length++
	}
	if length > 2 || !last.Process.descends(tr.root.TID) {
		t.Errorf("%d ancestors, the target among them: %v", length, last.Process.descends(tr.root.TID))
	}
}

// TestReaped: a task whose wait status was taken is known to be gone while stops that came before are handled.
func TestReaped(t *testing.T) {
	tr := newTracer(newFake(t), Options{})
	tr.launched = true
	root, other := join(tr, 1<<30, nil), join(tr, 1<<30+1, nil)
	tr.h.Birth(nil, root)
	tr.h.Birth(root, other)
	tr.control.begin(other.TID)
	tr.add(root.TID, firstStop)
	tr.add(other.TID, unix.WaitStatus(unix.SIGKILL))
	if !other.Reaped() || root.Reaped() || len(tr.control.procs) != 0 || tr.tasks[other.TID] != other {
		t.Errorf("reaped: %v, of another: %v, to be signalled: %v", other.Reaped(), root.Reaped(), tr.control.procs)
	}
	if tr.control.root != 0 {
		t.Error("its number is the target's still")
	}
}

// TestKilledInItsExec: a thread that executed a program, and was killed before its event was read, is gone with the
// leader that it became. Its own number may be anybody's.
func TestKilledInItsExec(t *testing.T) {
	f := newFake(t)
	tr := newTracer(f, Options{})
	tr.launched = true
	leader := join(tr, 1<<30, nil)
	f.Birth(nil, leader)
	thread := &Task{TID: leader.TID + 1, Process: leader.Process}
	leader.Process.Tasks++
	tr.tasks[thread.TID] = thread
	f.Birth(leader, thread)
	tr.dispatch(leader.TID, unix.WaitStatus(unix.PTRACE_EVENT_EXEC<<16|int(unix.SIGTRAP)<<8|0x7f))
	tr.dispatch(leader.TID, unix.WaitStatus(unix.SIGKILL))
	if len(tr.tasks) != 0 || len(f.live) != 0 || leader.Process.Tasks != 0 {
		t.Errorf("left over: %d tasks, %d for the Handler, %d of the process", len(tr.tasks), len(f.live),
			leader.Process.Tasks)
	}
}

// TestKilledAtItsFork: where a killed task stops once more at its end, what GETEVENTMSG says by then is what it ends with.
// It must not be taken for its child's number.
func TestKilledAtItsFork(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", "echo ready; read go; /bin/true & wait")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	ready(t, cmd)
	f := newFake(t)
	onOwnThread(func() { // which ends with its tracees
		tr := newTracer(f, Options{Exits: true})
		tr.launched = true
		pid := cmd.Process.Pid
		tr.root = join(tr, pid, nil)
		f.Birth(nil, tr.root)
		if errno := ptraceSeize(pid, tr.options()); errno != 0 {
			t.Error(errno)
			return
		}
		_, _ = in.Write([]byte("\n"))
		var ws unix.WaitStatus
		for event(ws) == 0 || event(ws) == unix.PTRACE_EVENT_STOP { // the child's first stop may come before
			if _, err := unix.Wait4(-1, &ws, waitMine, nil); err != nil {
				t.Error(err)
				return
			}
		}
		child, errno := eventMessage(pid)
		if errno != 0 || child == 0 || !ws.Stopped() {
			t.Errorf("%#x: child %d, %v", uint32(ws), child, errno)
			return
		}
		if err := unix.Kill(pid, unix.SIGKILL); err != nil {
			t.Error(err)
			return
		}
		waitFor(t, func() bool { return stoppedBy(pid, unix.PTRACE_EVENT_EXIT) })
		if msg, errno := eventMessage(pid); errno != 0 || msg != uint64(unix.SIGKILL) {
			t.Errorf("at its end the message is %d (%v)", msg, errno)
		}
		tr.dispatch(pid, ws)
		if f.births != 1 || len(tr.tasks) != 1 || !stoppedBy(pid, unix.PTRACE_EVENT_EXIT) {
			t.Errorf("%d births, tasks %v", f.births, tr.tasks)
		}
	})
	_ = cmd.Wait()
}
