package deputy

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of the stop path on NUL-terminated buffers of our own: the wrappers of x/sys copy every path to the
// heap, and those that change credentials change all threads. What can wait for a file system goes through the
// scheduler; EINTR is a signal to the tracer and no answer.

// pathCall makes a call whose first arguments are a directory and a NUL-terminated path. The others may be addresses,
// which are numbers here: what they point to must not be on the stack, which moves.
//
//go:uintptrescapes
func pathCall(trap uintptr, dir int, path []byte, a, b, c uintptr) syscall.Errno {
	for {
		_, _, e := unix.Syscall6(trap, uintptr(dir), uintptr(unsafe.Pointer(&path[0])), a, b, c, 0)
		if e != unix.EINTR {
			return e
		}
	}
}

// twoPathCall makes a call on two names.
func twoPathCall(trap uintptr, dir int, path []byte, dir2 int, path2 []byte, flags uintptr) syscall.Errno {
	for {
		_, _, e := unix.Syscall6(trap, uintptr(dir), uintptr(unsafe.Pointer(&path[0])), uintptr(dir2),
			uintptr(unsafe.Pointer(&path2[0])), flags, 0)
		if e != unix.EINTR {
			return e
		}
	}
}

// symlinkAt is symlinkat(2), which has its text first.
func symlinkAt(text []byte, dir int, name []byte) syscall.Errno {
	for {
		_, _, e := unix.Syscall(unix.SYS_SYMLINKAT, uintptr(unsafe.Pointer(&text[0])), uintptr(dir),
			uintptr(unsafe.Pointer(&name[0])))
		if e != unix.EINTR {
			return e
		}
	}
}

// openAt is openat(2), close-on-exec.
func openAt(dir int, path []byte, flags int, mode uint32) (int, syscall.Errno) {
	for {
		fd, _, e := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])),
			uintptr(flags|unix.O_CLOEXEC|unix.O_LARGEFILE), uintptr(mode), 0, 0)
		if e != unix.EINTR {
			return int(fd), noRoom(e)
		}
	}
}

func read(fd int, buf []byte) (int, syscall.Errno) {
	for {
		n, _, e := unix.Syscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
		if e != unix.EINTR {
			return int(n), e
		}
	}
}

// readlink is readlinkat(2). n is -1 on errors.
func readlink(dir int, path, buf []byte) (int, syscall.Errno) {
	for {
		n, _, e := unix.Syscall6(unix.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])),
			uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
		if e != unix.EINTR {
			return int(n), e
		}
	}
}

func closeFD(fd int) { unix.Syscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// setUmask returns what it was.
func setUmask(mask int) int {
	old, _, _ := unix.RawSyscall(unix.SYS_UMASK, uintptr(mask), 0, 0)
	return int(old)
}

// noID is (uid_t)-1: setfsuid and setfsgid change nothing and say what is.
const noID = ^uint32(0)

func setfsuid(id uint32) uint32 {
	old, _, _ := unix.RawSyscall(sysSetfsuid, uintptr(id), 0, 0)
	return uint32(old)
}

func setfsgid(id uint32) uint32 {
	old, _, _ := unix.RawSyscall(sysSetfsgid, uintptr(id), 0, 0)
	return uint32(old)
}

// setresuid is setresuid(2) of the calling thread alone.
func setresuid(t triple) syscall.Errno {
	_, _, e := unix.RawSyscall(sysSetresuid, uintptr(t.real), uintptr(t.effective), uintptr(t.saved))
	return e
}

// setresgid is setresgid(2) of the calling thread alone.
func setresgid(t triple) syscall.Errno {
	_, _, e := unix.RawSyscall(sysSetresgid, uintptr(t.real), uintptr(t.effective), uintptr(t.saved))
	return e
}

func setUndumpable() { unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0, 0) }

func setgroups(groups []uint32) syscall.Errno {
	_, _, e := unix.RawSyscall(sysSetgroups, uintptr(len(groups)), uintptr(unsafe.Pointer(unsafe.SliceData(groups))), 0)
	return e
}

func capset(effective, permitted, inheritable uint64) syscall.Errno {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{
		{Effective: uint32(effective), Permitted: uint32(permitted), Inheritable: uint32(inheritable)},
		{Effective: uint32(effective >> 32), Permitted: uint32(permitted >> 32), Inheritable: uint32(inheritable >> 32)},
	}
	_, _, e := unix.RawSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data[0])), 0)
	return e
}
