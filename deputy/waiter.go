package deputy

import (
	"math"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A call that may wait is done on a thread of its own, which is given the task's rights, waits in the kernel and takes
// its own again. A signal ends the wait: one of no meaning, whose action says that interrupted calls are not to be
// started again.

// waiter is a call that waits.
type waiter struct {
	deputy *Deputy // the task's rights and handles of its own, for the thread that does the call
	held   []int   // further handles, closed when all is over
	// take gives the thread what it needs. nil: the task's rights.
	take func(d *Deputy) syscall.Errno
	// once does the call on the thread that waits and returns its result. -EINTR is a signal of the runtime's, which
	// means to do it again, or the one that says that nobody waits any more.
	once func(d *Deputy) int64
	// timed: the socket waits for a limited time only.
	timed bool
	// sofar is the result of a call that is given up, if not 0: some of it has happened. once may raise it.
	sofar int64
	// after, if not nil, is told the result, where the tracer's own rights are.
	after func(result int64)

	tid   atomic.Int32 // of the thread, 0 before it begins
	given atomic.Bool  // nobody waits for it any more
}

// waiter makes one for the task. With an errno, too, it has to be closed.
func (d *Deputy) waiter() (*waiter, syscall.Errno) {
	lent := d.lend()
	w := &waiter{deputy: lent}
	var errno syscall.Errno
	lent.fds, errno = dup(d.fds)
	for i := 0; i < len(d.rulesets) && errno == 0; i++ {
		var ruleset int
		if ruleset, errno = dup(d.rulesets[i]); errno == 0 {
			lent.rulesets = append(lent.rulesets, ruleset)
		}
	}
	return w, errno
}

// lend returns a Deputy for another thread, which starts with the tracer's rights and can take the task's.
func (d *Deputy) lend() *Deputy {
	lent := &Deputy{proc: -1, fds: -1, rights: d.rights}
	lent.status, lent.spare = nil, nil
	lent.task.groups = slices.Clone(d.task.groups)
	lent.now, lent.nowCaps, lent.whole = &lent.own, lent.own.effective, false
	return lent
}

// hold returns a handle of the waiter's own of what another handle is on.
func (w *waiter) hold(fd int) (int, syscall.Errno) {
	n, errno := dup(fd)
	if errno != 0 {
		return -1, errno
	}
	w.held = append(w.held, n)
	return n, 0
}

func (w *waiter) close() {
	for _, fd := range append(append(w.held, w.deputy.rulesets...), w.deputy.fds) {
		if fd >= 0 {
			closeFD(fd)
		}
	}
}

// run does the call and waits for its end, or until cancel is closed and then for what it has come to.
func (w *waiter) run(cancel <-chan struct{}) int64 {
	value := w.start(cancel)
	w.close()
	if w.after != nil {
		w.after(value)
	}
	return value
}

func (w *waiter) start(cancel <-chan struct{}) int64 {
	select {
	case <-cancel: // nobody wants it any more: nobody else may notice that somebody did
		return w.ended(unix.EINTR)
	default:
	}
	result := make(chan int64, 1)
	go func() {
		runtime.LockOSThread()
		value := w.here()
		// The thread is the runtime's again if it is what it was. Otherwise it ends with the goroutine, and the runtime
		// has to make another, which it may not get: a tree can take every process that its user may have.
		if w.deputy.Own() == 0 && len(w.deputy.rulesets) == 0 && !w.deputy.entered {
			runtime.UnlockOSThread()
		}
		result <- value
	}()
	select {
	case value := <-result:
		return value
	case <-cancel:
	}
	w.given.Store(true)
	// A signal that comes just before the thread waits in the kernel is lost.
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		if tid := int(w.tid.Load()); tid != 0 {
			// It fails only if the thread has ended, and then there is a result.
			_ = unix.Tgkill(os.Getpid(), tid, wakeSignal)
		}
		select {
		case value := <-result:
			return value // EINTR, or it came to an end at that moment: the other end has met it
		case <-time.After(pause):
		}
	}
}

// ended is the result of a call that cannot go on.
func (w *waiter) ended(errno syscall.Errno) int64 {
	switch {
	case w.sofar != 0:
		return w.sofar
	case errno == unix.EINTR && w.timed:
		return Interrupted
	}
	return -int64(errno)
}

// Interrupted is what a Do returns for an EINTR that no SA_RESTART turns into a new start: that of a socket with a
// timeout (SO_SNDTIMEO, signal(7); sock_intr_errno in net/sock.h).
const Interrupted = math.MinInt64

// here does the call on the calling thread.
func (w *waiter) here() int64 {
	if errno := wakeable(); errno != 0 {
		return w.ended(errno)
	}
	if err := unblockWake(); err != nil {
		return w.ended(unix.EAGAIN)
	}
	take := w.take
	if take == nil {
		take = (*Deputy).Task
	}
	if errno := take(w.deputy); errno != 0 {
		return w.ended(errno)
	}
	if len(w.deputy.rulesets) > 0 && restrict(w.deputy.rulesets) != nil {
		return w.ended(unix.EACCES)
	}
	w.tid.Store(int32(unix.Gettid()))
	for {
		if w.given.Load() {
			return w.ended(unix.EINTR)
		}
		if value := w.once(w.deputy); value != -int64(unix.EINTR) {
			return value
		}
	}
}
