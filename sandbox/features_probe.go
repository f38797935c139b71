package sandbox

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"sydbox/deputy"
	"sydbox/tracer"
	"sydbox/tracer/landlock"
)

func kernelName() (release, machine string) {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown", runtime.GOARCH
	}
	return unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:])
}

func probeHandover() (bool, string) { return succeeded(tracer.CanGive()) }

// tries are attempts that several probes look at.
type tries struct {
	trial      *tracer.Trial
	privileges Privileges
	around     Surroundings
}

func (t *tries) ptrace() (bool, string)    { return succeeded(t.trial.Seize) }
func (t *tries) filter() (bool, string)    { return succeeded(t.trial.Filter) }
func (t *tries) order() (bool, string)     { return succeeded(t.trial.Order) }
func (t *tries) registers() (bool, string) { return succeeded(t.trial.Stop) }
func (t *tries) info() (bool, string)      { return succeeded(t.trial.Info) }
func (t *tries) change() (bool, string)    { return succeeded(t.trial.Change) }
func (t *tries) writing() (bool, string)   { return succeeded(t.trial.VMWrite) }

// memory is there if any way of reading is. The tracer takes the first that works.
func (t *tries) memory() (bool, string) {
	r := t.trial
	switch {
	case r.VMRead == nil:
		return true, ""
	case r.VMRead == tracer.ErrUntried:
		return false, r.VMRead.Error()
	case errors.Is(r.VMRead, unix.ENOSYS) && r.MemFile == nil:
		return true, fmt.Sprintf("/proc/PID/mem: process_vm_readv says %v", r.VMRead)
	case !errors.Is(r.VMRead, unix.ENOSYS) && r.Peek == nil:
		return true, fmt.Sprintf("PTRACE_PEEKDATA: process_vm_readv says %v", r.VMRead)
	}
	return false, fmt.Sprintf("process_vm_readv: %v; /proc/PID/mem: %v; PTRACE_PEEKDATA: %v", r.VMRead, r.MemFile, r.Peek)
}

// noNewPrivs tries it on a thread that ends with it: it cannot be taken back.
func (t *tries) noNewPrivs() (bool, string) {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked, so the thread ends; the main thread waits then, and nothing runs on it
		done <- unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	}()
	return succeeded(<-done)
}

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

// probeAccess asks as package deputy does.
func probeAccess() (bool, string) {
	fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, fmt.Sprintf("open the root: %v", err)
	}
	defer unix.Close(fd)
	return succeeded(unix.Faccessat2(fd, "", unix.F_OK, unix.AT_EMPTY_PATH))
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
	if wall := support.Fit(&landlock.Ruleset{Handled: landlock.WriteFile}); wall != nil {
		if err := wall.Try(); err != nil {
			return false, err.Error()
		}
	}
	return true, fmt.Sprintf("ABI %d", support.ABI)
}

func probeScope() (bool, string) {
	return landlock.Probe().Scopes()&landlock.ScopeSignal != 0, ""
}
