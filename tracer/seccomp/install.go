package seccomp

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// badFlags make seccomp(2) return something else than success or an error, and harm here besides: TSYNC would put the
// filter onto the Go runtime's other threads, which nobody traces, and there a stop is ENOSYS; a listener comes from
// InstallListener.
const badFlags = unix.SECCOMP_FILTER_FLAG_TSYNC | unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH |
	unix.SECCOMP_FILTER_FLAG_NEW_LISTENER

// Install puts prog on the calling thread and on everything it starts from now on; nothing takes it off again. flags
// are SECCOMP_FILTER_FLAG_* that do not change the result; SPEC_ALLOW is always asked for and left out where the
// kernel lacks it (before 4.17), because speculation barriers cost more than the filter and protect nothing here.
//
// Precondition: the OS thread is locked to the goroutine, and has no_new_privs or CAP_SYS_ADMIN in its user namespace
// (else EACCES).
func Install(prog []unix.SockFilter, flags uintptr) error {
	if flags&badFlags != 0 {
		return fmt.Errorf("install seccomp filter: flags %#x: TSYNC and NEW_LISTENER cannot be used here", flags)
	}
	fprog, err := fprogOf(prog)
	if err != nil {
		return err
	}
	_, errno := setFilter(flags|unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW, fprog)
	if errno == unix.EINVAL {
		_, errno = setFilter(flags, fprog)
	}
	if errno == unix.ENOSYS && flags == 0 {
		// An outer filter that does not know seccomp(2) may still let the older call through.
		_, _, errno = unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER,
			uintptr(unsafe.Pointer(fprog)))
	}
	return installError(errno)
}

// InstallListener is Install without flags that also returns the descriptor on which Notify verdicts of the filter are
// answered (seccomp_unotify(2)), close-on-exec. Where the kernel has no listeners (before 5.0), or a filter around this
// one has the only one that a chain may have (EBUSY), the filter is installed all the same and listener is -1.
//
// Precondition: as for Install.
func InstallListener(prog []unix.SockFilter) (listener int, err error) {
	fprog, err := fprogOf(prog)
	if err != nil {
		return -1, err
	}
	// Every kernel that has listeners has SPEC_ALLOW.
	const flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW
	if fd, errno := setFilter(flags, fprog); errno == 0 {
		return fd, nil
	}
	// Whatever it was, a filter that cannot be installed at all says so again.
	return -1, Install(prog, 0)
}

func fprogOf(prog []unix.SockFilter) (*unix.SockFprog, error) {
	if len(prog) == 0 || len(prog) > unix.BPF_MAXINSNS {
		return nil, fmt.Errorf("install seccomp filter: %d instructions, there must be 1 to %d", len(prog),
			unix.BPF_MAXINSNS)
	}
	return &unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}, nil
}

// installError says what the kernel's answer means; nil for success.
func installError(errno unix.Errno) error {
	switch errno {
	case 0:
		return nil
	case unix.EACCES:
		return fmt.Errorf("install seccomp filter: %w: set no_new_privs first, or have CAP_SYS_ADMIN", errno)
	case unix.EINVAL:
		return fmt.Errorf("install seccomp filter: %w: the kernel has no seccomp filters or refuses this one", errno)
	}
	return fmt.Errorf("install seccomp filter: %w", errno)
}

// ErrUnsupported says that the kernel has no seccomp filters, or none that can stop a call for a tracer.
var ErrUnsupported = errors.New("seccomp filters are not supported")

// Supported asks the kernel for filters and for the actions that Compile uses, without installing anything. The error
// wraps ErrUnsupported, or is the kernel's own if it did not answer the question.
func Supported() error {
	// A filter at address 0 is EFAULT where filters exist: it is read before permissions are looked at
	// (seccomp_prepare_user_filter). Without CONFIG_SECCOMP_FILTER the operation itself is EINVAL.
	_, errno := setFilter(0, nil)
	if errno == unix.ENOSYS {
		_, _, errno = unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, 0)
	}
	switch errno {
	case unix.EFAULT:
	case unix.EINVAL:
		return fmt.Errorf("%w: the kernel was built without CONFIG_SECCOMP_FILTER", ErrUnsupported)
	case unix.ENOSYS:
		return fmt.Errorf("%w: the kernel, or a sandbox around this one, answers ENOSYS", ErrUnsupported)
	default:
		return fmt.Errorf("probe for seccomp filters: %w", errno)
	}
	for _, a := range []struct {
		action uint32
		name   string
	}{{unix.SECCOMP_RET_TRACE, "SECCOMP_RET_TRACE"}, {unix.SECCOMP_RET_ERRNO, "SECCOMP_RET_ERRNO"}} {
		if !available(a.action) {
			return fmt.Errorf("%w: the kernel lacks %s", ErrUnsupported, a.name)
		}
	}
	return nil
}

// available says whether the kernel has an action of filters: SECCOMP_GET_ACTION_AVAIL. A kernel that does not know the
// question (EINVAL, before 4.14) has all that are older.
func available(action uint32) bool {
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0,
		uintptr(unsafe.Pointer(&action)))
	return errno != unix.EOPNOTSUPP
}

// setFilter is seccomp(SECCOMP_SET_MODE_FILTER); fd is the listener if the flags ask for one.
func setFilter(flags uintptr, fprog *unix.SockFprog) (fd int, errno unix.Errno) {
	r, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags,
		uintptr(unsafe.Pointer(fprog)))
	return int(r), errno
}
