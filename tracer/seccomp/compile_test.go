package seccomp

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

var (
	abiA   = &arch.ABI{Name: "a", Audit: 0xc000003e, WordSize: 8}
	abiA32 = &arch.ABI{Name: "a-x32", Audit: 0xc000003e, NumberBit: 0x40000000, WordSize: 4}
	abiB   = &arch.ABI{Name: "b", Audit: 0x40000003, WordSize: 4}
	abiC   = &arch.ABI{Name: "c", Audit: 0x80000016, WordSize: 8, BigEndian: true}
)

// machine runs a filter as the kernel does.
type machine struct {
	*bpf.VM
	bigEndian bool
}

func newMachine(t testing.TB, prog []unix.SockFilter, bigEndian bool) machine {
	t.Helper()
	instructions := make([]bpf.Instruction, len(prog))
	for i, ins := range prog {
		raw := bpf.RawInstruction{Op: ins.Code, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
		instructions[i] = raw.Disassemble()
		if _, unknown := instructions[i].(bpf.RawInstruction); unknown {
			t.Fatalf("instruction %d, %+v, is not known to the VM", i, ins)
		}
	}
	vm, err := bpf.NewVM(instructions) // refuses jumps that lead out of the program
	if err != nil {
		t.Fatal(err)
	}
	return machine{vm, bigEndian}
}

// run gives the filter one call. The VM reads words big-endian whatever the machine is, so each 32-bit word is
// stored that way; which half of an argument comes first is the kernel's byte order.
func (m machine) run(t testing.TB, audit, nr uint32, args *[6]uint64) uint32 {
	t.Helper()
	var data [64]byte
	word := func(off int, v uint32) { binary.BigEndian.PutUint32(data[off:], v) }
	word(0, nr)
	word(4, audit)
	word(8, 0xdeadbeef) // instruction pointer: must not matter
	word(12, 0xdeadbeef)
	for i, v := range args {
		low, high := 16+8*i, 20+8*i
		if m.bigEndian {
			low, high = high, low
		}
		word(low, uint32(v))
		word(high, uint32(v>>32))
	}
	result, err := m.Run(data[:])
	if err != nil {
		t.Fatal(err)
	}
	return uint32(result)
}

// interesting values are likely to hit a mask, a value, or just miss them.
var interesting = []uint64{0, 1, 2, 3, 0x40, 0x241, 0x80000, 0x5412, 0xffffff9c, 0xffffffff, 0x100000000, 0x100000001,
	0xffffffff00000000, 0xffffffffffffff9c, 1 << 63, ^uint64(0)}

func pick(r *rand.Rand) uint64 {
	v := interesting[r.IntN(len(interesting))]
	if r.IntN(4) == 0 {
		v ^= 1 << r.IntN(64)
	}
	return v
}

func randomVerdict(r *rand.Rand) syscalls.Verdict {
	v := syscalls.Verdict{Kind: syscalls.VerdictKind(r.IntN(5))}
	if v.Kind == syscalls.Fail {
		v.Errno = uint16([]int{0, 1, 38, 4095}[r.IntN(4)])
	}
	return v
}

func randomTable(r *rand.Rand, abi *arch.ABI, rows int) syscalls.ABIFilter {
	t := syscalls.ABIFilter{ABI: abi, Unknown: randomVerdict(r)}
	nr := abi.NumberBit
	if r.IntN(8) == 0 {
		nr = ^uint32(0) - uint32(rows*3)
	}
	common := randomVerdict(r)
	for range rows {
		nr += uint32(r.IntN(3)) // 0: a gap of nothing, the row is left out
		if n := len(t.Rows); n > 0 && t.Rows[n-1].Nr >= nr {
			continue
		}
		row := syscalls.Row{Nr: nr, Name: "call", Else: common}
		if r.IntN(4) == 0 {
			row.Else = randomVerdict(r)
		}
		for range max(0, r.IntN(8)-4) {
			c := syscalls.Clause{Verdict: randomVerdict(r)}
			for range r.IntN(4) {
				mask := pick(r)
				if r.IntN(2) == 0 {
					mask = uint64(uint32(mask))
				}
				value := pick(r)
				if r.IntN(8) != 0 {
					value &= mask
				}
				c.Tests = append(c.Tests, syscalls.Test{
					Arg: uint8(r.IntN(6)), Mask: mask, Value: value, Not: r.IntN(2) == 0})
			}
			row.Clauses = append(row.Clauses, c)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func randomFilter(r *rand.Rand) *syscalls.Filter {
	f := &syscalls.Filter{Foreign: randomVerdict(r)}
	for _, abi := range []*arch.ABI{abiA, abiA32, abiB, abiC} {
		if r.IntN(4) != 0 {
			f.ABIs = append(f.ABIs, randomTable(r, abi, r.IntN(120)))
		}
	}
	r.Shuffle(len(f.ABIs), func(i, j int) { f.ABIs[i], f.ABIs[j] = f.ABIs[j], f.ABIs[i] })
	return f
}

// compare checks the compiled filter against the reference predicate, on every number of the tables and near them.
func compare(t testing.TB, r *rand.Rand, f *syscalls.Filter, bigEndian bool) {
	t.Helper()
	prog, err := compile(f, bigEndian)
	if err != nil {
		t.Fatal(err)
	}
	vm := newMachine(t, prog, bigEndian)
	try := func(audit, nr uint32) {
		var args [6]uint64
		for i := range args {
			args[i] = pick(r)
		}
		want, err := action(f.Judge(audit, nr, &args))
		if err != nil {
			t.Fatal(err)
		}
		served := slices.ContainsFunc(f.ABIs, func(a syscalls.ABIFilter) bool { return a.ABI.Audit == audit })
		if want == traced && served && audit>>31 == 0 {
			want = unix.SECCOMP_RET_TRACE | TraceData32
		}
		if got := vm.run(t, audit, nr, &args); got != want {
			t.Fatalf("audit %#x nr %#x args %#x: filter answers %#x, table %#x (big-endian %t)\n%+v",
				audit, nr, args, got, want, bigEndian, rowsOf(f, nr))
		}
	}
	for i := range f.ABIs {
		table := &f.ABIs[i]
		for _, row := range table.Rows {
			for range 1 + 4*len(row.Clauses) {
				try(table.ABI.Audit, row.Nr)
			}
			try(table.ABI.Audit, row.Nr+1)
			try(table.ABI.Audit, row.Nr^0x40000000)
		}
	}
	for _, abi := range []*arch.ABI{abiA, abiA32, abiB, abiC, {Audit: 0xc00000b7}} {
		for _, nr := range []uint32{0, 1, 511, 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0xffffffff, r.Uint32()} {
			try(abi.Audit, nr)
		}
	}
}

// rowsOf is what a filter says about a number, in whatever ABI.
func rowsOf(f *syscalls.Filter, nr uint32) (rows []syscalls.Row) {
	for _, table := range f.ABIs {
		for _, row := range table.Rows {
			if row.Nr == nr {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

func FuzzCompile(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed, seed%2 == 1)
	}
	f.Fuzz(func(t *testing.T, seed uint64, bigEndian bool) {
		r := rand.New(rand.NewPCG(seed, 4096))
		compare(t, r, randomFilter(r), bigEndian)
	})
}

// Long tables need stepping stones, on both sides of a jump.
func TestCompileLong(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	f := &syscalls.Filter{Foreign: syscalls.Verdict{Kind: syscalls.Kill}}
	for _, abi := range []*arch.ABI{abiA, abiA32, abiB} {
		f.ABIs = append(f.ABIs, randomTable(r, abi, 400))
	}
	prog, err := Compile(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(prog) < 4*farthest {
		t.Fatalf("%d instructions are too few to show anything", len(prog))
	}
	compare(t, r, f, false)
}

// The kernel caches a number whose answer it can tell without an argument (seccomp_is_const_allow, 5.11): on the way
// to an unconditional allow there must be no load but of the number and the audit word.
func TestAllowByNumberAlone(t *testing.T) {
	never := []syscalls.Test{{Arg: 0, Mask: 1, Value: 2}}
	always := []syscalls.Test{{Arg: 0, Mask: 1, Value: 2, Not: true}, {Arg: 1}}
	arg := []syscalls.Test{{Arg: 1, Mask: 3, Value: 1}}
	stop := syscalls.Verdict{Kind: syscalls.Trace}
	f := &syscalls.Filter{Foreign: syscalls.Verdict{Kind: syscalls.Kill}, ABIs: []syscalls.ABIFilter{
		{ABI: abiA, Unknown: syscalls.Verdict{Kind: syscalls.Fail, Errno: 38}, Rows: []syscalls.Row{
			{Nr: 0},
			{Nr: 1, Clauses: []syscalls.Clause{{Tests: arg, Verdict: stop}}},
			{Nr: 2},
			{Nr: 3, Else: stop},
			{Nr: 4, Clauses: []syscalls.Clause{{Tests: never, Verdict: stop}}},
			{Nr: 5, Clauses: []syscalls.Clause{{Tests: arg}}},
			{Nr: 6, Else: stop, Clauses: []syscalls.Clause{{Tests: always}}},
			{Nr: 7, Clauses: []syscalls.Clause{{Tests: arg, Verdict: stop}}},
		}},
		{ABI: abiA32, Unknown: syscalls.Verdict{Kind: syscalls.Fail, Errno: 38}},
	}}
	prog, err := Compile(f)
	if err != nil {
		t.Fatal(err)
	}
	for nr, want := range []bool{true, false, true, false, true, true, true, false} {
		if got := constantAllow(prog, abiA.Audit, uint32(nr)); got != want {
			t.Errorf("number %d: constant allow is %t, want %t", nr, got, want)
		}
	}
	if constantAllow(prog, abiB.Audit, 0) {
		t.Error("a foreign ABI is allowed")
	}
}

// constantAllow follows prog as seccomp_is_const_allow in the kernel does.
func constantAllow(prog []unix.SockFilter, audit, nr uint32) bool {
	var a uint32
	for pc := 0; pc < len(prog); pc++ {
		ins := prog[pc]
		taken := false
		switch ins.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			switch ins.K {
			case offNumber:
				a = nr
			case offArch:
				a = audit
			default:
				return false
			}
			continue
		case unix.BPF_RET | unix.BPF_K:
			return ins.K == unix.SECCOMP_RET_ALLOW
		case unix.BPF_JMP | unix.BPF_JA:
			pc += int(ins.K)
			continue
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			taken = a == ins.K
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			taken = a >= ins.K
		case unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K:
			taken = a&ins.K != 0
		default:
			return false
		}
		if taken {
			pc += int(ins.Jt)
		} else {
			pc += int(ins.Jf)
		}
	}
	return false
}

func TestCompileErrors(t *testing.T) {
	arg := func(n uint8) []syscalls.Clause {
		kill := syscalls.Verdict{Kind: syscalls.Kill}
		return []syscalls.Clause{{Tests: []syscalls.Test{{Arg: n, Mask: 1}}, Verdict: kill}}
	}
	huge := syscalls.ABIFilter{ABI: abiA}
	for i := range uint32(1500) { // each row tests another value: nothing can be shared
		huge.Rows = append(huge.Rows, syscalls.Row{Nr: i, Clauses: []syscalls.Clause{{
			Tests: []syscalls.Test{{Mask: 0xffff, Value: uint64(i)}}, Verdict: syscalls.Verdict{Kind: syscalls.Kill}}}})
	}
	for _, c := range []struct {
		table syscalls.ABIFilter
		want  string
	}{
		{syscalls.ABIFilter{ABI: abiA, Rows: []syscalls.Row{{Nr: 2, Name: "x"}, {Nr: 1, Name: "y"}}},
			"a: y (1) comes after number 2"},
		{syscalls.ABIFilter{ABI: abiA32, Rows: []syscalls.Row{{Nr: 2}, {Nr: 2}}}, "each number once"},
		{syscalls.ABIFilter{ABI: abiA, Rows: []syscalls.Row{{Clauses: arg(6)}}}, "argument 6"},
		{syscalls.ABIFilter{ABI: abiA, Rows: []syscalls.Row{{Else: syscalls.Verdict{Kind: 9}}}}, "verdict 9"},
		{syscalls.ABIFilter{ABI: abiA, Unknown: syscalls.Verdict{Kind: syscalls.Fail, Errno: 4096}}, "errno 4096"},
		{huge, "the kernel takes 4096"},
	} {
		_, err := Compile(&syscalls.Filter{ABIs: []syscalls.ABIFilter{c.table}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want an error with %q", err, c.want)
		}
	}
}
