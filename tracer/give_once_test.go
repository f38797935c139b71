package tracer

import (
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// TestGiveIsDoneOnce: an Open that does not end when its call is interrupted, and succeeds after all, is not done again:
// who waits at the other end of a pipe would be met twice. So it is where the kernel does not say at which end of a call
// a task stops, too.
func TestGiveIsDoneOnce(t *testing.T) {
	for _, info := range []bool{true, false} {
		for _, how := range []string{"number", "mark"} {
			const opens, tooMany = 3, 10
			b, g := newGiving(t, taker64(t), "signals", "20000", "3")
			b.opt.registersTell, b.opt.markOnly, b.opt.impatient = !info, how == "mark", true
			slow := 0
			b.onCall = func(task *Task, inv *syscalls.Invocation) Action {
				action := g.call(task, inv)
				reads := inv.Call.Name == "openat" && inv.Int(2)&unix.O_ACCMODE == unix.O_RDONLY
				if action.Kind != Give || !reads || slow > tooMany {
					return action
				}
				slow++
				fd := action.FD
				action.Open = func(<-chan struct{}) (int, syscall.Errno) {
					time.Sleep(100 * time.Millisecond) // several signals come meanwhile
					return fd, 0
				}
				return action
			}
			b.exits(0)
			if slow != opens {
				t.Errorf("info=%v, by %s: %d opens were done %d times", info, how, opens, slow)
			}
		}
	}
}
