package tracer

import (
	"encoding/binary"
	"math"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/tracer/seccomp"
)

// Indices of struct user_regs_struct (asm/user_64.h) that only the question of the ABI needs.
const (
	wordR11    = 6
	wordRCX    = 11
	wordRIP    = 16
	wordCS     = 17
	wordEFLAGS = 18
)

// Segments of 64-bit code: __USER_CS (asm/segment.h), and FLAT_RING3_CS64 of a guest of Xen (xen/interface/xen.h). Code
// in any other, which may be one of the program's own (modify_ldt(2)), can only make calls of i386, by whatever
// instruction.
const (
	userCS64 = 0x33
	xenCS64  = 0xe033
)

// hiddenFlags are bits that EFLAGS in a register set need not share with the copy in R11: TF is hidden from a tracer
// that did not set it, RF is cleared by the instruction.
const hiddenFlags = 1<<8 | 1<<16

// abiFromRegisters finds the ABI without PTRACE_GET_SYSCALL_INFO (before Linux 5.3). The size of the set tells a
// 32-bit process, or, where there is only PTRACE_GETREGS, the segment that its code is in. A 64-bit one can make an
// i386 call with int 0x80, and neither CS nor the ELF class shows it. The SYSCALL instruction leaves RIP in RCX and
// EFLAGS in R11, so where these differ it was not that; int 0x80 leaves there what the program has put there (before
// 4.17 0 in R11). The instruction before RIP is no proof of SYSCALL: another thread may have rewritten it between the
// call and our look. The filter has seen the audit word and says which it was (abiOfStop), unless another filter may have
// the last word. Then the kernel is asked which registers it takes the arguments from (currentCall).
func (t *tracer) abiFromRegisters(tid, size int) *arch.ABI {
	switch size {
	case arch.I386.Regs.Size:
		return arch.I386
	case arch.X86_64.Regs.Size:
	default:
		return nil
	}
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(t.regs.Buffer()[8*i:]) }
	if cs := uint16(word(wordCS)); cs != userCS64 && cs != xenCS64 {
		return arch.I386
	}
	wide := arch.Find(arch.X86_64.Audit, word(arch.X86_64.Regs.Number)) // x32 by the bit in its number
	bySyscall := word(wordRCX) == word(wordRIP) && (word(wordR11)^word(wordEFLAGS))&^hiddenFlags == 0
	switch t.abiOfStop(tid) {
	case arch.X86_64:
		return wide
	case arch.I386:
		return arch.I386
	}
	if bySyscall {
		var now currentCall
		switch errno := now.read(tid); {
		case errno == 0 && now.nr == -1:
			return wide // no call, in either table
		case errno == 0:
			return t.abiOfArguments(&now, wide)
		case errno != unix.ENOENT || !lacksCurrentCall():
			return nil // the task is not open to the tracer (hidepid, in proc(5), makes that ENOENT), or is dying
		}
		// User-mode Linux, which has no such file, has no calls of i386 either.
	}
	var insn [2]byte
	task := Task{TID: tid}
	if task.Read(word(wordRIP)-2, insn[:]) != 0 {
		return nil
	}
	switch {
	case bySyscall && insn == [2]byte{0x0f, 0x05}:
		return wide
	case !bySyscall && insn == [2]byte{0xcd, 0x80}:
		return arch.I386
	}
	return nil
}

// abiOfStop says by the data of a seccomp stop whether the call is one of x86-64, x32 among them, or of i386; nil where
// that cannot be told: of a task that may run under a filter of its own, which can stop it with data as it likes, or
// under a filter that was not made by package seccomp. The stop is looked at last: if it is that of the call still, so
// were the registers and the data before.
func (t *tracer) abiOfStop(tid int) *arch.ABI {
	task := t.tasks[tid]
	if task == nil || !t.tellsFilters || !t.tellsABI || task.Process.filtered {
		return nil
	}
	data, errno := eventMessage(tid)
	if errno != 0 || !stoppedBy(tid, unix.PTRACE_EVENT_SECCOMP) {
		return nil
	}
	switch data {
	case seccomp.TraceData:
		return arch.X86_64
	case seccomp.TraceData32:
		return arch.I386
	}
	return nil
}

// abiOfArguments says whose arguments the kernel has found in the registers: nil if they could be those of both.
func (t *tracer) abiOfArguments(now *currentCall, wide *arch.ABI) *arch.ABI {
	isWide, isNarrow := t.takes(now, arch.X86_64, math.MaxUint64), t.takes(now, arch.I386, math.MaxUint32)
	switch {
	case isWide && !isNarrow:
		return wide
	case isNarrow && !isWide:
		return arch.I386
	}
	return nil
}

// takes says whether the arguments are those that an ABI has in the registers, as far as mask shows them.
func (t *tracer) takes(now *currentCall, abi *arch.ABI, mask uint64) bool {
	if !t.regs.Bind(abi, arch.X86_64.Regs.Size) {
		return false
	}
	for i, is := range now.args {
		if v, ok := t.regs.Arg(i); !ok || (v^is)&mask != 0 {
			return false
		}
	}
	return true
}
