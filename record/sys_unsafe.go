package record

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of the stop path on NUL-terminated buffers: the wrappers of x/sys copy every path to the heap.
// Lookups may block (network and FUSE file systems), so they go through the scheduler; EINTR is a signal to the tracer
// and no answer.

// lstat is fstatat(2) that follows no link in the last component, stat one that does.
func lstat(path []byte, st *unix.Stat_t) syscall.Errno {
	return statAt(path, st, unix.AT_SYMLINK_NOFOLLOW)
}

func stat(path []byte, st *unix.Stat_t) syscall.Errno { return statAt(path, st, 0) }

// faccess is faccessat(2), which has no flags: access(2).
func faccess(path []byte, mode uint32) syscall.Errno {
	for {
		_, _, e := unix.Syscall(unix.SYS_FACCESSAT, atCwd, uintptr(unsafe.Pointer(&path[0])), uintptr(mode))
		if e != unix.EINTR {
			return e
		}
	}
}

// readlink is readlinkat(2). A result that fills buf may be cut off.
func readlink(path, buf []byte) (int, syscall.Errno) {
	for {
		n, _, e := unix.Syscall6(unix.SYS_READLINKAT, atCwd, uintptr(unsafe.Pointer(&path[0])),
			uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
		switch e {
		case 0:
			return int(n), 0
		case unix.EINTR:
		default:
			return 0, e
		}
	}
}

// openRead opens a file for reading.
func openRead(path []byte) (int, syscall.Errno) {
	for {
		fd, _, e := unix.Syscall6(unix.SYS_OPENAT, atCwd, uintptr(unsafe.Pointer(&path[0])),
			unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY, 0, 0, 0)
		if e != unix.EINTR {
			return int(fd), e
		}
	}
}

// atCwd is AT_FDCWD as a register has it.
const atCwd = ^uintptr(99)
