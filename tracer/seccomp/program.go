package seccomp

import "golang.org/x/sys/unix"

// program is a filter under construction, written from its end to its beginning.
//
// cBPF jumps only go forward, conditional ones at most 255 instructions far. Written backwards, the target of every
// jump is placed before the jump itself, so that its distance is known at once and a target that is too far gets a
// stepping stone. Every piece ends in a return or a jump: nothing falls through into its neighbour.
type program struct {
	reversed  []unix.SockFilter
	bigEndian bool
	returns   map[uint32]label // the copy of each return that was placed last
	bodies    map[string]label // row bodies with arguments, shared by all rows of an audit word that have the same
	trace     uint32           // the return that asks for a stop
}

// label is an instruction's place, counted from the end of the finished program.
type label int

// farthest is the longest conditional jump: the skip counts of a sock_filter are bytes.
const farthest = 255

func newProgram(bigEndian bool) *program {
	return &program{bigEndian: bigEndian, returns: map[uint32]label{}, bodies: map[string]label{}, trace: traced}
}

// traced is what action says of a stop, whatever the ABI.
const traced = unix.SECCOMP_RET_TRACE | TraceData

// serve begins the tables of an audit word.
func (p *program) serve(audit uint32) {
	clear(p.bodies)
	p.trace = unix.SECCOMP_RET_TRACE | dataOf(audit)
}

// dataOf is what a stop of a call with that audit word says.
func dataOf(audit uint32) uint32 {
	const wide = 1 << 31 // __AUDIT_ARCH_64BIT (linux/audit.h)
	if audit&wide == 0 {
		return TraceData32
	}
	return TraceData
}

// finish turns the program the right way round.
func (p *program) finish() []unix.SockFilter {
	prog := make([]unix.SockFilter, 0, len(p.reversed))
	for i := len(p.reversed) - 1; i >= 0; i-- {
		prog = append(prog, p.reversed[i])
	}
	return prog
}

// push puts an instruction in front of all others.
func (p *program) push(ins unix.SockFilter) label {
	p.reversed = append(p.reversed, ins)
	return label(len(p.reversed) - 1)
}

// skip is how many instructions a jump that is pushed next has to pass over to get to target.
func (p *program) skip(target label) int { return len(p.reversed) - 1 - int(target) }

// ret gives a place that returns action.
func (p *program) ret(action uint32) label {
	if action == traced {
		action = p.trace
	}
	if l, ok := p.returns[action]; ok && p.skip(l) < farthest {
		return l
	}
	l := p.push(unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action})
	p.returns[action] = l
	return l
}

// near gives a place that leads to target and that a conditional jump still reaches when spare more instructions
// come between.
func (p *program) near(target label, spare int) label {
	if p.skip(target)+spare <= farthest {
		return target
	}
	return p.lead(target)
}

// lead pushes an instruction that leads to target: a copy of it if it is a return, else a jump, which may go any way.
func (p *program) lead(target label) label {
	if there := p.reversed[target]; there.Code == unix.BPF_RET|unix.BPF_K {
		p.returns[there.K] = p.push(there)
		return p.returns[there.K]
	}
	return p.push(unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(p.skip(target))})
}

// load reads the 32-bit word at offset of struct seccomp_data and goes on at target.
func (p *program) load(offset uint32, target label) label {
	if p.skip(target) != 0 {
		p.lead(target)
	}
	return p.push(unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset})
}

// pastLoad gives the place behind target if that loads the word at offset, for jumps that come from where it is
// loaded.
func (p *program) pastLoad(target label, offset uint32) label {
	load := unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	if p.reversed[target] == load {
		return target - 1
	}
	return target
}

// mask keeps the bits in k of what was loaded. The instruction pushed last comes next.
func (p *program) mask(k uint32) label {
	return p.push(unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: k})
}

// branch compares what was loaded with k by op (BPF_JEQ, BPF_JGE, BPF_JSET) and goes on at yes or no.
func (p *program) branch(op uint16, k uint32, yes, no label) label {
	if yes == no {
		return yes
	}
	no = p.near(no, 1) // yes may need a stepping stone too
	yes = p.near(yes, 0)
	return p.push(unix.SockFilter{
		Code: unix.BPF_JMP | op | unix.BPF_K,
		Jt:   uint8(p.skip(yes)),
		Jf:   uint8(p.skip(no)),
		K:    k,
	})
}
