package arch

// RegLayout is where the NT_PRSTATUS register set of an ABI keeps what a tracer needs, as word indices (ptrace(2),
// PTRACE_GETREGSET). Sizes and indices were measured on kernels from 5.10 on, where nothing else is said.
type RegLayout struct {
	Size   int // bytes of the whole set: tells a compat tracee from a native one
	Word   int // bytes of one register in the set
	Number int // the call number
	Result int
	Args   [6]int
	SP     int
	IP     int
	// NumberFixed: writing the number has no effect. arm64 changes it through the regset NT_ARM_SYSTEM_CALL for
	// compat tracees as well, a 32-bit arm tracer through PTRACE_SET_SYSCALL.
	NumberFixed bool
	// Arg0Lost: at entry and seccomp stops the kernel has already put -ENOSYS where argument 0 was, and the set has no
	// copy (riscv64, measured on 6.12). Only PTRACE_GET_SYSCALL_INFO tells it and nothing here can change it.
	Arg0Lost bool
}

// struct user_regs_struct of asm/user_64.h.
var regsX8664 = RegLayout{
	Size: 216, Word: 8, Number: 15, Result: 10, Args: [6]int{14, 13, 12, 7, 9, 8}, SP: 19, IP: 16,
}

// struct user_regs_struct of asm/user_32.h.
var regsI386 = RegLayout{
	Size: 68, Word: 4, Number: 11, Result: 6, Args: [6]int{0, 1, 2, 3, 4, 5}, SP: 15, IP: 12,
}

// An i386 call out of 64-bit code (int 0x80): ebx, ecx, edx, esi, edi, ebp are the low halves of the 64-bit registers.
var regsI386InX8664 = RegLayout{
	Size: 216, Word: 8, Number: 15, Result: 10, Args: [6]int{5, 11, 12, 13, 14, 4}, SP: 19, IP: 16,
}

// struct user_pt_regs of arch/arm64.
var regsAArch64 = RegLayout{
	Size: 272, Word: 8, Number: 8, Result: 0, Args: [6]int{0, 1, 2, 3, 4, 5}, SP: 31, IP: 32, NumberFixed: true,
}

// struct pt_regs of arch/arm, also for compat tracees of arm64.
var regsARM = RegLayout{
	Size: 72, Word: 4, Number: 7, Result: 0, Args: [6]int{0, 1, 2, 3, 4, 5}, SP: 13, IP: 15, NumberFixed: true,
}

// struct user_regs_struct of arch/riscv: pc, then x1 to x31.
var regsRISCV64 = RegLayout{
	Size: 256, Word: 8, Number: 17, Result: 10, Args: [6]int{10, 11, 12, 13, 14, 15}, SP: 2, IP: 0, Arg0Lost: true,
}

// struct user_pt_regs of arch/loongarch, from the header only (untested): regs[32], orig_a0, csr_era, csr_badv,
// reserved[10].
var regsLoongArch64 = RegLayout{
	Size: 360, Word: 8, Number: 11, Result: 4, Args: [6]int{32, 5, 6, 7, 8, 9}, SP: 3, IP: 33,
}
