//go:build !amd64

package tracer

import "syscall"

// A compat task has nothing that its register set does not say, but on x86-64.

func writesCompat(int) bool { return false }

func putCompat(int, []byte) syscall.Errno { return syscall.ENOSYS }
