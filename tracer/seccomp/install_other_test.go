//go:build !amd64

package seccomp

import (
	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// childFilter tests what every 64-bit port has under its own numbers.
func childFilter() *syscalls.Filter {
	return &syscalls.Filter{Foreign: syscalls.Verdict{Kind: syscalls.Kill}, ABIs: []syscalls.ABIFilter{
		childTable(arch.Native()[0], 7000, "unknown"),
	}}
}

var childCalls = []childCall{
	{"getuid", unix.SYS_GETUID, 0, 0},
	{"unknown", 7000, 0, unix.ELOOP},
}
