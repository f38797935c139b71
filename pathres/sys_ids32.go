//go:build 386 || arm

package pathres

import "golang.org/x/sys/unix"

// The old calls of these machines have 16-bit IDs, and 32-bit sizes.
const (
	sysSetfsuid = unix.SYS_SETFSUID32
	sysFstatat  = unix.SYS_FSTATAT64
)
