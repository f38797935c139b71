package record

import (
	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Calls whose answer is not the same in two runs are told of, each kind once for each process. What needs no call cannot be
// seen: the time and, since Linux 6.11, random numbers come from the vDSO (vdso(7)).

// hint is one kind of them, as a bit of process.hinted.
type hint struct {
	what string
	bit  uint8
}

var hintOf = map[*syscalls.Call]hint{
	syscalls.ByName("getrandom"):         {"random", 1},
	syscalls.ByName("uname"):             {"uname", 2},
	syscalls.ByName("times"):             {"times", 4},
	syscalls.ByName("sched_getaffinity"): {"cpus", 8},
}

// hintRow says when a call is a hint. glibc's malloc takes random bytes for a pointer at the start of each program, without
// waiting, for a mark that it never shows (tcache_key_initialize in malloc/malloc.c).
func hintRow(row *syscalls.Row, abi *arch.ABI, call *syscalls.Call) {
	if call.Name == "getrandom" {
		row.Clauses = append(row.Clauses, syscalls.Clause{Tests: []syscalls.Test{
			{Arg: 1, Mask: 1<<32 - 1, Value: uint64(abi.PointerSize)}, {Arg: 2, Mask: 1<<32 - 1, Value: unix.GRND_NONBLOCK},
		}})
	}
	row.Else = stop
}

// hints tells of a call that is one.
func (r *recorder) hints(_ *tracer.Task, p *process, inv *syscalls.Invocation) tracer.Action {
	if h := hintOf[inv.Call]; p.hinted&h.bit == 0 {
		p.hinted |= h.bit
		r.emit(&event.Hinted{At: r.now(), ID: p.id, What: h.what, Call: inv.Call.Name})
	}
	return tracer.Action{}
}
