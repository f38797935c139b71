package tracer

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The short ptrace requests, as raw system calls: they never block, so telling the scheduler about them costs more than
// they do. All of them need the tracer's own thread; on any other the kernel says ESRCH.

// seizeOptions are set in the same call that seizes the shim: there is no moment without them (ptrace(2)).
const seizeOptions = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACEEXEC |
	unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACESECCOMP

func ptrace(request uintptr, tid int, addr, data uintptr) syscall.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, request, uintptr(tid), addr, data, 0, 0)
	return errno
}

// ptraceMemory is a request that reads or writes memory of the tracer at data. It is a pointer up to the system call
// itself: as a number it would not follow what it points to when the stack is moved (unsafe.Pointer, pattern 4).
func ptraceMemory(request uintptr, tid int, addr uintptr, data unsafe.Pointer) syscall.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, request, uintptr(tid), addr, uintptr(data), 0, 0)
	return errno
}

func ptraceSeize(tid int, options uintptr) syscall.Errno {
	return ptrace(unix.PTRACE_SEIZE, tid, 0, options)
}

// ptraceSeizeLong is ptraceSeize of a task that may be in an exec, whose end it waits for.
func ptraceSeizeLong(tid int, options uintptr) syscall.Errno {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(tid), 0, options, 0, 0)
	return errno
}

// eventMessage is PTRACE_GETEVENTMSG: the new task's TID at a birth, the former TID at an exec.
func eventMessage(tid int) (uint64, syscall.Errno) {
	var msg uintptr // the kernel writes an unsigned long
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GETEVENTMSG, uintptr(tid), 0,
		uintptr(unsafe.Pointer(&msg)), 0, 0)
	return uint64(msg), errno
}

// signalInfo is PTRACE_GETSIGINFO, cut to what a forwarder needs: si_code and si_pid, which sit at the same place for
// every signal that a process sends.
func signalInfo(tid int) (code int32, pid int32, errno syscall.Errno) {
	var raw [128]byte // sizeof siginfo_t
	_, _, errno = unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GETSIGINFO, uintptr(tid), 0,
		uintptr(unsafe.Pointer(&raw)), 0, 0)
	info := (*unix.Siginfo)(unsafe.Pointer(&raw))
	// The union behind the three leading ints is aligned to a word.
	pid = *(*int32)(unsafe.Pointer(&raw[siginfoUnion]))
	return info.Code, pid, errno
}

// siginfoUnion is where the union of siginfo_t begins: after three ints, at the alignment of a pointer.
const siginfoUnion = (3*4 + unsafe.Sizeof(uintptr(0)) - 1) &^ (unsafe.Sizeof(uintptr(0)) - 1)

// syscallInfo is struct ptrace_syscall_info (linux/ptrace.h). nr, args and retData are valid at entry and seccomp
// stops; at an exit stop nr holds the result.
type syscallInfo struct {
	op      uint8
	_       [3]uint8
	arch    uint32
	ip, sp  uint64
	nr      uint64
	args    [6]uint64
	retData uint32
	_       uint32
}

// isError is the byte behind the result at an exit stop.
func (i *syscallInfo) isError() *uint8 { return (*uint8)(unsafe.Pointer(&i.args[0])) }

// Values of syscallInfo.op.
const (
	opEntry   = 1
	opExit    = 2
	opSeccomp = 3
)

// requestSetSyscallInfo is PTRACE_SET_SYSCALL_INFO, Linux 6.16.
const requestSetSyscallInfo = 0x4212

// getSyscallInfo is PTRACE_GET_SYSCALL_INFO (Linux 5.3; EIO before).
func getSyscallInfo(tid int, info *syscallInfo) syscall.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid),
		unsafe.Sizeof(*info), uintptr(unsafe.Pointer(info)), 0, 0)
	return errno
}

func setSyscallInfo(tid int, info *syscallInfo) syscall.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, requestSetSyscallInfo, uintptr(tid),
		unsafe.Sizeof(*info), uintptr(unsafe.Pointer(info)), 0, 0)
	return errno
}

// signalSet is the kernel's sigset_t: 64 signals, 128 on MIPS.
type signalSet [2]uint64

// allSignals is every signal; the kernel leaves out SIGKILL and SIGSTOP.
var allSignals = signalSet{^uint64(0), ^uint64(0)}

// getSignalMask is PTRACE_GETSIGMASK (3.11): what the task blocks.
func getSignalMask(tid int, set *signalSet) syscall.Errno {
	return ptraceMemory(requestGetSignalMask, tid, signalSetSize, unsafe.Pointer(set))
}

func setSignalMask(tid int, set *signalSet) syscall.Errno {
	return ptraceMemory(requestSetSignalMask, tid, signalSetSize, unsafe.Pointer(set))
}

const (
	requestGetSignalMask = 0x420a
	requestSetSignalMask = 0x420b
)

// swapWord changes word i of a register set and returns what was there. Tracer and tracee have the same byte order.
func swapWord(set []byte, i, size int, value uint64) (was uint64) {
	if size == 4 {
		was = uint64(binary.NativeEndian.Uint32(set[4*i:]))
		binary.NativeEndian.PutUint32(set[4*i:], uint32(value))
		return was
	}
	was = binary.NativeEndian.Uint64(set[8*i:])
	binary.NativeEndian.PutUint64(set[8*i:], value)
	return was
}
