package tracer

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestReapLeavesStops: who looks for zombies takes no stop of a task that lives, which nobody would let go on then.
func TestReapLeavesStops(t *testing.T) {
	r := start(t, sleepers(t), "nanosleep", "60000")
	onEndingThread(func() {
		if errno := ptraceSeize(r.pid, watchOptions); errno != 0 {
			t.Error(errno)
			return
		}
		_ = ptrace(unix.PTRACE_INTERRUPT, r.pid, 0, 0) // ESRCH: it is gone, as is seen below
		stopped := func() bool { return readStatus(r.pid).state('t') }
		waitFor(t, stopped)
		elsewhere := make(chan bool)
		go func() { elsewhere <- reapZombie(r.pid) }()
		if <-elsewhere {
			t.Error("a stopped task was taken for one that has ended")
		}
		if pid, ws, errno := poll(); pid != r.pid || !ws.Stopped() {
			t.Errorf("wait4: %d, status %#x, %v", pid, uint32(ws), errno)
		}
		_ = unix.Kill(r.pid, unix.SIGKILL)
		waitFor(t, func() bool { return readStatus(r.pid).ended() })
		go func() { elsewhere <- reapZombie(r.pid) }()
		if !<-elsewhere { // a tracer hears of the end first, and waits for it
			t.Error("a task that has ended was not reaped")
		}
	})
}
