package deputy

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// empty is the empty path, with which a call acts on the handle that it is given as a directory.
var empty = []byte{0}

const statxSize = int(unsafe.Sizeof(unix.Statx_t{}))

// statBytes and statfsBytes are structures as they lie in memory.
func statBytes(st *unix.Stat_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(st)), unsafe.Sizeof(*st))
}

func statfsBytes(fs *unix.Statfs_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(fs)), unsafe.Sizeof(*fs))
}

// statxHandle is statx(2) of a handle.
func statxHandle(fd int, flags, mask uint32, buf []byte) syscall.Errno {
	clear(buf)
	return pathCall(unix.SYS_STATX, fd, empty, uintptr(flags|unix.AT_EMPTY_PATH), uintptr(mask),
		uintptr(unsafe.Pointer(&buf[0])))
}

// accessHandle is faccessat2(2) of a handle, with the IDs for files.
func accessHandle(fd int, mode uint32, flags uint32) syscall.Errno {
	return pathCall(unix.SYS_FACCESSAT2, fd, empty, uintptr(mode),
		uintptr(flags|unix.AT_EACCESS|unix.AT_EMPTY_PATH), 0)
}

// accessAt is faccessat(2) of a NUL-terminated path, with the real IDs.
func accessAt(dir int, path []byte, mode uint32) syscall.Errno {
	return pathCall(unix.SYS_FACCESSAT, dir, path, uintptr(mode), 0, 0)
}

// getFlagsAt is file_getattr(2), Linux 6.17.
func getFlagsAt(dir int, path, attr []byte) syscall.Errno {
	return pathCall(unix.SYS_FILE_GETATTR, dir, path, uintptr(unsafe.Pointer(&attr[0])), uintptr(len(attr)), 0)
}

// nameToHandle is name_to_handle_at(2) of a handle: handle begins with the size of the rest that may be used.
func nameToHandle(fd int, handle, mount []byte, flags uint32) syscall.Errno {
	return pathCall(unix.SYS_NAME_TO_HANDLE_AT, fd, empty, uintptr(unsafe.Pointer(&handle[0])),
		uintptr(unsafe.Pointer(&mount[0])), uintptr(flags|unix.AT_EMPTY_PATH))
}

// getXattr is getxattr(2) of NUL-terminated names. An empty buf asks for the size.
func getXattr(path, name, buf []byte) (int, syscall.Errno) {
	for {
		n, _, e := unix.Syscall6(unix.SYS_GETXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&name[0])),
			uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), 0, 0)
		if e != unix.EINTR {
			return int(n), e
		}
	}
}

// getXattrAt is getxattrat(2), Linux 6.13. buf is the deputy's, on the heap (setXattrAt).
func getXattrAt(dir int, path, name, buf []byte) (int, syscall.Errno) {
	args := struct {
		value       uint64
		size, flags uint32
	}{uint64(uintptr(unsafe.Pointer(unsafe.SliceData(buf)))), uint32(len(buf)), 0}
	for {
		n, _, e := unix.Syscall6(unix.SYS_GETXATTRAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])), 0,
			uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args))
		if e != unix.EINTR {
			return int(n), e
		}
	}
}

// listXattrs is listxattr(2).
func listXattrs(path, buf []byte) (int, syscall.Errno) {
	for {
		n, _, e := unix.Syscall(unix.SYS_LISTXATTR, uintptr(unsafe.Pointer(&path[0])),
			uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)))
		if e != unix.EINTR {
			return int(n), e
		}
	}
}

// listXattrsAt is listxattrat(2), Linux 6.13.
func listXattrsAt(dir int, path, buf []byte) (int, syscall.Errno) {
	for {
		n, _, e := unix.Syscall6(unix.SYS_LISTXATTRAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])), 0,
			uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), 0)
		if e != unix.EINTR {
			return int(n), e
		}
	}
}
