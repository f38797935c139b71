package sandbox

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// addLandlockRule is landlock_add_rule(2).
func addLandlockRule(ruleset int, kind uint32, attr *[netAttrSize]byte, flags uint32) unix.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), uintptr(kind),
		uintptr(unsafe.Pointer(attr)), uintptr(flags), 0, 0)
	return errno
}
