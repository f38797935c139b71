package landlock

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// connectRaw is connect(2) with an address that x/sys cannot spell.
func connectRaw(fd int, address []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&address[0])), uintptr(len(address)))
	if errno != 0 {
		return errno
	}
	return nil
}
