//go:build !386 && !arm

package pathres

import "golang.org/x/sys/unix"

const (
	sysSetfsuid = unix.SYS_SETFSUID
	sysFstatat  = unix.SYS_NEWFSTATAT
)
