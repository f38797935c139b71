package deputy

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// openHow is openat2(2) of a NUL-terminated path.
func openHow(dir int, path []byte, flags, mode, resolve uint64) (int, syscall.Errno) {
	how := unix.OpenHow{Flags: flags, Mode: mode, Resolve: resolve}
	for {
		fd, _, e := unix.Syscall6(unix.SYS_OPENAT2, uintptr(dir), uintptr(unsafe.Pointer(&path[0])),
			uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0)
		if e != unix.EINTR {
			return int(fd), noRoom(e)
		}
	}
}

// openRaw is openat(2) of a NUL-terminated path with these flags and no others.
func openRaw(dir int, path []byte, flags, mode uint64) (int, syscall.Errno) {
	for {
		fd, e := openOnce(dir, path, flags, mode)
		if e != unix.EINTR {
			return fd, e
		}
	}
}

// openOnce is openRaw that a signal can end.
func openOnce(dir int, path []byte, flags, mode uint64) (int, syscall.Errno) {
	fd, _, e := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])), uintptr(flags),
		uintptr(mode), 0, 0)
	return int(fd), noRoom(e)
}

// noRoom is the errno of an open for a task. That the tracer's own table is full is no limit of the task's: for the task
// it is the system that has no room.
func noRoom(e syscall.Errno) syscall.Errno {
	if e == unix.EMFILE {
		return unix.ENFILE
	}
	return e
}

// dup returns another descriptor of the same handle.
func dup(fd int) (int, syscall.Errno) {
	n, _, e := unix.Syscall(unix.SYS_FCNTL, uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	return int(n), noRoom(e)
}

// setFlags is fcntl(2) with F_SETFL: of these flags the kernel takes those that can be changed.
func setFlags(fd int, flags uint64) syscall.Errno {
	_, _, e := unix.Syscall(unix.SYS_FCNTL, uintptr(fd), unix.F_SETFL, uintptr(flags))
	return e
}

// sizeOf returns st_size of what a NUL-terminated name leads to, by statx(2), which Linux has from 4.11 on.
func sizeOf(dir int, name []byte) (uint64, syscall.Errno) {
	var st unix.Statx_t
	_, _, errno := unix.RawSyscall6(unix.SYS_STATX, uintptr(dir), uintptr(unsafe.Pointer(&name[0])), 0, unix.STATX_SIZE,
		uintptr(unsafe.Pointer(&st)), 0)
	return st.Size, errno
}

// softLimit is prlimit(2), asked of a task, of whose limits it is told 64-bit numbers by every kernel.
func softLimit(tid, resource int) (uint64, syscall.Errno) {
	var limit [2]uint64 // struct rlimit64: soft, hard
	_, _, errno := unix.RawSyscall6(unix.SYS_PRLIMIT64, uintptr(tid), uintptr(resource), 0, uintptr(unsafe.Pointer(&limit)), 0, 0)
	return limit[0], errno
}

// fstat is fstat(2).
func fstat(fd int, st *unix.Stat_t) syscall.Errno {
	if err := unix.Fstat(fd, st); err != nil {
		errno, _ := err.(syscall.Errno)
		return errno
	}
	return 0
}

// fstatfs is fstatfs(2).
func fstatfs(fd int, fs *unix.Statfs_t) syscall.Errno {
	if err := unix.Fstatfs(fd, fs); err != nil {
		errno, _ := err.(syscall.Errno)
		return errno
	}
	return 0
}
