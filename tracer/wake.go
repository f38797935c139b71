package tracer

import (
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A thread that waits for tracees wakes for nothing else: the runtime's handlers have SA_RESTART. So one signal that
// nobody uses loses that flag while somebody is attached or waits for a tick at a time (ticker_unsafe.go), and ends
// wait4 with EINTR. The runtime takes no notice of it.

// wakeSignal is the last real-time signal.
const wakeSignal = syscall.Signal(64)

const saRestart = 0x10000000

// wakePause is how long a thread has to take notice before it is told again: a signal that comes just before wait4 is
// lost.
const wakePause = 5 * time.Millisecond

// Detach ends a run of Attach: all tasks are let go and live on as they were. It returns at once, and may be called
// before the start, too. It means nothing to a Run.
func (c *Control) Detach() {
	if c.detach.Swap(true) {
		return
	}
	go func() {
		for c.wake() {
			time.Sleep(wakePause)
		}
	}()
}

// wake interrupts the thread that is attached, and says whether there is one.
func (c *Control) wake() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.attached == 0 {
		return false
	}
	_ = unix.Tgkill(unix.Getpid(), c.attached, wakeSignal) // it is alive as long as it is named there
	return true
}

func (c *Control) beginAttach(tid int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attached = tid
}

func (c *Control) endAttach() {
	c.end()
	c.beginAttach(0)
}

// interruptible makes sig end blocking calls until the returned function is called.
func interruptible(sig syscall.Signal) (restore func(), errno syscall.Errno) {
	wakeMu.Lock()
	defer wakeMu.Unlock()
	if wakeUsers == 0 {
		if _, errno := setActionFlag(sig, saRestart, false); errno != 0 {
			return nil, errno
		}
	}
	wakeUsers++
	return func() {
		wakeMu.Lock()
		defer wakeMu.Unlock()
		if wakeUsers--; wakeUsers == 0 {
			_, _ = setActionFlag(sig, saRestart, true) // reading it worked a moment ago
		}
	}, 0
}

// wakeUsers counts the runs that the signal is to interrupt.
var (
	wakeMu    sync.Mutex
	wakeUsers int
)
