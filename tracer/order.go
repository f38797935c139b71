package tracer

import (
	"errors"

	"sydbox/syscalls"
)

// Before Linux 4.8 a seccomp stop came before the entry stop, a number changed at it was not filtered again, and
// PTRACE_SYSCALL from it led to an entry stop. Such a kernel is refused. Any kernel that has PTRACE_GET_SYSCALL_INFO
// (5.3) is newer; elsewhere the order is found out at the first call that can tell: it is resumed by PTRACE_SYSCALL,
// and if the next stop still shows -ENOSYS, which the kernel puts into the result register before the call (x86), then
// that stop is an entry. No version is compared: distributions backport.

// errOldOrder ends a run on such a kernel.
var errOldOrder = errors.New(
	"this kernel reports seccomp stops in the order before Linux 4.8: sydbox needs 4.8 or later")

// tellsOrder says whether the call's exit can be told from its entry: one that never returns ENOSYS.
func tellsOrder(c *syscalls.Call) bool {
	if c == nil {
		return false
	}
	switch c.Name {
	case "open", "openat", "creat", "execve", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "rename", "access",
		"readlink", "chdir":
		return true
	}
	return false
}
