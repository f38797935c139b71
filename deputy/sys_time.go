//go:build !(386 || arm || mips || mipsle)

package deputy

import "golang.org/x/sys/unix"

const sysUtimensat = unix.SYS_UTIMENSAT
