package deputy

import (
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// addressMax is sizeof(struct sockaddr_storage): no address is longer.
const addressMax = 128

// getOption is getsockopt(2) of an int of SOL_SOCKET.
func getOption(fd int, name uintptr) (int, syscall.Errno) {
	var value int32
	length := uint32(4)
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, name,
		uintptr(unsafe.Pointer(&value)), uintptr(unsafe.Pointer(&length)), 0)
	return int(value), errno
}

// hasTimeout says whether sending and connecting wait for a limited time (SO_SNDTIMEO).
func hasTimeout(fd int) bool {
	var limit unix.Timeval
	length := uint32(unsafe.Sizeof(limit))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_SNDTIMEO,
		uintptr(unsafe.Pointer(&limit)), uintptr(unsafe.Pointer(&length)), 0)
	return errno == 0 && (limit.Sec != 0 || limit.Usec != 0)
}

// addressOf is getsockname(2) or getpeername(2). It returns the length of the address.
func addressOf(trap uintptr, fd int, name *[addressMax]byte) (int, syscall.Errno) {
	length := uint32(len(name))
	_, _, errno := unix.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&length)))
	return min(int(length), len(name)), errno
}

// connectRaw is connect(2) once: a signal can end it.
func connectRaw(fd int, address []byte) syscall.Errno {
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(address))),
		uintptr(len(address)))
	return errno
}

// bindRaw is bind(2) of an address as it is.
func bindRaw(fd int, address []byte) syscall.Errno {
	_, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(address))),
		uintptr(len(address)))
	return errno
}

// listenRaw is listen(2).
func listenRaw(fd int, backlog int32) syscall.Errno {
	_, _, errno := unix.Syscall(unix.SYS_LISTEN, uintptr(fd), uintptr(backlog), 0)
	return errno
}

// sendtoRaw is sendto(2) once. A nil address is none, an empty one is one of no bytes.
func sendtoRaw(fd int, payload []byte, flags uint32, address []byte) (int, syscall.Errno) {
	n, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(payload))),
		uintptr(len(payload)), uintptr(flags), uintptr(unsafe.Pointer(unsafe.SliceData(address))), uintptr(len(address)))
	return int(n), errno
}

// sendmsgRaw is sendmsg(2) once, of one piece.
func sendmsgRaw(fd int, payload []byte, flags uint32, address, control []byte) (int, syscall.Errno) {
	iov := unix.Iovec{Base: unsafe.SliceData(payload)}
	iov.SetLen(len(payload))
	h := unix.Msghdr{Name: unsafe.SliceData(address), Namelen: uint32(len(address)), Iov: &iov,
		Control: unsafe.SliceData(control)}
	h.SetIovlen(1)
	h.SetControllen(len(control))
	if len(address) == 0 {
		h.Name = nil
	}
	if len(control) == 0 {
		h.Control = nil
	}
	n, _, errno := unix.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&h)), uintptr(flags))
	return int(n), errno
}

// ProtocolOf is the name that the kernel has for the protocol of a task's socket (the attribute system.sockprotoname of
// sockfs, Linux 2.6.39): "UNIX" or "UNIX-STREAM", "TCP", "UDPv6". inode is what the socket is told by. It is for kernels
// that let nobody have the descriptors of others: another thread may put another socket under the number meanwhile.
func ProtocolOf(tid int, fd int32) (name string, inode uint64, ok bool) {
	path := "/proc/" + strconv.Itoa(tid) + "/fd/" + strconv.Itoa(int(fd))
	var buf [64]byte
	n, err := unix.Getxattr(path, "system.sockprotoname", buf[:])
	var st unix.Stat_t
	if err != nil || unix.Stat(path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return "", 0, false
	}
	return unix.ByteSliceToString(buf[:n]), uint64(st.Ino), true
}
