package deputy

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// setTimes is utimensat(2) on what path leads to.
func setTimes(dir int, path []byte, times *fileTimes) syscall.Errno {
	for {
		_, _, e := unix.Syscall6(sysUtimensat, uintptr(dir), uintptr(unsafe.Pointer(&path[0])),
			uintptr(unsafe.Pointer(times)), 0, 0, 0)
		if e != unix.EINTR {
			return e
		}
	}
}

// setXattr is setxattr(2) of a NUL-terminated path and name.
func setXattr(path, name, value []byte, flags uint32) syscall.Errno {
	for {
		_, _, e := unix.Syscall6(unix.SYS_SETXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&name[0])),
			uintptr(unsafe.Pointer(unsafe.SliceData(value))), uintptr(len(value)), uintptr(flags), 0)
		if e != unix.EINTR {
			return e
		}
	}
}

// setXattrAt is setxattrat(2), Linux 6.13. The value is the deputy's, on the heap: as the call has its address in a
// structure, nothing else would hold it in its place.
func setXattrAt(dir int, path, name, value []byte, flags uint32) syscall.Errno {
	args := struct {
		value       uint64
		size, flags uint32
	}{uint64(uintptr(unsafe.Pointer(unsafe.SliceData(value)))), uint32(len(value)), flags}
	for {
		_, _, e := unix.Syscall6(unix.SYS_SETXATTRAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])), 0,
			uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args))
		if e != unix.EINTR {
			return e
		}
	}
}

// removeXattr is removexattr(2).
func removeXattr(path, name []byte) syscall.Errno {
	for {
		_, _, e := unix.Syscall(unix.SYS_REMOVEXATTR, uintptr(unsafe.Pointer(&path[0])),
			uintptr(unsafe.Pointer(&name[0])), 0)
		if e != unix.EINTR {
			return e
		}
	}
}

// removeXattrAt is removexattrat(2), Linux 6.13.
func removeXattrAt(dir int, path, name []byte) syscall.Errno {
	for {
		_, _, e := unix.Syscall6(unix.SYS_REMOVEXATTRAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])), 0,
			uintptr(unsafe.Pointer(&name[0])), 0, 0)
		if e != unix.EINTR {
			return e
		}
	}
}

// setFlagsAt is file_setattr(2), Linux 6.17.
func setFlagsAt(dir int, path, attr []byte) syscall.Errno {
	for {
		_, _, e := unix.Syscall6(unix.SYS_FILE_SETATTR, uintptr(dir), uintptr(unsafe.Pointer(&path[0])),
			uintptr(unsafe.Pointer(&attr[0])), uintptr(len(attr)), 0, 0)
		if e != unix.EINTR {
			return e
		}
	}
}

// ioctl is ioctl(2) of a request that points to a structure.
func ioctl(fd int, request uint32, data []byte) syscall.Errno {
	for {
		_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(unsafe.Pointer(&data[0])))
		if e != unix.EINTR {
			return e
		}
	}
}

// addInotifyWatch is inotify_add_watch(2) of a path in the working directory.
func addInotifyWatch(instance int, path []byte, mask uint32) (int, syscall.Errno) {
	wd, _, e := unix.Syscall(unix.SYS_INOTIFY_ADD_WATCH, uintptr(instance), uintptr(unsafe.Pointer(&path[0])),
		uintptr(mask))
	return int(wd), e
}
