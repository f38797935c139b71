package tracer

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
	"sydbox/tracer/seccomp"
)

// judge says what the plan's filter returns for a call (SECCOMP_RET_*), as the kernel finds out a moment later. Where
// the two differ nothing is lost: a call that stops is judged whatever was expected of it.
//
// It knows the instructions that package seccomp makes; at any other it returns SECCOMP_RET_KILL_PROCESS.
func judge(filter []unix.SockFilter, audit, nr uint32, args *[6]uint64) uint32 {
	var data [64]byte // struct seccomp_data; no instruction pointer: no filter of ours looks at it
	binary.NativeEndian.PutUint32(data[0:], nr)
	binary.NativeEndian.PutUint32(data[4:], audit)
	for i, v := range args {
		binary.NativeEndian.PutUint64(data[16+8*i:], v)
	}
	var a uint32
	for at := 0; at < len(filter); at++ {
		switch i := &filter[at]; i.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			if i.K > uint32(len(data)-4) {
				return unix.SECCOMP_RET_KILL_PROCESS
			}
			a = binary.NativeEndian.Uint32(data[i.K:])
		case unix.BPF_ALU | unix.BPF_AND | unix.BPF_K:
			a &= i.K
		case unix.BPF_JMP | unix.BPF_JA:
			at += int(i.K)
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			at += branch(i, a == i.K)
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			at += branch(i, a >= i.K)
		case unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K:
			at += branch(i, a&i.K != 0)
		case unix.BPF_RET | unix.BPF_K:
			return i.K
		default:
			return unix.SECCOMP_RET_KILL_PROCESS
		}
	}
	return unix.SECCOMP_RET_KILL_PROCESS
}

// frees says whether the plan's filter lets a call run without a stop.
func (t *tracer) frees(abi *arch.ABI, nr uint32, args *[6]uint64) bool {
	return judge(t.plan.Filter, abi.Audit, nr, args)&unix.SECCOMP_RET_ACTION_FULL == unix.SECCOMP_RET_ALLOW
}

// freesAnywhere says whether that is so in any ABI for a call of that name with arg for its first two arguments.
func (t *tracer) freesAnywhere(name string, arg uint64) bool {
	for _, abi := range arch.Native() {
		if nr, known := syscalls.Number(abi, name); known && t.frees(abi, nr, &[6]uint64{arg, arg}) {
			return true
		}
	}
	return false
}

func branch(i *unix.SockFilter, taken bool) int {
	if taken {
		return int(i.Jt)
	}
	return int(i.Jf)
}

// tellsABI says whether a filter asks for stops with the data of package seccomp, which tell 64-bit and 32-bit ABIs apart.
func tellsABI(filter []unix.SockFilter) bool {
	stopsWith := func(data uint32) bool {
		return slices.ContainsFunc(filter, func(i unix.SockFilter) bool {
			return i.Code == unix.BPF_RET|unix.BPF_K && i.K == unix.SECCOMP_RET_TRACE|data
		})
	}
	return stopsWith(seccomp.TraceData) && stopsWith(seccomp.TraceData32)
}
