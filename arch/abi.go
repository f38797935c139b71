// Package arch describes system call ABIs as run-time values.
//
// One tracer meets several ABIs: on amd64 a single process can issue x86-64, i386 (int 0x80) and x32 calls. The
// ABI is therefore a fact of each stop, never of a build, a process or an ELF class. Nothing here makes a system
// call; build tags select only the tracer's own default (see Native).
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
	// WordSize is the size of a register and of a pointer argument in bytes, as the kernel reads them.
	WordSize int
	// BigEndian says the byte order of tracee memory.
	BigEndian bool
	// Regs is where NT_PRSTATUS keeps the call's registers; nil where nobody has written it down.
	Regs *RegLayout
}

// String returns the ABI's name.
func (a *ABI) String() string { return a.Name }
