package launch

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// isolate cuts the mounts of a namespace off from those outside, and mounts a procfs of the PID namespace's own.
//
// Precondition: the main OS thread is locked to the goroutine.
func (w *shimWords) isolate(told *outcomes) (Step, error) {
	if !w.mounts {
		return 0, nil
	}
	// A mount of a shared group would show up outside, and what is mounted outside in here (mount_namespaces(7)).
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return StepMounts, err
	}
	if w.proc != Off {
		// Over the one that there is. Where that has covers of its own, as in a container, the kernel forbids it
		// (mount_too_revealing in fs/namespace.c).
		err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
		if told.came(StepProc, w.proc, err) != nil {
			return StepProc, err
		}
	}
	return 0, nil
}

var errNoMountRoot = errors.New("the root directory is no mount point, as in a chroot, so its mounts cannot be cut off " +
	"from those outside")

// rootMounted says whether the root directory is a mount point, which it takes to change how all mounts propagate.
func rootMounted() bool {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return true // whoever tries will be told
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 4 && f[4] == "/" {
			return true
		}
	}
	return false
}
