//go:build 386 || arm

package pathres

import "golang.org/x/sys/unix"

// sysSetfsuid: the old call of these machines has 16-bit IDs.
const sysSetfsuid = unix.SYS_SETFSUID32
