package sandbox

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// whyNameless says why an object cannot be judged that could not be looked at because of errno.
func whyNameless(errno syscall.Errno) string {
	if why := whyStarved(errno); why != "" {
		return why
	}
	return whyRefused
}

// whyBlindBy says why a call cannot be judged whose maker could not be looked at because of errno.
func (b *box) whyBlindBy(errno syscall.Errno) string {
	if why := whyStarved(errno); why != "" {
		return why
	}
	if d := b.carrier.deputy; d != nil && d.Refused() {
		return whyRights
	}
	return whyBlind
}

// whyStarved says what is lacking where errno comes of that, "" where it does not.
func whyStarved(errno syscall.Errno) string {
	switch errno {
	case unix.EMFILE, unix.ENFILE: // what EMFILE would say of the tracer is said of the system, not of the task
		return "it cannot be judged: sydbox has no descriptors left to look at it with (ulimit -n), or the system has " +
			"none (fs.file-max)"
	case unix.ENOMEM:
		return "it cannot be judged: the kernel has no memory left for it"
	}
	return ""
}
