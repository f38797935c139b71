package tracer

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// waitMine makes wait4 see every kind of child (__WALL) but only children and tracees of this very thread
// (__WNOTHREAD), so that os/exec elsewhere in the process keeps its own.
const waitMine = unix.WALL | unix.WNOTHREAD

// poll reports a stop that is already there; pid 0 means that there is none. Raw, because it does not block.
func poll() (pid int, ws unix.WaitStatus, errno syscall.Errno) {
	var status int32
	r, _, errno := unix.RawSyscall6(unix.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&status)),
		waitMine|unix.WNOHANG, 0, 0, 0)
	return int(r), unix.WaitStatus(status), errno
}

// block waits for the next stop.
func (t *tracer) block() (pid int, ws unix.WaitStatus, err error) {
	for waits := 0; t.ticker.raw(); waits++ {
		t.near.now = t.pace.yield()
		if waits == 0 {
			t.crowd.since = t.near.now
		}
		t.near.look()
		t.adoptLate(t.near.now)
		pid, errno := t.rawWait()
		if errno != 0 {
			return -1, 0, errno
		}
		if pid > 0 {
			return pid, t.status, nil
		}
	}
	for len(t.held) > 0 {
		if pid, ws, errno := poll(); pid != 0 || errno != 0 {
			return waited(pid, ws, errno)
		}
		time.Sleep(time.Millisecond)
		t.adoptLate(time.Now())
	}
	t.near.disperse() // nobody looks while the tree is quiet
	t.ticker.rest()
	t.forward.waits(true)
	pid, err = unix.Wait4(-1, &t.status, waitMine, nil)
	t.forward.waits(false)
	t.ticker.quiet = 0
	return pid, t.status, err
}

// rawWait waits for the next stop without the Go scheduler, for at most a tick: pid 0 if nothing came.
func (t *tracer) rawWait() (pid int, errno syscall.Errno) {
	silent := t.crowd.looked.Sub(t.crowd.since) >= lookEvery
	if t.crowd.on && !silent {
		return t.crowd.wait(&t.ticker, t.near.now, &t.status)
	}
	return t.ticker.wait(&t.status)
}

// waited is what a wait returns.
func waited(pid int, ws unix.WaitStatus, errno syscall.Errno) (int, unix.WaitStatus, error) {
	if errno != 0 {
		return -1, 0, errno
	}
	return pid, ws, nil
}

// childless says whether the calling thread has neither children nor tracees.
func childless() bool {
	var info [128]byte
	_, _, errno := unix.RawSyscall6(unix.SYS_WAITID, unix.P_ALL, 0, uintptr(unsafe.Pointer(&info)),
		waitMine|unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, 0, 0)
	return errno == unix.ECHILD
}
