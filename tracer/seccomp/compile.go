// Package seccomp turns a neutral filter table (package syscalls) into a seccomp filter and installs it.
//
// The filter looks at the audit word first, then at the bit that tells x32 from x86-64, then finds the call's number
// in a binary search over ranges with the same answer. Only rows that test arguments load them: a call that is allowed
// whatever its arguments depends on audit word and number alone, which the kernel notices (5.11 and later) and then
// never runs the filter for it.
//
// Compile and everything below it is pure. Install binds the calling thread for good: see there.
package seccomp

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// Places in struct seccomp_data (linux/seccomp.h): int nr, u32 arch, u64 instruction_pointer, u64 args[6].
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
)

// TraceData and TraceData32 are the RET_DATA of every stop that the filter asks for, the letters "SY" of calls of 64-bit
// ABIs and "SZ" of those of 32-bit ones, which share no audit word. They tell people who debug a tracee which filter
// stopped it, and a tracer which of two ABIs a call is of, where the kernel does not say it in another way. A tracee's own
// filters may stop it too, with any data they like, and the newest filter's data is what the tracer gets: where there may
// be one, judge a stop by its registers.
const (
	TraceData   = 0x5359
	TraceData32 = 0x535a
)

// maxErrno is the largest errno that the kernel lets a filter return (MAX_ERRNO).
const maxErrno = 4095

// Compile makes the filter that answers as f.Judge does, for a kernel of this program's byte order. The tables must be
// sorted by number without duplicates. It fails on a table that is not well formed and on one that needs more than the
// 4096 instructions that the kernel takes.
func Compile(f *syscalls.Filter) ([]unix.SockFilter, error) {
	return compile(f, binary.NativeEndian.Uint16([]byte{0, 1}) == 1)
}

func compile(f *syscalls.Filter, bigEndian bool) ([]unix.SockFilter, error) {
	p := newProgram(bigEndian)
	foreign, err := action(f.Foreign)
	if err != nil {
		return nil, fmt.Errorf("seccomp filter: foreign ABIs: %w", err)
	}
	groups := byAudit(f.ABIs)
	bodies := make([]label, len(groups))
	for i, g := range groups {
		p.serve(g[0].ABI.Audit)
		if bodies[i], err = p.abis(g, foreign); err != nil {
			return nil, fmt.Errorf("seccomp filter: %w", err)
		}
	}
	p.trace = traced
	next := p.ret(foreign)
	for i := len(groups) - 1; i >= 0; i-- {
		next = p.branch(unix.BPF_JEQ, groups[i][0].ABI.Audit, bodies[i], next)
	}
	p.load(offArch, next)
	prog := p.finish()
	if len(prog) > unix.BPF_MAXINSNS {
		return nil, fmt.Errorf("seccomp filter: %d instructions, the kernel takes %d: the policy's tests are too many",
			len(prog), unix.BPF_MAXINSNS)
	}
	return prog, nil
}

// byAudit collects the tables with the same audit word, in the order in which the words appear first.
func byAudit(tables []syscalls.ABIFilter) [][]*syscalls.ABIFilter {
	var groups [][]*syscalls.ABIFilter
next:
	for i := range tables {
		t := &tables[i]
		for g := range groups {
			if groups[g][0].ABI.Audit == t.ABI.Audit {
				groups[g] = append(groups[g], t)
				continue next
			}
		}
		groups = append(groups, []*syscalls.ABIFilter{t})
	}
	return groups
}

// abis writes the tables that share an audit word. A number with an ABI's NumberBit is looked up there, the last such
// ABI first; all others belong to the first table without a bit.
func (p *program) abis(group []*syscalls.ABIFilter, foreign uint32) (label, error) {
	next, plain := p.ret(foreign), false
	for _, t := range group {
		if t.ABI.NumberBit != 0 || plain {
			continue
		}
		plain = true
		var err error
		if next, err = p.table(t); err != nil {
			return 0, err
		}
	}
	for _, t := range group {
		if t.ABI.NumberBit == 0 {
			continue
		}
		root, err := p.table(t)
		if err != nil {
			return 0, err
		}
		next = p.branch(unix.BPF_JSET, t.ABI.NumberBit, root, next)
	}
	return p.load(offNumber, next), nil
}

// span is a range of call numbers, up to the next span's, that get the same answer.
type span struct {
	from uint32
	body body
}

// table writes the search for a number in one ABI's table. The number is already loaded.
func (p *program) table(t *syscalls.ABIFilter) (label, error) {
	unknown, err := action(t.Unknown)
	if err != nil {
		return 0, fmt.Errorf("%s: unknown numbers: %w", t.ABI, err)
	}
	spans := []span{{0, body{otherwise: unknown}}}
	add := func(from uint32, b body) {
		n := len(spans)
		if spans[n-1].from == from { // an empty range between two rows
			n--
		}
		spans = spans[:n]
		if n == 0 || !spans[n-1].body.equal(&b) {
			spans = append(spans, span{from, b})
		}
	}
	for i := range t.Rows {
		row := &t.Rows[i]
		if i > 0 && row.Nr <= t.Rows[i-1].Nr {
			return 0, fmt.Errorf("%s: %s (%d) comes after number %d: rows must be sorted, each number once",
				t.ABI, row.Name, row.Nr, t.Rows[i-1].Nr)
		}
		b, err := simplify(row)
		if err != nil {
			return 0, fmt.Errorf("%s: %s: %w", t.ABI, row.Name, err)
		}
		add(row.Nr, b)
		if row.Nr != ^uint32(0) {
			add(row.Nr+1, body{otherwise: unknown})
		}
	}
	return p.search(spans), nil
}

// search writes the binary search for the span that a number lies in.
func (p *program) search(spans []span) label {
	if len(spans) == 1 {
		return p.body(&spans[0].body)
	}
	mid := len(spans) / 2
	above := p.search(spans[mid:])
	below := p.search(spans[:mid])
	return p.branch(unix.BPF_JGE, spans[mid].from, above, below)
}

// action is the filter's return value for a verdict.
//
// Kill is SECCOMP_RET_KILL_PROCESS. Kernels before 4.14 do not know it: they mask it with SECCOMP_RET_ACTION
// (0x7fff0000), which leaves SECCOMP_RET_KILL_THREAD. That one value thus asks each kernel for the most it has.
// Notify is SECCOMP_RET_USER_NOTIF (5.0); an older kernel takes an action that it does not know for KILL_PROCESS.
func action(v syscalls.Verdict) (uint32, error) {
	switch v.Kind {
	case syscalls.Allow:
		return unix.SECCOMP_RET_ALLOW, nil
	case syscalls.Trace:
		return traced, nil
	case syscalls.Fail:
		if v.Errno > maxErrno {
			return 0, fmt.Errorf("errno %d is above %d, the largest there is", v.Errno, maxErrno)
		}
		return unix.SECCOMP_RET_ERRNO | uint32(v.Errno), nil
	case syscalls.Kill:
		return unix.SECCOMP_RET_KILL_PROCESS, nil
	case syscalls.Notify:
		return unix.SECCOMP_RET_USER_NOTIF, nil
	}
	return 0, fmt.Errorf("verdict %d does not exist", v.Kind)
}
