package sandbox

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/deputy"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// A domain is made of what a ruleset said when the domain was entered; what is added to the ruleset later changes
// nothing for it. But those who act for its tasks enter it anew, by the same ruleset, and for them it would. So nothing
// is added any more to a ruleset that a domain was made of: landlock_add_rule(2) fails with EPERM, which it has for
// rulesets that may not be changed.

var callAddRule = syscalls.ByName("landlock_add_rule")

// Rule types of linux/landlock.h, and what their attributes look like: allowed_access, then parent_fd or port.
const (
	rulePathBeneath = 1
	ruleNetPort     = 2

	pathAttrSize   = 12
	netAttrSize    = 16
	parentFDOffset = 8
)

// addRule adds the rule in the task's place, so that the ruleset that was looked at is the one that gets it.
func (s *domains) addRule(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	if len(s.of) == 0 && len(s.wanted) == 0 {
		return tracer.Action{}
	}
	ruleset, errno := descriptorOf(t, inv.Int(0))
	switch errno {
	case 0:
		defer unix.Close(ruleset)
	case unix.EBADF:
		return tracer.Deny(unix.EBADF)
	default:
		return tracer.Deny(unix.EPERM)
	}
	if s.uses(ruleset) {
		return tracer.Deny(unix.EPERM)
	}
	kind, flags := inv.Uint(1), inv.Uint(3)
	var attr [netAttrSize]byte
	size := pathAttrSize
	if kind == ruleNetPort {
		size = netAttrSize
	}
	if errno := t.Read(inv.Pointer(2), attr[:size]); errno != 0 {
		return tracer.Deny(unix.EFAULT)
	}
	if kind == rulePathBeneath {
		parent, errno := descriptorOf(t, int32(binary.NativeEndian.Uint32(attr[parentFDOffset:])))
		if errno != 0 {
			return tracer.Deny(unix.EBADF)
		}
		defer unix.Close(parent)
		binary.NativeEndian.PutUint32(attr[parentFDOffset:], uint32(parent))
	}
	return tracer.Deny(addLandlockRule(ruleset, kind, &attr, flags))
}

// uses says whether a domain was, or is being, made of a ruleset; also where the kernel does not say which descriptors
// are the same file (kcmp(2) can be left out of it).
func (s *domains) uses(ruleset int) bool {
	for _, wanted := range s.wanted {
		if wanted == unknownRuleset || !differentFile(wanted, ruleset) {
			return true
		}
	}
	for _, d := range s.of {
		for ; d != nil; d = d.parent {
			if d.ruleset == unknownRuleset || !differentFile(d.ruleset, ruleset) {
				return true
			}
		}
	}
	return false
}

// descriptorOf returns a descriptor of this process for one of the task's: see deputy.Descriptor.
func descriptorOf(t *tracer.Task, fd int32) (int, syscall.Errno) {
	return deputy.Descriptor(t.TID, t.Process.TGID, fd)
}

// sameFile and differentFile say whether two descriptors of this process surely are, or are not, one open file.
func sameFile(a, b int) bool {
	order, errno := compareFiles(a, b)
	return errno == 0 && order == 0
}

func differentFile(a, b int) bool {
	order, errno := compareFiles(a, b)
	return errno == 0 && order != 0
}

func compareFiles(a, b int) (uintptr, unix.Errno) {
	const kcmpFile = 0
	me := uintptr(unix.Getpid())
	order, _, errno := unix.RawSyscall6(unix.SYS_KCMP, me, me, kcmpFile, uintptr(a), uintptr(b), 0)
	return order, errno
}
