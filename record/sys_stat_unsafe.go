//go:build amd64 || arm64 || riscv64 || loong64 || s390x || ppc64 || ppc64le || mips64 || mips64le

package record

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func statAt(path []byte, st *unix.Stat_t, flags int) syscall.Errno {
	for {
		_, _, e := unix.Syscall6(unix.SYS_NEWFSTATAT, atCwd, uintptr(unsafe.Pointer(&path[0])),
			uintptr(unsafe.Pointer(st)), uintptr(flags), 0, 0)
		if e != unix.EINTR {
			return e
		}
	}
}
