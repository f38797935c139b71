package tracer

import (
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Every stop of a tracee and every death also sends SIGCHLD to the tracer, and the Go runtime handles each: a third of
// the tracer's CPU time. wait4 is woken all the same, also without: with the default action the kernel drops the signal
// as it makes it (sig_ignored), and children are not reaped by themselves as with SIG_IGN. The runtime has no interface
// for that. So its own action is read and put back when the last run has ended; who wants to hear of the deaths of other
// children meanwhile (os/signal.Notify) has it kept, and given SA_NOCLDSTOP, which leaves out the stops.
//
// The layout of struct sigaction differs between ports, but its first two words are handler and flags on all of them
// except MIPS (the other way round), where this is left out; the rest is passed through unread.

const (
	saNoCLDStop = 1
	saSigInfo   = 4
)

// sigaction is larger than any port's struct. The zero value is SIG_DFL without flags.
type sigaction [8]uintptr

// sigchld is what was done to the action, for the runs that are under way. The first one decides.
var sigchld struct {
	mu    sync.Mutex
	users int
	was   sigaction
}

// quietSIGCHLD keeps SIGCHLD away until the returned function is called: that of stops alone if deaths is true.
func quietSIGCHLD(deaths bool) (restore func()) {
	if sigactionSwapped {
		return func() {}
	}
	sigchld.mu.Lock()
	defer sigchld.mu.Unlock()
	if sigchld.users == 0 {
		if actionOf(unix.SIGCHLD, &sigchld.was) != 0 {
			return func() {}
		}
		var quiet sigaction
		if deaths {
			quiet = sigchld.was
			quiet[1] |= saNoCLDStop
		}
		if setAction(unix.SIGCHLD, &quiet) != 0 {
			return func() {}
		}
	}
	sigchld.users++
	return func() {
		sigchld.mu.Lock()
		defer sigchld.mu.Unlock()
		sigchld.users--
		if sigchld.users == 0 {
			_ = setAction(unix.SIGCHLD, &sigchld.was) // setting it worked before
		}
	}
}

// soleTracer says whether there is one run alone for which SIGCHLD is kept away.
func soleTracer() bool {
	sigchld.mu.Lock()
	defer sigchld.mu.Unlock()
	return sigchld.users == 1
}

// listenSIGCHLD returns an action that calls a handler, and whether there may be one: SIGCHLD has its default action for
// the run's sake alone.
func listenSIGCHLD(handler uintptr) (action sigaction, ok bool) {
	sigchld.mu.Lock()
	defer sigchld.mu.Unlock()
	var is sigaction
	if sigactionSwapped || handler == 0 || sigchld.users == 0 || actionOf(unix.SIGCHLD, &is) != 0 || is[0] != 0 {
		return action, false
	}
	action = sigchld.was
	const ignored = 1 // SIG_IGN
	if action[0] <= ignored || action[1]&saSigInfo == 0 || action[1]&saNoCLDStop != 0 {
		return action, false // it is not that of the Go runtime
	}
	action[0] = handler
	return action, true
}

func actionOf(sig syscall.Signal, action *sigaction) syscall.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(action)),
		signalSetSize, 0, 0)
	return errno
}

func setAction(sig syscall.Signal, action *sigaction) syscall.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(action)), 0,
		signalSetSize, 0, 0)
	return errno
}

// setActionFlag sets or clears a flag of a signal's action and says whether it was set.
func setActionFlag(sig syscall.Signal, flag uintptr, on bool) (had bool, errno syscall.Errno) {
	var action sigaction
	if errno := actionOf(sig, &action); errno != 0 {
		return false, errno
	}
	had = action[1]&flag != 0
	if had == on {
		return had, 0
	}
	action[1] ^= flag
	return had, setAction(sig, &action)
}
