package sandbox

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"sydbox/deputy"
	"sydbox/tracer"
	"sydbox/tracer/landlock"
	"sydbox/tracer/seccomp"
)

func kernelName() (release, machine string) {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown", runtime.GOARCH
	}
	return unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:])
}

func probeSeccomp() (bool, string) {
	return succeeded(seccomp.Supported())
}

func probeHandover() (bool, string) { return succeeded(tracer.CanGive()) }

// succeeded is the answer of a probe that ended with err.
func succeeded(err error) (bool, string) {
	if err != nil {
		return false, err.Error()
	}
	return true, ""
}

func probeGetfd() (bool, string) {
	if !deputy.Borrows() {
		return false, "the kernel lacks it, or a sandbox around this one refuses it"
	}
	return true, ""
}

func probeOpenat2() (bool, string) {
	fd, err := unix.Openat2(unix.AT_FDCWD, "/", &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_NO_SYMLINKS})
	if err != nil {
		return false, fmt.Sprintf("openat2: %v", err)
	}
	unix.Close(fd)
	return true, ""
}

func probeLandlock() (bool, string) {
	support := landlock.Probe()
	if support.Err != nil {
		return false, support.Err.Error()
	}
	return true, fmt.Sprintf("ABI %d", support.ABI)
}

func probeScope() (bool, string) {
	return landlock.Probe().Scopes()&landlock.ScopeSignal != 0, ""
}
