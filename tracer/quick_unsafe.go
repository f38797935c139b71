package tracer

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A task that was let go to wait for its gift asks for it a few microseconds later. To wake another thread for the
// answer costs more than all else that is done for an open, so a tracer that has nothing else to do waits for the
// question itself, for a moment. What does not come in time is the goroutine's: the task is interrupted, or the machine
// is busy and does not let it run; then the tracer does not wait again for a while, because other tasks may stop.

// quick is what the tracer's thread needs to answer at once. All of it is that thread's.
type quick struct {
	epoll int // for the listener, -1 if there is none
	note  notification
	// misses counts the moments in a row that were too short, skip those gifts that are not waited for.
	misses, skip int
}

const (
	// moment is how long is waited for a question. The longest that a task can run before it gives way is ten times that.
	moment = 300 * time.Microsecond
	// mostSkipped bounds the gifts that are left to the goroutine after a moment that was too short.
	mostSkipped = 256
)

// onlyLate leaves all answers to the goroutine. For tests.
var onlyLate bool

// listen has to be called before anybody else waits for the listener.
func (q *quick) listen(listener int) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return
	}
	if !watches(epoll, listener, unix.EPOLLIN|unix.EPOLLEXCLUSIVE) {
		unix.Close(epoll)
		return
	}
	q.epoll = epoll
}

// attends says whether the tracer's thread is to answer the task that it is about to let go. answerSoon has to follow:
// until then the goroutine answers nobody, lest it takes the question while the tracer waits for it.
func (r *giver) attends() bool {
	q := &r.quick
	switch {
	case q.epoll < 0, onlyLate:
		return false
	case q.skip > 0:
		q.skip--
		return false
	}
	return r.taking.TryLock() // or the goroutine is at it
}

// answerSoon answers the task that was just let go, and whoever else asks.
func (r *giver) answerSoon() {
	defer r.taking.Unlock()
	q := &r.quick
	start := time.Now()
	waitMoment(q.epoll)
	r.answerAll(&q.note)
	if time.Since(start) < moment {
		q.misses = 0
		return
	}
	q.misses++
	q.skip = min(1<<min(q.misses, 16), mostSkipped)
}

// kernelTimespec is struct __kernel_timespec, which is of 64 bits everywhere: calls that are younger than Linux 5.1 know
// no other, and a unix.Timespec of a 32-bit machine would make 300 µs some 40 million years.
type kernelTimespec struct{ seconds, nanoseconds int64 }

// waitMoment waits at an epoll for a moment, in whole milliseconds where the kernel knows nothing shorter (epoll_pwait2,
// Linux 5.11). What there is to do then is seen by looking.
func waitMoment(epoll int) {
	var event [1]unix.EpollEvent
	timeout := kernelTimespec{nanoseconds: int64(moment)}
	_, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epoll), uintptr(unsafe.Pointer(&event[0])), 1,
		uintptr(unsafe.Pointer(&timeout)), 0, 0)
	if errno == unix.ENOSYS || errno == syscall.EPERM {
		_, _ = unix.EpollWait(epoll, event[:], 1)
	}
}
