package tracer

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"
)

// compatWords are the words of a 32-bit register set (struct user_regs_struct32, asm/user32.h) that a tracer changes, and
// where PTRACE_POKEUSER has them.
var compatWords = [...]struct{ compat, native int }{
	{0, 5}, {1, 11}, {2, 12}, {3, 13}, {4, 14}, {5, 4}, // ebx, ecx, edx, esi, edi, ebp
	{compatAX, 10}, {compatNumber, 15}, {12, 16}, {15, 19}, // eax, orig_eax, eip, esp
}

const (
	compatAX     = 6
	compatNumber = 11
	compatSize   = 17 * 4
)

// putCompat changes the registers of a task whose code is in a 32-bit segment, word by word, as written says. A set written
// whole would change more (putreg32, arch/x86/kernel/ptrace.c): the upper halves become 0, and FS and GS begin where their
// selectors say. A 32-bit program has neither, but it may be a 64-bit one that makes calls from 32-bit code for a moment.
func putCompat(tid int, written []byte) syscall.Errno {
	var has [compatSize]byte
	size, errno := getRegset(tid, setPrstatus, has[:])
	switch {
	case errno != 0:
		return errno
	case size != compatSize || len(written) != compatSize:
		return unix.EIO
	}
	for _, w := range compatWords {
		v := binary.LittleEndian.Uint32(written[4*w.compat:])
		if v == binary.LittleEndian.Uint32(has[4*w.compat:]) {
			continue
		}
		if errno := ptrace(unix.PTRACE_POKEUSR, tid, uintptr(8*w.native), uintptr(widened(w.compat, v))); errno != 0 {
			return errno
		}
	}
	return 0
}

// widened is the value as the kernel itself has it in a register: it returns errors as negative numbers, and a number
// of no call is -1.
func widened(word int, v uint32) uint64 {
	const maxErrno = 4095 // linux/err.h
	if n := int32(v); n < 0 && (word == compatNumber || word == compatAX && n >= -maxErrno) {
		return uint64(int64(n))
	}
	return uint64(v)
}

// writesCompat says whether a set of that size is written word by word.
func writesCompat(size int) bool { return size == compatSize }
