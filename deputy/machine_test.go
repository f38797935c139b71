package deputy

import (
	"slices"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// withDirectory is what a C library makes of a call that the machine has only with a directory in front of the name
// (arm64, riscv64).
func withDirectory(abi *arch.ABI, name string, args []any) (string, []any) {
	if _, ok := syscalls.Number(abi, name); ok {
		return name, args
	}
	switch name {
	case "open", "readlink":
		return name + "at", slices.Concat([]any{unix.AT_FDCWD}, args)
	case "creat":
		return "openat", []any{unix.AT_FDCWD, args[0], unix.O_CREAT | unix.O_WRONLY | unix.O_TRUNC, args[1]}
	}
	return name, args
}
