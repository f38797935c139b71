package sandbox

import (
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/tracer"
)

// TestMembersNumbers: a thread's number that the kernel has given to an outsider is not a member's, though nothing was
// heard of the thread's end. Here the outsider is a thread that nobody traces.
func TestMembersNumbers(t *testing.T) {
	var proc procfs
	m := newMembers(&proc)
	self := unix.Getpid()
	p := &tracer.Process{TGID: self, Tasks: 2}
	first := &tracer.Task{TID: self, Process: p}
	m.add(first)
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	others := 0
	for _, entry := range tasks {
		tid, _ := strconv.Atoi(entry.Name())
		if tid == self {
			continue
		}
		others++
		m.add(&tracer.Task{TID: tid, Process: p})
		if m.has(tid) {
			t.Errorf("thread %d is a member, and nobody traces it", tid)
		}
	}
	if others == 0 {
		t.Error("a Go program has a single thread")
	}
	if !m.has(self) || m.has(unix.Getppid()) {
		t.Error("a first thread is not a member, or a stranger is one")
	}
	if m.remove(first); m.has(self) {
		t.Error("it is one after its death")
	}
}

// TestMembersEnded: a process that has ended is the tree's own by its number if its parent is a member that the tracer
// has not reaped, and nobody else's is, be it an outsider's or alive.
func TestMembersEnded(t *testing.T) {
	var proc procfs
	m := newMembers(&proc)
	self := unix.Getpid()
	child, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Waitid(unix.P_PID, child.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	living, err := os.StartProcess("/bin/sleep", []string{"sleep", "1000"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = living.Kill()
		_, _ = living.Wait()
	}()
	if m.own(child.Pid) {
		t.Error("that of an outsider is the tree's")
	}
	parent := &tracer.Task{TID: self, Process: &tracer.Process{TGID: self, Tasks: 1}}
	m.add(parent)
	if !m.own(child.Pid) || m.has(child.Pid) {
		t.Error("that of a member is not the tree's, or is a member itself")
	}
	if m.own(living.Pid) {
		t.Error("one that lives and is not traced is the tree's")
	}
	if n := testing.AllocsPerRun(20, func() { m.own(child.Pid) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	m.remove(parent)
	m.add(&tracer.Task{TID: self, Process: &tracer.Process{TGID: unix.Getppid(), Tasks: 2}})
	if m.own(child.Pid) {
		t.Error("its parent's number is that of a member's thread, which is somebody else's by then")
	}
	if _, err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	m.add(parent)
	if m.own(child.Pid) {
		t.Error("nobody is")
	}
}
