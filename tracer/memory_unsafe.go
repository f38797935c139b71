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

// Write copies buf to the task's memory at addr, with the task's own access: what it could not write itself is EFAULT.
// So there is no way round for kernels without process_vm_writev: /proc/PID/mem writes through page protections. EPERM
// and ESRCH are as for Read.
//
// Precondition: the task is stopped.
func (t *Task) Write(addr uint64, buf []byte) syscall.Errno {
	for len(buf) > 0 {
		if addr != uint64(uintptr(addr)) {
			return unix.EFAULT // a 64-bit address seen by a 32-bit tracer
		}
		local := unix.Iovec{Base: &buf[0]}
		local.SetLen(len(buf))
		remote := remoteVec{base: uintptr(addr), len: uintptr(len(buf))}
		n, _, errno := unix.Syscall6(unix.SYS_PROCESS_VM_WRITEV, uintptr(t.TID), uintptr(unsafe.Pointer(&local)), 1,
			uintptr(unsafe.Pointer(&remote)), 1, 0)
		if errno != 0 {
			return errno
		}
		if n == 0 {
			return unix.EFAULT
		}
		addr += uint64(n)
		buf = buf[n:]
	}
	return 0
}

// peek reads at most one word by PTRACE_PEEKDATA. process_vm_readv(2) asks for CAP_SYS_PTRACE where a task has another
// user than the tracer, which root in a container often lacks; an attached tracer may read all the same, unless the
// task is not dumpable (ptrace_access_vm, kernel/ptrace.c). Like /proc/PID/mem it reads through page protections.
func peek(tid int, addr uint64, buf []byte) (int, syscall.Errno) {
	const size = uint64(unsafe.Sizeof(uintptr(0)))
	var word [size]byte
	start := addr &^ (size - 1) // so that it stays within a page
	if errno := ptraceMemory(unix.PTRACE_PEEKDATA, tid, uintptr(start), unsafe.Pointer(&word)); errno != 0 {
		if errno == unix.EIO {
			errno = unix.EPERM // nothing is mapped there, or it may not be read: the caller cannot tell, and must not guess
		}
		return 0, errno
	}
	return copy(buf, word[addr-start:]), 0
}
