//go:build amd64

package tracer

import (
	"bytes"
	"strconv"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// currentCall is what /proc/TID/syscall says of the call that a stopped task is in: its number, and the arguments as
// the kernel takes them from the registers (syscall_get_arguments, which looks at TS_COMPAT on x86:
// proc_pid_syscall(5)).
type currentCall struct {
	nr   int64
	args [6]uint64 // not valid if nr is -1
}

// lacksCurrentCall says whether the kernel has no such file for anybody.
var lacksCurrentCall = sync.OnceValue(func() bool {
	return unix.Access("/proc/self/syscall", unix.F_OK) == unix.ENOENT && unix.Access("/proc/self/stat", unix.F_OK) == nil
})

// read asks the kernel. ENOENT: it has no such file, or hides the task; EPERM or EACCES: the task is not dumpable, or
// another user's, and the tracer lacks CAP_SYS_PTRACE; EAGAIN: the task has not stopped.
func (c *currentCall) read(tid int) syscall.Errno {
	var room [40]byte
	path := append(room[:0], "/proc/"...)
	path = strconv.AppendInt(path, int64(tid), 10)
	path = append(path, "/syscall\x00"...)
	at := unix.AT_FDCWD
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(&path[0])),
		unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	var text [256]byte // a number, and eight more of at most 18 digits each
	n, _, errno := unix.Syscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)))
	unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	if errno != 0 {
		return errno
	}
	return c.parse(text[:n])
}

// parse reads the text of the file: the number, six arguments, and the pointers to stack and instruction; without the
// arguments where there is no call, and "running" where the task has not stopped.
func (c *currentCall) parse(text []byte) syscall.Errno {
	word, rest, _ := bytes.Cut(text, []byte(" "))
	var err error
	if c.nr, err = strconv.ParseInt(string(word), 10, 64); err != nil {
		return unix.EAGAIN
	}
	if c.nr == -1 {
		return 0
	}
	for i := range c.args {
		word, rest, _ = bytes.Cut(rest, []byte(" "))
		if c.args[i], err = strconv.ParseUint(string(bytes.TrimPrefix(word, []byte("0x"))), 16, 64); err != nil {
			return unix.EAGAIN
		}
	}
	return 0
}
