package pathres

import (
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// The system calls of the stop path on NUL-terminated buffers of our own: the wrappers of x/sys copy every path to the
// heap. Lookups may block (network and FUSE file systems), so they go through the scheduler; EINTR is a signal to the
// tracer and no answer.

// Constant paths.
var (
	empty  = []byte{0}
	dot    = []byte(".\x00")
	dotdot = []byte("..\x00")
)

// openAt is openat(2) of a NUL-terminated path.
func (r *Resolver) openAt(dir int, path []byte, flags int) (int, syscall.Errno) {
	for {
		fd, _, e := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])),
			uintptr(flags|unix.O_CLOEXEC), 0, 0, 0)
		if e != unix.EINTR {
			return int(fd), e
		}
	}
}

// openHow is openat2(2) of a NUL-terminated path.
func (r *Resolver) openHow(dir int, path []byte, flags int, resolve uint64) (int, syscall.Errno) {
	how := unix.OpenHow{Flags: uint64(flags | unix.O_CLOEXEC), Resolve: resolve}
	for {
		fd, _, e := unix.Syscall6(unix.SYS_OPENAT2, uintptr(dir), uintptr(unsafe.Pointer(&path[0])),
			uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0)
		if e != unix.EINTR {
			return int(fd), e
		}
	}
}

// readlink is readlinkat(2) of a NUL-terminated path. A result that fills buf may be cut off.
func readlink(dir int, path, buf []byte) (int, syscall.Errno) {
	for {
		n, _, e := unix.Syscall6(unix.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])),
			uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
		if e != unix.EINTR {
			return int(n), e
		}
	}
}

// statx is statx(2) of a NUL-terminated path. Identity never changes, so no server is asked for fresh attributes.
func statx(dir int, path []byte, flags int, st *unix.Statx_t) syscall.Errno {
	const mask = unix.STATX_TYPE | unix.STATX_MODE | unix.STATX_NLINK | unix.STATX_UID | unix.STATX_INO |
		unix.STATX_SIZE | unix.STATX_MNT_ID
	for {
		_, _, e := unix.Syscall6(unix.SYS_STATX, uintptr(dir), uintptr(unsafe.Pointer(&path[0])),
			uintptr(flags|unix.AT_STATX_DONT_SYNC), mask, uintptr(unsafe.Pointer(st)), 0)
		if e != unix.EINTR {
			return e
		}
	}
}

// fstatat is fstatat(2) of a NUL-terminated path.
func fstatat(dir int, path []byte, flags int, st *unix.Stat_t) syscall.Errno {
	for {
		_, _, e := unix.Syscall6(sysFstatat, uintptr(dir), uintptr(unsafe.Pointer(&path[0])),
			uintptr(unsafe.Pointer(st)), uintptr(flags), 0, 0)
		if e != unix.EINTR {
			return e
		}
	}
}

// closeHandle closes a descriptor. It can block: dropping the last reference to an unlinked file frees its blocks.
func closeHandle(fd int) {
	unix.Syscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}

// dup returns another descriptor of the same handle.
func dup(fd int) (int, syscall.Errno) {
	n, _, e := unix.Syscall(unix.SYS_FCNTL, uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	return int(n), e
}

// link returns the name of one of the task's magic links below r.proc, NUL-terminated: "TID/cwd", or "TID/fd/N" with
// n >= 0. Valid until the next call.
func (r *Resolver) link(name string, n int) []byte {
	b := strconv.AppendInt(r.line[:0], int64(r.tid), 10)
	b = append(b, '/')
	b = append(b, name...)
	if n >= 0 {
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return append(b, 0)
}

// terminated returns b with the byte after it set to NUL, and that byte. Precondition: b has a byte after it that the
// caller owns; restore puts it back.
func terminated(b []byte) (z []byte, saved byte) {
	z = b[:len(b)+1]
	saved = z[len(b)]
	z[len(b)] = 0
	return z, saved
}

func restore(z []byte, saved byte) { z[len(z)-1] = saved }

// textOf reads the kernel's text for a handle, its path from the tracer's root, into r.text.
func (r *Resolver) textOf(fd int) ([]byte, syscall.Errno) {
	name := append(strconv.AppendInt(r.line[:0], int64(fd), 10), 0)
	n, e := readlink(r.fds, name, r.text[:])
	if e == 0 && n >= access.PathMax {
		e = unix.ENAMETOOLONG
	}
	if e != 0 {
		return nil, e
	}
	return r.text[:n], 0
}

// fsuid returns the file system user of the calling thread: (uid_t)-1 is none that setfsuid(2) could change it to.
func fsuid() uint32 {
	id, _, _ := unix.RawSyscall(sysSetfsuid, uintptr(^uint32(0)), 0, 0)
	return uint32(id)
}
