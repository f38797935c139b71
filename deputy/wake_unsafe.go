package deputy

import (
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The Go runtime has a handler for every signal and has the kernel restart what they interrupt. For one real-time
// signal, which nothing else in this process uses, its action is read back, has SA_RESTART taken off, and is written:
// handler, mask and restorer stay the runtime's, which does nothing about a signal that nobody asked to be told of.

// wakeSignal ends the wait of a thread.
const wakeSignal = unix.Signal(60)

// saRestart is SA_RESTART of asm/signal.h, the same on all ports of Go.
const saRestart = 0x10000000

// sigaction has room for any port's struct. Only its flags are touched, see dropRestart.
type sigaction [8]uintptr

// wakeable makes wakeSignal interrupt calls, once for the process.
var wakeable = sync.OnceValue(func() syscall.Errno {
	var action sigaction
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(wakeSignal), 0, uintptr(unsafe.Pointer(&action)),
		sigsetSize, 0, 0)
	if errno != 0 {
		return errno
	}
	action.dropRestart()
	_, _, errno = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(wakeSignal), uintptr(unsafe.Pointer(&action)), 0,
		sigsetSize, 0, 0)
	return errno
})

// unblockWake lets wakeSignal reach the calling thread, even if the program was started with it blocked.
func unblockWake() error {
	var set unix.Sigset_t
	const bits = 8 * unsafe.Sizeof(set.Val[0])
	set.Val[(wakeSignal-1)/unix.Signal(bits)] = 1 << ((wakeSignal - 1) % unix.Signal(bits))
	return unix.PthreadSigmask(unix.SIG_UNBLOCK, &set, nil)
}
