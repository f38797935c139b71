package tracer

import (
	"encoding/binary"

	"sydbox/arch"
)

// Indices of struct user_regs_struct (asm/user_64.h) that only the question of the ABI needs.
const (
	wordR11    = 6
	wordRCX    = 11
	wordRIP    = 16
	wordCS     = 17
	wordEFLAGS = 18
)

// userCS32 is __USER32_CS (asm/segment.h): code in it can only make calls of i386, by whatever instruction.
const userCS32 = 0x23

// hiddenFlags are bits that EFLAGS in a register set need not share with the copy in R11: TF is hidden from a tracer
// that did not set it, RF is cleared by the instruction.
const hiddenFlags = 1<<8 | 1<<16

// abiFromRegisters finds the ABI without PTRACE_GET_SYSCALL_INFO (before Linux 5.3). The size of the set tells a 32-bit
// process, or, where there is only PTRACE_GETREGS, the segment that its code is in. A 64-bit one can make an i386 call
// with int 0x80, and neither CS nor the ELF class shows it. Two things do: the SYSCALL instruction leaves RIP in RCX and
// EFLAGS in R11, int 0x80 does not (before 4.17 it even leaves 0 in R11); and the instruction before RIP. Another thread
// may rewrite the instruction between the call and our look, and a hostile caller can arrange RCX and R11, so both must
// say the same, else nobody knows. RET_DATA is no help: a filter of the tracee's own replaces it.
func (t *tracer) abiFromRegisters(tid, size int) *arch.ABI {
	switch size {
	case arch.I386.Regs.Size:
		return arch.I386
	case arch.X86_64.Regs.Size:
	default:
		return nil
	}
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(t.regs.Buffer()[8*i:]) }
	bySyscall := word(wordRCX) == word(wordRIP) && (word(wordR11)^word(wordEFLAGS))&^hiddenFlags == 0
	if uint16(word(wordCS)) == userCS32 {
		return arch.I386
	}
	var insn [2]byte
	task := Task{TID: tid}
	if task.Read(word(wordRIP)-2, insn[:]) != 0 {
		return nil
	}
	switch {
	case bySyscall && insn == [2]byte{0x0f, 0x05}:
		return arch.Find(arch.X86_64.Audit, word(arch.X86_64.Regs.Number)) // x32 by the bit in its number
	case !bySyscall && insn == [2]byte{0xcd, 0x80}:
		return arch.I386
	}
	return nil
}

// entryResult is what the result register holds at an entry stop: -ENOSYS (arch/x86/entry).
const entryResult = -38
