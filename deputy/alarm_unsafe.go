package deputy

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// connect(2) has no flag that says not to wait: only the socket has, and another thread of the task can take it off at
// any moment. So a thread that must not be kept sets an alarm: a timer (timer_create(2)) that sends it, and nobody
// else, the signal that ends waits, again and again until it is called off, as one that comes before the wait is lost.

// alarm is one thread's.
type alarm struct {
	timer int32
	state alarmState
}

type alarmState uint8

const (
	alarmUnmade alarmState = iota
	alarmReady
	alarmNone // the kernel has no timers, or no room for one
)

// alarmAfter is how long a thread is kept at most. What does not wait for another process is over long before.
const alarmAfter = 500 * time.Microsecond

// sigevent is struct sigevent of asm-generic/siginfo.h. Its size is SIGEV_MAX_SIZE on all ports.
type sigevent struct {
	value  uintptr
	signal int32
	notify int32
	tid    int32
	_      [64 - unsafe.Sizeof(uintptr(0)) - 12]byte
}

const sigevThreadID = 4

// set has the calling thread interrupted in what it waits for. It is false if that cannot be done.
func (a *alarm) set() bool {
	if a.state == alarmUnmade {
		a.state = alarmNone
		if wakeable() == 0 && unblockWake() == nil && a.make() {
			a.state = alarmReady
		}
	}
	return a.state == alarmReady && a.settime(alarmAfter) == 0
}

// off calls it off.
func (a *alarm) off() { a.settime(0) }

func (a *alarm) make() bool {
	event := sigevent{signal: int32(wakeSignal), notify: sigevThreadID, tid: int32(unix.Gettid())}
	_, _, errno := unix.RawSyscall(unix.SYS_TIMER_CREATE, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&event)),
		uintptr(unsafe.Pointer(&a.timer)))
	return errno == 0
}

func (a *alarm) settime(after time.Duration) syscall.Errno {
	at := unix.NsecToTimespec(int64(after))
	spec := [2]unix.Timespec{at, at} // struct itimerspec: interval, first
	_, _, errno := unix.RawSyscall6(unix.SYS_TIMER_SETTIME, uintptr(a.timer), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	return errno
}

func (a *alarm) close() {
	if a.state == alarmReady {
		unix.RawSyscall(unix.SYS_TIMER_DELETE, uintptr(a.timer), 0, 0)
	}
	a.state = alarmNone
}
