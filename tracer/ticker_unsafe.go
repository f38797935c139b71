package tracer

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A wait for the next stop can go through the Go scheduler (unix.Wait4) or not (a raw call). Through it is the rule: a raw
// call keeps its processor, and whoever stops the world waits for it. But the scheduler costs more than a stop: its
// monitor (sysmon) takes the processor away after 10 ms without a stop, goes to sleep, is woken up by the next stop, and
// then looks every 20 µs for a while, on another CPU, whether there is more to take. Builds pause like that all the time:
// a third of the tracer's CPU time was the monitor's. So waits are raw but not long: a timer of this thread ends them.
// The world waits at most that long for it, and a tree that is quiet for longer is waited for as usual.

// ticker ends raw waits. The zero value cannot.
type ticker struct {
	id    int32
	ready bool
	// every is how often the timer expires; 0 if it does not run. Its signal is blocked but in a wait while it does.
	every time.Duration
	// quiet counts the raw waits in a row that nothing came in.
	quiet int
}

// rawTracers counts the threads that keep a processor while they wait.
var rawTracers atomic.Int32

// leftFree is how many processors the rest of the program has at least. The monitor is slow to take one away from a
// goroutine that waits in a call, so there has to be one for the next.
const leftFree = 3

const (
	// tick is how long a raw wait takes at most.
	tick = 10 * time.Millisecond
	// quietest is how many of them a quiet tree is waited for that way. Each costs some 150 µs, a change to the other way of
	// waiting and back about as much as three.
	quietest = 3
)

// sigevent is struct sigevent (linux, include/uapi/asm-generic/siginfo.h) with SIGEV_THREAD_ID.
type sigevent struct {
	value  uintptr
	signo  int32
	notify int32
	tid    int32
	_      [64]byte
}

const sigevThreadID = 4

// itimerspec is struct itimerspec, in the words of this port's timer_settime.
type itimerspec struct{ interval, value unix.Timespec }

// start makes the timer, for the calling thread. Where that fails, or there are too few processors for it
// (runtime.GOMAXPROCS), waits go through the scheduler.
//
// Precondition: the thread is locked.
func (k *ticker) start() (stop func()) {
	none := func() {}
	if int(rawTracers.Add(1)) > runtime.GOMAXPROCS(0)-leftFree {
		rawTracers.Add(-1)
		return none
	}
	restore, errno := interruptible(wakeSignal)
	if errno != 0 {
		rawTracers.Add(-1)
		return none
	}
	e := sigevent{signo: int32(wakeSignal), notify: sigevThreadID, tid: int32(unix.Gettid())}
	_, _, errno = unix.RawSyscall(unix.SYS_TIMER_CREATE, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&e)),
		uintptr(unsafe.Pointer(&k.id)))
	k.ready = errno == 0
	return func() {
		k.rest()
		if k.ready {
			k.ready = false
			_, _, _ = unix.RawSyscall(unix.SYS_TIMER_DELETE, uintptr(k.id), 0, 0)
		}
		restore()
		rawTracers.Add(-1)
	}
}

// raw says whether the next wait is a raw one.
func (k *ticker) raw() bool { return k.ready && k.quiet < quietest }

// tick makes the timer expire every so often from now on. Its signal must not come while anything else is done (calls on
// some file systems fail then: fuse), nor be lost just before a wait: it is blocked but in a wait, where one that is left
// from before ends nothing, and the next one comes within a tick. To start and stop the timer for each wait costs more: in
// a virtual machine the host has to be told. The shim must have been started before, as it would inherit the blocked
// signal.
func (k *ticker) tick(every time.Duration) {
	if k.every == every {
		return
	}
	if k.every == 0 {
		setBlocked(wakeSignal, true)
	}
	k.every = every
	k.set(every)
}

// rest stops the timer, before a wait of the other kind.
func (k *ticker) rest() {
	if k.every != 0 {
		k.every = 0
		k.set(0)
		setBlocked(wakeSignal, false)
	}
}

func (k *ticker) set(every time.Duration) {
	t := itimerspec{unix.NsecToTimespec(int64(every)), unix.NsecToTimespec(int64(every))}
	_, _, _ = unix.RawSyscall6(unix.SYS_TIMER_SETTIME, uintptr(k.id), 0, uintptr(unsafe.Pointer(&t)), 0, 0, 0)
}

// setBlocked blocks a signal for this thread, or no longer.
func setBlocked(sig syscall.Signal, on bool) {
	how := uintptr(unix.SIG_UNBLOCK)
	if on {
		how = unix.SIG_BLOCK
	}
	set := sigset(sig)
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, how, uintptr(unsafe.Pointer(&set)), 0, unsafe.Sizeof(set), 0, 0)
}

// sigset is the kernel's sigset_t: 64 signals.
func sigset(sig syscall.Signal) uint64 { return 1 << (sig - 1) }

// wait is wait4 for at most a tick: pid 0 if nothing came.
func (k *ticker) wait(status *unix.WaitStatus) (pid int, errno syscall.Errno) {
	k.tick(tick)
	setBlocked(wakeSignal, false)
	r, _, errno := unix.RawSyscall6(unix.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(status)), waitMine, 0, 0, 0)
	setBlocked(wakeSignal, true)
	switch errno {
	case 0:
		k.quiet = 0
		return int(r), 0
	case unix.EINTR:
		k.quiet++
		return 0, 0
	}
	return -1, errno
}
