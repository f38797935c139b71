package netres

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// setFilter gives the thread a seccomp filter.
func setFilter(program []unix.SockFilter) syscall.Errno {
	f := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER,
		uintptr(unsafe.Pointer(&f)))
	runtime.KeepAlive(program)
	return errno
}
