package tracer

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// The words of a 32-bit register set, and those of the 64-bit one, where PTRACE_POKEUSER has them.
var (
	compat = arch.I386.Regs
	inLong = arch.I386.Layout(arch.X86_64.Regs.Size)
)

// compatWords are the words that a tracer changes, as they are in both.
var compatWords = func() (words [10][2]int) {
	for i := range compat.Args {
		words[i] = [2]int{compat.Args[i], inLong.Args[i]}
	}
	words[6] = [2]int{compat.Result, inLong.Result}
	words[7] = [2]int{compat.Number, inLong.Number}
	words[8] = [2]int{compat.IP, inLong.IP}
	words[9] = [2]int{compat.SP, inLong.SP}
	return words
}()

// putCompat changes the registers of a task whose code is in a 32-bit segment, word by word, as written says. A set written
// whole would change more (putreg32, arch/x86/kernel/ptrace.c): the upper halves become 0, and FS and GS begin where their
// selectors say. A 32-bit program has neither, but it may be a 64-bit one that makes calls from 32-bit code for a moment.
func putCompat(tid int, written []byte) syscall.Errno {
	var room [128]byte // more than the set
	has := room[:compat.Size]
	size, errno := getRegset(tid, setPrstatus, has)
	switch {
	case errno != 0:
		return errno
	case size != compat.Size || len(written) != compat.Size:
		return unix.EIO
	}
	for _, w := range compatWords {
		from, to := w[0]*compat.Word, w[1]*inLong.Word
		v := binary.LittleEndian.Uint32(written[from:])
		if v == binary.LittleEndian.Uint32(has[from:]) {
			continue
		}
		if errno := ptrace(unix.PTRACE_POKEUSR, tid, uintptr(to), uintptr(widened(w[0], v))); errno != 0 {
			return errno
		}
	}
	return 0
}

// widened is the value as the kernel itself has it in a register: it returns errors as negative numbers, and a number
// of no call is -1.
func widened(word int, v uint32) uint64 {
	const maxErrno = 4095 // linux/err.h
	if n := int32(v); n < 0 && (word == compat.Number || word == compat.Result && n >= -maxErrno) {
		return uint64(int64(n))
	}
	return uint64(v)
}

// writesCompat says whether a set of that size is written word by word.
func writesCompat(size int) bool { return size == compat.Size }
