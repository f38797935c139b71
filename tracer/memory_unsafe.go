package tracer

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// remoteVec is a struct iovec whose address belongs to another process, so it is no Go pointer.
type remoteVec struct {
	base, len uintptr
}

// vmReadv is process_vm_readv(2) with one piece on either side. It returns less than asked if the rest is not readable.
func vmReadv(tid int, addr uintptr, buf []byte) (int, syscall.Errno) {
	local := unix.Iovec{Base: &buf[0]}
	local.SetLen(len(buf))
	remote := remoteVec{base: addr, len: uintptr(len(buf))}
	n, _, errno := unix.Syscall6(unix.SYS_PROCESS_VM_READV, uintptr(tid), uintptr(unsafe.Pointer(&local)), 1,
		uintptr(unsafe.Pointer(&remote)), 1, 0)
	return int(n), errno
}
