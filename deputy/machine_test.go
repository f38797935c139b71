package deputy

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// needsLow skips where calls of 32-bit ABIs cannot be laid out.
func needsLow(t *testing.T) {
	t.Helper()
	if mapLow == 0 {
		t.Skip("the memory of a task cannot be where pointers of 32 bits reach: MAP_32BIT is x86-64's")
	}
}

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
