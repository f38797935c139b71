package deputy

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// An open that may wait (for the other end of a FIFO, the holder of a lease, a line, a disk) is done by a waiter.

// wait leaves an open of what a handle is on to whoever has the time. The handle stays the caller's.
func (op *opening) wait(pin int) Outcome {
	w, errno := op.d.waiter()
	if errno == 0 {
		pin, errno = w.hold(pin)
	}
	if errno != 0 {
		w.close()
		return done(errno)
	}
	flags := op.through()
	w.once = func(d *Deputy) int64 {
		fd, errno := openOnce(d.fds, d.pin(pin), flags, 0)
		if errno != 0 {
			return -int64(errno)
		}
		return int64(fd)
	}
	return Outcome{Kind: Blocks, CloseOnExec: op.Flags&unix.O_CLOEXEC != 0, Open: w.open}
}

// open is Outcome.Open.
func (w *waiter) open(cancel <-chan struct{}) (int, syscall.Errno) {
	if fd := w.run(cancel); fd >= 0 {
		return int(fd), 0
	} else {
		return -1, syscall.Errno(-fd)
	}
}
