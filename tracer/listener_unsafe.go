package tracer

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The ioctls of a seccomp listener (seccomp_unotify(2)), with the structures of linux/seccomp.h.

type seccompData struct {
	nr   int32
	arch uint32
	ip   uint64
	args [6]uint64
}

// notification is struct seccomp_notif. A newer kernel may write more than is known here.
type notification struct {
	id    uint64
	pid   uint32
	flags uint32
	data  seccompData
	spare [176]byte
}

type notifyResponse struct {
	id    uint64
	val   int64
	errno int32 // negative
	flags uint32
}

type notifyAddFD struct {
	id       uint64
	flags    uint32
	source   uint32
	number   uint32
	newFlags uint32
}

// notifySizesFit says whether this kernel's structures fit into those above (SECCOMP_GET_NOTIF_SIZES, Linux 5.0).
func notifySizesFit() bool {
	var sizes struct{ notif, response, data uint16 }
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_NOTIF_SIZES, 0, uintptr(unsafe.Pointer(&sizes)))
	return errno == 0 && uintptr(sizes.notif) <= unsafe.Sizeof(notification{}) &&
		uintptr(sizes.response) == unsafe.Sizeof(notifyResponse{})
}

// wakeHere asks the kernel to wake either side on the processor of the other, which is about to sleep
// (SECCOMP_IOCTL_NOTIF_SET_FLAGS, Linux 6.6): half of what an answer costs where they would run on two. Older kernels
// refuse it.
func wakeHere(listener int) {
	_, _, _ = unix.RawSyscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS,
		unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
}

// takeNotification is SECCOMP_IOCTL_NOTIF_RECV. ENOENT if the task that asked has gone. It does not block if poll has
// just said that there is one: the kernel counts what was asked, not what still waits.
func takeNotification(listener int, n *notification) syscall.Errno {
	*n = notification{} // the kernel insists
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_RECV,
		uintptr(unsafe.Pointer(n)))
	return errno
}

// answerNotification is SECCOMP_IOCTL_NOTIF_SEND: the call returns value, a result or -errno. ENOENT if its task waits
// no more. It does not block.
func answerNotification(listener int, id uint64, value int64) syscall.Errno {
	r := notifyResponse{id: id, val: value}
	if value < 0 && value >= -maxErrno {
		r.val, r.errno = 0, int32(value)
	}
	for {
		_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SEND,
			uintptr(unsafe.Pointer(&r)))
		if errno != unix.EINTR {
			return errno
		}
	}
}

// addDescriptor is SECCOMP_IOCTL_NOTIF_ADDFD: the task of the notification gets a descriptor of what fd is open on, and
// goes on waiting. ENOENT or ESRCH if it waits no more; else the errors are those of the task's descriptor table. It
// returns when the task has taken it.
func addDescriptor(listener int, id uint64, fd int, closeOnExec bool) (number int, errno syscall.Errno) {
	a := notifyAddFD{id: id, source: uint32(fd)}
	if closeOnExec {
		a.newFlags = unix.O_CLOEXEC
	}
	for {
		r, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_ADDFD,
			uintptr(unsafe.Pointer(&a)))
		if errno != unix.EINTR {
			return int(r), errno
		}
	}
}
