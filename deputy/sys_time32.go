//go:build 386 || arm || mips || mipsle

package deputy

import "golang.org/x/sys/unix"

// The old call of these machines ends in 2038. Before Linux 5.1 they have no other, and times cannot be set for a task.
const sysUtimensat = unix.SYS_UTIMENSAT_TIME64
