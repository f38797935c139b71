package launch

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// DefaultAction gives a signal its default action behind the back of the Go runtime, which would answer SIGQUIT, SIGABRT
// or SIGSEGV with a traceback and status 2, and does not notice. Any goroutine may call it.
func DefaultAction(sig syscall.Signal) error {
	// A zeroed struct sigaction is SIG_DFL with no flags and an empty mask on every architecture; 8 is the size of the
	// kernel's sigset_t but on mips.
	var dfl [8]uint64
	setSize := uintptr(8)
	if runtime.GOARCH[:min(4, len(runtime.GOARCH))] == "mips" {
		setSize = 16
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&dfl)), 0, setSize, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
