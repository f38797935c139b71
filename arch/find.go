package arch

import "runtime"

// All returns every ABI that is known. The slice is the caller's.
func All() []*ABI { return append([]*ABI(nil), all[:]...) }

// Find returns the ABI of a call from the AUDIT_ARCH word and the number that PTRACE_GET_SYSCALL_INFO or seccomp
// reported for it; nil if no such ABI is known. As in the kernel, only the low 32 bits of the number count. It does not
// allocate.
func Find(audit uint32, nr uint64) *ABI {
	var found *ABI
	for _, a := range all {
		if a.Audit != audit {
			continue
		}
		if a.NumberBit == 0 {
			found = a
		} else if uint32(nr)&a.NumberBit != 0 {
			return a
		}
	}
	return found
}

// ByName returns the ABI with that Name, nil if there is none.
func ByName(name string) *ABI {
	for _, a := range all {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// ForGOARCH returns the ABIs that a tracer on a machine of that Go port meets, the native one first; nil for a port
// that is not known.
func ForGOARCH(goarch string) []*ABI {
	for _, a := range all {
		if a.GOARCH == goarch && goarch != "" {
			return append([]*ABI{a}, siblings[goarch]...)
		}
	}
	return nil
}

// Native returns the ABIs that this build of the tracer meets, its own first.
func Native() []*ABI { return ForGOARCH(runtime.GOARCH) }
