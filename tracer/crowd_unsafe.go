package tracer

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// wait4(-1) looks at all tasks, one after another, before it sleeps and again when it is woken up: beside 2,000 idle ones
// that costs more than all else at a stop. wait4 of one TID looks at that one alone (do_wait_pid, 5.13). So where there
// are many tasks the thread sleeps until SIGCHLD, whose handler (tell) notes the task that it names, and asks that one.
//
// The handler is there only while the thread is about to sleep: it must not interrupt what is done at a stop (calls on
// some file systems fail then: fuse). Otherwise the kernel drops the signal as it makes it (sig_ignored). A thread that
// blocks it does no better: it goes to another thread of the Go runtime, also while this one waits in sigtimedwait
// (retarget_shared_pending). And of two that wait to be delivered the second is lost. So not each stop is told of. The
// tasks that stopped last, and those that something is expected of, are asked before each sleep, and all are looked at
// every now and then. After a silence the thread waits for all as ever.

// crowd finds stops where there are many tasks. It is off at first.
type crowd struct {
	on bool
	// from is with how many tasks it is turned on; with three quarters of that it is turned off.
	from int
	// unable: this program cannot listen to SIGCHLD.
	unable bool
	// recent are the tasks that are asked, the last one first; TID 0 is none.
	recent [asked]likely
	// looked is when all were last looked at, since when the wait began that is under way.
	looked, since time.Time
	// vain counts the looks in a row that found no stop that had been missed, up to enough and seldom.
	vain  int
	tasks map[int]*Task
	// heard counts the signals that were taken from told. listens and drops are the actions of SIGCHLD.
	heard          uint32
	listens, drops sigaction
	// deaf: no signal is heard and nobody asked. For tests.
	deaf bool
}

// told is what tell writes: how many signals there were, and whom the last of them named. At most one tracer listens at a
// time.
var told struct {
	count uint32
	pids  [toldSize]int32
}

// toldSize is a power of two; tell has it, too.
const toldSize = 16

const (
	// crowdFrom is from how many tasks on it pays: with fewer the tree loses more time by it than the tracer gains.
	crowdFrom = 750
	// asked is how many tasks are asked before each sleep, at some 150 ns each.
	asked = 16
	// tries is how often a task is asked in vain.
	tries = 64
	// lookEvery is how often all are looked at, but before each sleep after a stop was missed, and twice as long each time
	// that none was, seldom times. A silence that long ends with a look, and with this way of waiting.
	lookEvery = time.Millisecond
	seldom    = 3
)

// counts is told how many tasks there are, and whether a timer can end a sleep.
func (c *crowd) counts(tasks int, ticks bool) {
	switch {
	case c.on:
		c.on = tasks >= c.from*3/4 && soleTracer()
	case tasks >= c.from && ticks && !c.unable && soleTracer():
		c.on = c.able()
		c.unable = !c.on
	}
}

// able prepares to listen, if this program has SIGCHLD as it should be.
func (c *crowd) able() bool {
	if !asksAlone() {
		return false
	}
	var ok bool
	c.listens, ok = listenSIGCHLD(tellPC())
	if c.deaf {
		c.listens = c.drops
	}
	c.heard = atomic.LoadUint32(&told.count)
	return ok
}

// likely is a task that is asked.
type likely struct {
	tid int
	// vain counts how often in a row.
	vain int
}

// saw notes that a task has stopped, or is about to.
func (c *crowd) saw(tid int) {
	if c.deaf {
		return
	}
	i := 0
	for i < len(c.recent)-1 && c.recent[i].tid != tid {
		i++
	}
	copy(c.recent[1:i+1], c.recent[:i])
	c.recent[0] = likely{tid: tid}
}

// lost notes that a task is no more.
func (c *crowd) lost(tid int) {
	for i := range c.recent {
		if c.recent[i].tid == tid {
			c.drop(i)
			return
		}
	}
}

func (c *crowd) drop(i int) {
	copy(c.recent[i:], c.recent[i+1:])
	c.recent[len(c.recent)-1] = likely{}
}

func (c *crowd) isRecent(tid int) bool {
	for _, r := range c.recent {
		if r.tid == tid {
			return true
		}
	}
	return false
}

// next asks the recent tasks from the i-th on, up to the first that has stopped, and returns where to go on; pid 0 means
// that none has.
func (c *crowd) next(i int, status *unix.WaitStatus) (pid, after int) {
	for i < len(c.recent) && c.recent[i].tid != 0 {
		r := &c.recent[i]
		if pid := ask(r.tid, status); pid != 0 {
			r.vain = 0
			return pid, i + 1
		}
		if r.vain++; r.vain < tries {
			i++
		} else {
			c.drop(i)
		}
	}
	return 0, i
}

// mustLook says whether to look at all tasks now.
func (c *crowd) mustLook(now time.Time) bool {
	return c.vain < enough || now.Sub(c.looked) >= lookEvery<<(c.vain-enough)
}

// found is told what a look at all has found; pid 0 is nothing.
func (c *crowd) found(pid int) {
	switch {
	case pid == 0:
		c.vain = min(c.vain+1, enough+seldom)
	case c.tasks[pid] != nil && !c.isRecent(pid): // others were just born, or are about to be asked
		c.vain = 0
	}
}

// asksAlone says whether wait4 of one TID looks at that one alone: since 5.13. Where that was backported nothing is lost
// but time, and it cannot be seen but by the time that it takes.
func asksAlone() bool {
	var name unix.Utsname
	var major, minor int
	if unix.Uname(&name) != nil {
		return false
	}
	if n, _ := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &major, &minor); n != 2 {
		return false
	}
	return major > 5 || major == 5 && minor >= 13
}

// ask reports a stop of one task that is already there; pid 0 means that there is none, or no such task.
func ask(tid int, status *unix.WaitStatus) (pid int) {
	r, _, errno := unix.RawSyscall6(unix.SYS_WAIT4, uintptr(tid), uintptr(unsafe.Pointer(status)),
		waitMine|unix.WNOHANG, 0, 0, 0)
	if errno != 0 {
		return 0 // ECHILD: it is gone
	}
	return int(r)
}

// wait waits for the next stop, for at most lookEvery: pid 0 if nothing came.
func (c *crowd) wait(k *ticker, now time.Time, status *unix.WaitStatus) (pid int, errno syscall.Errno) {
	k.tick(lookEvery)
	_ = setAction(unix.SIGCHLD, &c.listens) // or else the timer ends the sleep
	pid, errno = c.listen(now, status)
	_ = setAction(unix.SIGCHLD, &c.drops)
	return pid, errno
}

// listen is wait while the handler is there.
func (c *crowd) listen(now time.Time, status *unix.WaitStatus) (pid int, errno syscall.Errno) {
	if pid = c.named(status); pid != 0 {
		return pid, 0
	}
	if pid, _ = c.next(0, status); pid != 0 {
		return pid, 0
	}
	silent := now.Sub(c.since) >= lookEvery
	if silent || c.mustLook(now) {
		c.looked = now
		if pid, *status, errno = poll(); errno == 0 {
			c.found(pid)
		}
		if pid != 0 || errno != 0 || silent {
			return pid, errno
		}
	}
	setBlocked(wakeSignal, false)
	const wait = 0 | 128 // FUTEX_WAIT, FUTEX_PRIVATE_FLAG; returns at once if more was told meanwhile
	_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&told.count)), wait, uintptr(c.heard), 0, 0, 0)
	setBlocked(wakeSignal, true)
	return c.named(status), 0
}

// named asks the tasks that SIGCHLD has named, up to the first that has stopped; pid 0 means that none has.
func (c *crowd) named(status *unix.WaitStatus) (pid int) {
	for {
		count := atomic.LoadUint32(&told.count)
		if count == c.heard {
			return 0
		}
		if count-c.heard > toldSize {
			c.heard = count - toldSize
		}
		tid := atomic.LoadInt32(&told.pids[c.heard%toldSize])
		c.heard++
		if tid <= 0 {
			continue // somebody else sent it
		}
		if pid := ask(int(tid), status); pid != 0 {
			return pid
		}
	}
}

// gather takes the stops of the tasks that are asked.
func (t *tracer) gather() {
	var status unix.WaitStatus
	for pid := t.crowd.named(&status); pid != 0; pid = t.crowd.named(&status) {
		t.add(pid, status)
	}
	for pid, i := t.crowd.next(0, &status); pid != 0; pid, i = t.crowd.next(i, &status) {
		t.add(pid, status)
	}
}
