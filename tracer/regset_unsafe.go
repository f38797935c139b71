package tracer

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// Register sets (linux/elf.h).
const (
	setPrstatus      = 1     // NT_PRSTATUS
	setARMSystemCall = 0x404 // NT_ARM_SYSTEM_CALL: one int
)

// getRegset is PTRACE_GETREGSET into buf; it returns how much the kernel wrote, which tells a compat tracee from a
// native one. buf is as large as arch.Regs.Buffer.
func getRegset(tid int, set uintptr, buf []byte) (int, syscall.Errno) {
	var iov unix.Iovec
	iov.Base = &buf[0]
	iov.SetLen(len(buf))
	if set != setPrstatus || !plainRegs.Load() {
		_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GETREGSET, uintptr(tid), set,
			uintptr(unsafe.Pointer(&iov)), 0, 0)
		if errno != unix.EIO || set != setPrstatus || plainSize == 0 {
			return int(iov.Len), errno
		}
		plainRegs.Store(true)
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, requestGetRegs, uintptr(tid), 0,
		uintptr(unsafe.Pointer(&buf[:plainSize][0])), 0, 0)
	return plainSize, errno
}

// plainRegs: the kernel lacks PTRACE_GETREGSET and PTRACE_SETREGSET, as user-mode Linux does. Where they have the older
// requests, those take the native set of the tracer's own ABI, of any task.
var plainRegs atomic.Bool

// The older requests of x86 and arm (asm/ptrace-abi.h, asm/ptrace.h).
const (
	requestGetRegs = 12
	requestSetRegs = 13
)

// plainSize is how large that set is, 0 on a machine without the requests.
var plainSize = func() int {
	switch runtime.GOARCH {
	case "amd64", "386", "arm":
		return arch.Native()[0].Regs.Size
	}
	return 0
}()

// setRegset is PTRACE_SETREGSET, or what does no more than that where it does.
func setRegset(tid int, set uintptr, buf []byte) syscall.Errno {
	if set == setPrstatus && writesCompat(len(buf)) {
		return putCompat(tid, buf)
	}
	var iov unix.Iovec
	iov.Base = &buf[0]
	iov.SetLen(len(buf))
	if set == setPrstatus && plainRegs.Load() {
		if len(buf) != plainSize {
			return unix.EIO
		}
		return ptraceMemory(requestSetRegs, tid, 0, unsafe.Pointer(&buf[0]))
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_SETREGSET, uintptr(tid), set,
		uintptr(unsafe.Pointer(&iov)), 0, 0)
	return errno
}

// requestSetSyscall is PTRACE_SET_SYSCALL of arm: the number is the data.
const requestSetSyscall = 23

// setSystemCall changes the call number where it is not in NT_PRSTATUS. To a 32-bit tracer the kernel shows the register
// sets of 32-bit arm, which has none for it (task_user_regset_view in arch/arm64/kernel/ptrace.c).
func setSystemCall(tid int, nr int32) syscall.Errno {
	if runtime.GOARCH == "arm" {
		return ptrace(requestSetSyscall, tid, 0, uintptr(nr))
	}
	buf := *(*[4]byte)(unsafe.Pointer(&nr))
	return setRegset(tid, setARMSystemCall, buf[:])
}
