//go:build !amd64

package tracer

import "sydbox/arch"

// abiFromRegisters finds the ABI without PTRACE_GET_SYSCALL_INFO: on every port but amd64 the size of the register set
// tells it, as no process of one mode can make the calls of another.
func (t *tracer) abiFromRegisters(_, size int) *arch.ABI {
	for _, abi := range nativeABIs {
		if abi.Regs != nil && abi.Regs.Size == size {
			return abi
		}
	}
	return nil
}

var nativeABIs = arch.Native()
