// Package arch describes system call ABIs as run-time values.
//
// One tracer meets several ABIs: on amd64 a single process can issue x86-64, i386 (int 0x80) and x32 calls. The
// ABI is therefore a fact of each stop, never of a build, a process or an ELF class. Nothing here makes a system
// call; build tags select only the tracer's own default (see Native).
//
// Everything but Regs is immutable and may be used from any goroutine; a Regs belongs to whoever fills it.
package arch

// ABI is one system call convention: which numbers, which registers, which word. ABIs are compared by pointer.
type ABI struct {
	// Name is the field's usual name for it: "x86_64", "i386", "x32", "aarch64", "arm", "riscv64" …
	Name string
	// Audit is the AUDIT_ARCH word that seccomp and PTRACE_GET_SYSCALL_INFO report (linux/audit.h).
	Audit uint32
	// NumberBit is set in every call number of this ABI and in none of its sibling with the same Audit word
	// (x32: 0x40000000); 0 for all others.
	NumberBit uint32
	// GOARCH is the Go port whose machine runs this ABI natively: "386" for i386. Empty for x32.
	GOARCH string
	// WordSize is the size of an argument register in bytes, as the kernel reads it: upper halves beyond it are
	// ignored. 8 for x32, whose kernel entry is that of x86-64: only its structures in memory are narrow.
	WordSize int
	// PointerSize is the size of a long and of a pointer in tracee memory (argv, iovec): 4 for x32, else WordSize.
	PointerSize int
	// BigEndian says the byte order of tracee memory.
	BigEndian bool
	// Regs is where NT_PRSTATUS keeps the call's registers; nil where nobody has written it down.
	Regs *RegLayout
	// wide is where they are if the process runs in the wider sibling's mode: int 0x80 from 64-bit code.
	wide *RegLayout
}

// String returns the ABI's name.
func (a *ABI) String() string { return a.Name }

// Layout returns where a register set of size bytes, as PTRACE_GETREGSET returned it, keeps the registers of a call
// in this ABI; nil if that is unknown. The size tells the mode of the process, which need not be that of its call: a
// 64-bit process that executes int 0x80 makes an i386 call and is seen with the 64-bit set.
func (a *ABI) Layout(size int) *RegLayout {
	switch {
	case a.Regs != nil && a.Regs.Size == size:
		return a.Regs
	case a.wide != nil && a.wide.Size == size:
		return a.wide
	}
	return nil
}
