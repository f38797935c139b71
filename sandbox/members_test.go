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
