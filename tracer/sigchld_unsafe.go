package tracer

import (
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Every stop of a tracee also sends SIGCHLD to the tracer, and the Go runtime handles each: a third of the tracer's CPU
// time. SA_NOCLDSTOP keeps those away; wait4 is woken all the same and SIGCHLD of real deaths still comes. The runtime
// has no interface for that flag, so its own action is read back, given the flag, and written: handler, mask and
// restorer stay the runtime's.
//
// The layout of struct sigaction differs between ports, but its first two words are handler and flags on all of them
// except MIPS (the other way round), where this is left out; the rest is passed through unread.

const saNoCLDStop = 1

// sigchldUsers counts the runs that want SA_NOCLDSTOP; the last one puts the flags back.
var (
	sigchldMu    sync.Mutex
	sigchldUsers int
	sigchldHad   bool // the flag was set before us
)

// quietSIGCHLD sets SA_NOCLDSTOP until the returned function is called.
func quietSIGCHLD() (restore func()) {
	if sigactionSwapped {
		return func() {}
	}
	sigchldMu.Lock()
	defer sigchldMu.Unlock()
	if sigchldUsers == 0 {
		had, errno := setNoCLDStop(true)
		if errno != 0 {
			return func() {}
		}
		sigchldHad = had
	}
	sigchldUsers++
	return func() {
		sigchldMu.Lock()
		defer sigchldMu.Unlock()
		sigchldUsers--
		if sigchldUsers == 0 && !sigchldHad {
			_, _ = setNoCLDStop(false) // reading it worked a moment ago
		}
	}
}

// setNoCLDStop sets or clears the flag and says whether it was set.
func setNoCLDStop(on bool) (had bool, errno syscall.Errno) {
	return setActionFlag(unix.SIGCHLD, saNoCLDStop, on)
}

// setActionFlag sets or clears a flag of a signal's action and says whether it was set.
func setActionFlag(sig syscall.Signal, flag uintptr, on bool) (had bool, errno syscall.Errno) {
	var action [8]uintptr // larger than any port's struct
	const maskSize = 8
	_, _, errno = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), 0,
		uintptr(unsafe.Pointer(&action)), maskSize, 0, 0)
	if errno != 0 {
		return false, errno
	}
	had = action[1]&flag != 0
	if had == on {
		return had, 0
	}
	action[1] ^= flag
	_, _, errno = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig),
		uintptr(unsafe.Pointer(&action)), 0, maskSize, 0, 0)
	return had, errno
}
