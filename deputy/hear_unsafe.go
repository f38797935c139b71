package deputy

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socketFilter reads the classic filter of a socket, nil if it has none. SO_GET_FILTER counts instructions, not bytes,
// and says with no room how many there are (sk_get_filter in net/core/filter.c).
func socketFilter(fd int) ([]unix.SockFilter, syscall.Errno) {
	var none unix.SockFilter
	errno := unix.EINVAL
	for tries := 0; tries < 4 && errno == unix.EINVAL; tries++ { // EINVAL: a longer one came meanwhile
		var n int
		if n, errno = getFilter(fd, &none, 0); errno != 0 || n == 0 {
			break
		}
		if n > filterMax {
			return nil, unix.EINVAL
		}
		program := make([]unix.SockFilter, n)
		if n, errno = getFilter(fd, &program[0], len(program)); errno == 0 {
			return program[:min(n, len(program))], 0
		}
	}
	return nil, errno
}

func getFilter(fd int, to *unix.SockFilter, room int) (int, syscall.Errno) {
	length := uint32(room)
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_GET_FILTER,
		uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(&length)), 0)
	return int(length), errno
}

// attachFilter replaces the filter of a socket.
func attachFilter(fd int, program []unix.SockFilter) syscall.Errno {
	if len(program) > filterMax {
		return unix.EINVAL
	}
	f := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		uintptr(unsafe.Pointer(&f)), unsafe.Sizeof(f), 0)
	runtime.KeepAlive(program)
	return errno
}
