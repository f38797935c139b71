package main

import (
	"fmt"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// Offsets in struct seccomp_data (linux/seccomp.h); arguments are words of 64 bits, of which the low half decides here.
const (
	offsetNumber = 0
	offsetArch   = 4
	offsetArgs   = 16
)

// test is a condition on the low 32 bits of an argument.
type test struct {
	arg   uint32
	when  bpf.JumpTest
	value uint32
}

// filter is the program for the ABIs of this machine. A call of any other ends its process: no tracee gets around the
// pretence by another door. ERRNO outranks TRACE, so a tracer inside never sees what is refused here.
func filter(l *level, abis []*arch.ABI) ([]unix.SockFilter, error) {
	var prog []bpf.Instruction
	for _, abi := range abis {
		if abi.NumberBit != 0 {
			continue // x32: a number far above the last one of x86-64
		}
		section, err := rules(l, abi)
		if err != nil {
			return nil, err
		}
		prog = append(prog,
			bpf.LoadAbsolute{Off: offsetArch, Size: 4},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: abi.Audit, SkipTrue: 1},
			bpf.Jump{Skip: uint32(len(section))})
		prog = append(prog, section...)
	}
	prog = append(prog, bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS})
	raw, err := bpf.Assemble(prog)
	if err != nil {
		return nil, err
	}
	out := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		out[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return out, nil
}

// rules are the instructions for the calls of one ABI. They return at their end.
func rules(l *level, abi *arch.ABI) ([]bpf.Instruction, error) {
	last, ok := l.last[abi.Name]
	if !ok {
		return nil, fmt.Errorf("no numbers are known for %s at level %s", abi, l.name)
	}
	b := &section{abi: abi}
	b.numbers(last)
	b.call("seccomp", unix.EINVAL, test{0, bpf.JumpGreaterOrEqual, l.operations})
	b.call("seccomp", unix.EINVAL, test{0, bpf.JumpEqual, 1}, test{1, bpf.JumpBitsSet, ^l.filterFlags})
	b.call("ptrace", unix.EIO, test{0, bpf.JumpGreaterOrEqual, l.request}, test{0, bpf.JumpLessThan, 0x4300})
	if l.noRegset {
		b.call("ptrace", unix.EIO, test{0, bpf.JumpEqual, requestGetRegset})
		b.call("ptrace", unix.EIO, test{0, bpf.JumpEqual, requestSetRegset})
	}
	b.call("prctl", unix.EINVAL, test{0, bpf.JumpGreaterOrEqual, l.option}, test{0, bpf.JumpLessThan, 256})
	b.call("prctl", unix.EINVAL, test{0, bpf.JumpEqual, unix.PR_SET_VMA})
	b.call("waitid", unix.EINVAL, test{0, bpf.JumpEqual, unix.P_PIDFD})                 // 5.4
	b.call("memfd_create", unix.EINVAL, test{1, bpf.JumpBitsSet, unix.MFD_NOEXEC_SEAL}) // 6.3
	for _, name := range []string{"setsockopt", "getsockopt"} {
		b.call(name, unix.ENOPROTOOPT, test{1, bpf.JumpEqual, unix.SOL_SOCKET},
			test{2, bpf.JumpGreaterOrEqual, l.socketOption})
	}
	b.add(bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
	return b.prog, b.err
}

// section collects the instructions of an ABI.
type section struct {
	abi  *arch.ABI
	prog []bpf.Instruction
	err  error
}

func (b *section) add(list ...bpf.Instruction) { b.prog = append(b.prog, list...) }

// numbers refuses what came after the last number. The calls of 32-bit machines with 64-bit times (403 to 423, Linux
// 5.1) are let through: the Go runtime picks them by uname(2), which still tells the real release, and crashes without.
// Arm's private calls are above all others.
func (b *section) numbers(last uint32) {
	const firstTime64, lastTime64, firstPrivate = 403, 423, 0x0f0000
	refuse := bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)}
	b.add(bpf.LoadAbsolute{Off: offsetNumber, Size: 4})
	if b.abi.WordSize == 8 {
		b.add(bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: last, SkipTrue: 1}, refuse)
		return
	}
	private := uint32(1<<32 - 1)
	if b.abi == arch.ARM {
		private = firstPrivate
	}
	b.add(
		bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: last, SkipTrue: 4},
		bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: private, SkipTrue: 3},
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: firstTime64, SkipTrue: 1},
		bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: lastTime64, SkipTrue: 1},
		refuse)
}

// call makes a call of that name fail with errno where all tests hold. An ABI that has no such call needs no rule.
func (b *section) call(name string, errno unix.Errno, tests ...test) {
	nr, ok := syscalls.Number(b.abi, name)
	if !ok {
		return
	}
	// Each test is a load and a jump; behind them the return, and behind that the next rule.
	left := uint32(2*len(tests) + 1)
	b.add(bpf.LoadAbsolute{Off: offsetNumber, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: nr, SkipFalse: uint8(left)})
	for _, t := range tests {
		left -= 2
		b.add(bpf.LoadAbsolute{Off: b.low(t.arg), Size: 4},
			bpf.JumpIf{Cond: t.when, Val: t.value, SkipFalse: uint8(left)})
	}
	b.add(bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(errno)})
}

// low is where the low half of an argument is.
func (b *section) low(arg uint32) uint32 {
	offset := offsetArgs + 8*arg
	if b.abi.BigEndian {
		offset += 4
	}
	return offset
}
