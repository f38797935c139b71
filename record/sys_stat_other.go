//go:build !(amd64 || arm64 || riscv64 || loong64 || s390x || ppc64 || ppc64le || mips64 || mips64le)

package record

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// statAt goes through the wrapper: the kernel's struct of 32-bit machines is not that of x/sys.
func statAt(path []byte, st *unix.Stat_t, flags int) syscall.Errno {
	for {
		err := unix.Fstatat(unix.AT_FDCWD, string(path[:len(path)-1]), st, flags)
		if errno, _ := err.(syscall.Errno); errno != unix.EINTR {
			return errno
		}
	}
}
