package arch

// RegLayout is where the NT_PRSTATUS register set of an ABI keeps what a tracer needs, as word indices (ptrace(2),
// PTRACE_GETREGSET). Sizes and indices were measured on the kernels named in docs/kernels.md.
type RegLayout struct {
	Size   int // bytes of the whole set: tells a compat tracee from a native one
	Number int // the call number, -1 where it is not in this set (arm64: NT_ARM_SYSTEM_CALL)
	Result int
	Args   [6]int
	SP     int
	IP     int
}
