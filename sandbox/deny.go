package sandbox

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// carryOut turns a verdict other than Allow into an action and a report.
func (b *box) carryOut(t *tracer.Task, inv *syscalls.Invocation, v *verdict) tracer.Action {
	d := &v.decision
	if d.Action == policy.Warn {
		b.reportAll(t, inv, v, 0)
		return tracer.Action{}
	}
	if v.natural == 0 && b.fullDirectory(t, inv, v) {
		v.natural = unix.ENOTEMPTY
	}
	if v.natural != 0 {
		// The kernel would have refused anyway: same errno, nothing to report, and no second chance for a racing
		// thread to make the call succeed.
		if b.mode == WarnOnly || ablated(protectNatural) {
			return tracer.Action{}
		}
		return tracer.Deny(v.natural)
	}
	if b.mode == WarnOnly {
		b.reportAll(t, inv, v, 0)
		return tracer.Action{}
	}
	errno := d.Errno
	if errno == 0 {
		errno = unix.EACCES
	}
	if d.Action >= policy.Kill {
		errno = 0 // nobody is left to see it
	}
	b.reportAll(t, inv, v, errno)
	switch d.Action {
	case policy.Kill:
		return tracer.Action{Kind: tracer.KillProcess}
	case policy.KillTree:
		return tracer.Action{Kind: tracer.KillTree}
	}
	return tracer.Deny(errno)
}

// blind denies a call whose arguments, or whose maker's rights, the tracer may not read.
func (b *box) blind(t *tracer.Task, inv *syscalls.Invocation, errno syscall.Errno) tracer.Action {
	if errno == unix.ESRCH {
		return tracer.Deny(errno) // it was killed while it was stopped here, and never sees this
	}
	b.acc.N = 0
	v := verdict{decision: policy.Decision{Action: policy.Deny, Errno: unix.EACCES}, index: -1, why: b.whyBlindBy(errno)}
	if b.mode == WarnOnly {
		b.report(t, inv, &v, 0)
		return tracer.Action{}
	}
	b.report(t, inv, &v, unix.EACCES)
	return tracer.Deny(unix.EACCES)
}

// natural tells whether file permissions stand against the operation as well, so that no rule would help. Asked only
// for a denial's report. It is known only where tracer and tracee have the same credentials; else "".
func (b *box) naturalPermission(t *tracer.Task, a *access.Access, op access.Op) string {
	if op&(access.Write|access.Create|access.Delete) == 0 || !sameCredentials(t.TID) {
		return ""
	}
	path := string(a.Object.Path)
	if op != access.Write {
		path = parentOf(path)
	}
	switch err := unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS); err {
	case unix.EACCES, unix.EROFS, unix.EPERM:
		return unix.ErrnoName(err.(syscall.Errno))
	}
	return ""
}
