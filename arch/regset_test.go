package arch

import (
	"encoding/binary"
	"testing"
)

// everyLayout calls f for each ABI and each set its calls may be seen in.
func everyLayout(f func(a *ABI, l *RegLayout)) {
	for _, a := range all {
		if a.Regs != nil {
			f(a, a.Regs)
		}
		if a.wide != nil {
			f(a, a.wide)
		}
	}
}

// fill gives register i the value (i+1) in each of its bytes, so that none is like another.
func fill(r *Regs, a *ABI, l *RegLayout) {
	for i := range r.Buffer() {
		r.Buffer()[i] = byte(i/l.Word) + 1
	}
	if !r.Bind(a, l.Size) {
		panic("layout of " + a.Name + " does not bind")
	}
}

// repeated is what register i of fill reads as, zero-extended from size bytes.
func repeated(i, size int) uint64 {
	v := uint64(i+1) * 0x0101010101010101
	if size == 4 {
		v = uint64(uint32(v))
	}
	return v
}

func TestRegsRead(t *testing.T) {
	everyLayout(func(a *ABI, l *RegLayout) {
		var r Regs
		fill(&r, a, l)
		if got, want := r.Number(), uint32(repeated(l.Number, 4)); got != want {
			t.Errorf("%s/%d: number %#x, want %#x", a, l.Size, got, want)
		}
		if got, want := r.Result(), int64(repeated(l.Result, a.WordSize)); got != want {
			t.Errorf("%s/%d: result %#x, want %#x", a, l.Size, got, want)
		}
		if got, want := r.SP(), repeated(l.SP, l.Word); got != want {
			t.Errorf("%s/%d: stack pointer %#x, want %#x", a, l.Size, got, want)
		}
		if got, want := r.IP(), repeated(l.IP, l.Word); got != want {
			t.Errorf("%s/%d: instruction pointer %#x, want %#x", a, l.Size, got, want)
		}
		for i, reg := range l.Args {
			got, ok := r.Arg(i)
			if lost := i == 0 && l.Arg0Lost; ok == lost {
				t.Errorf("%s/%d: argument %d: ok = %v", a, l.Size, i, ok)
			}
			if want := repeated(reg, a.WordSize); ok && got != want {
				t.Errorf("%s/%d: argument %d is %#x, want %#x", a, l.Size, i, got, want)
			}
		}
		if len(r.Bytes()) != l.Size {
			t.Errorf("%s/%d: %d bytes to write back", a, l.Size, len(r.Bytes()))
		}
	})
}

// TestRegsWrite changes each register and sees that exactly its bytes changed, in the ABI's byte order.
func TestRegsWrite(t *testing.T) {
	const value = 0x8899aabbccddeeff
	everyLayout(func(a *ABI, l *RegLayout) {
		check := func(what string, index int, want uint64, change func(r *Regs) bool) {
			var before, after Regs
			fill(&before, a, l)
			fill(&after, a, l)
			if !change(&after) {
				want, index = repeated(index, l.Word), -1
			}
			for i := range before.Bytes() {
				if same := before.Bytes()[i] == after.Bytes()[i]; !same && i/l.Word != index {
					t.Errorf("%s/%d: set %s: byte %d of register %d changed", a, l.Size, what, i%l.Word, i/l.Word)
				}
			}
			if index < 0 {
				return
			}
			got := uint64(binary.LittleEndian.Uint32(after.Bytes()[index*l.Word:]))
			if l.Word == 8 {
				got = binary.LittleEndian.Uint64(after.Bytes()[index*l.Word:])
			} else {
				want = uint64(uint32(want))
			}
			if got != want {
				t.Errorf("%s/%d: set %s: the register is %#x, want %#x", a, l.Size, what, got, want)
			}
		}
		arg := uint64(value)
		if a.WordSize == 4 {
			arg = uint64(uint32(arg))
		}
		check("number", l.Number, 0xffffffffffffffff, func(r *Regs) bool { return r.SetNumber(-1) })
		check("result", l.Result, 0xfffffffffffffff3, func(r *Regs) bool { r.SetResult(-13); return true })
		check("SP", l.SP, value, func(r *Regs) bool { r.SetSP(value); return true })
		check("IP", l.IP, value, func(r *Regs) bool { r.SetIP(value); return true })
		for i := range l.Args {
			check("argument", l.Args[i], arg, func(r *Regs) bool { return r.SetArg(i, value) })
		}
	})
}

// TestRegsBigEndian reads and writes through an ABI made up for it: no big-endian port has a layout yet.
func TestRegsBigEndian(t *testing.T) {
	layout := RegLayout{Size: 16, Word: 4, Number: 0, Result: 1, Args: [6]int{1, 2, 2, 2, 2, 2}, SP: 3, IP: 3}
	abi := &ABI{Name: "test", WordSize: 4, PointerSize: 4, BigEndian: true, Regs: &layout}
	var r Regs
	copy(r.Buffer(), []byte{0, 0, 0, 5, 0xff, 0xff, 0xff, 0xf3, 1, 2, 3, 4})
	if !r.Bind(abi, 16) {
		t.Fatal("does not bind")
	}
	if arg, _ := r.Arg(1); r.Number() != 5 || r.Result() != -13 || arg != 0x01020304 {
		t.Errorf("number %d, result %d, argument %#x", r.Number(), r.Result(), arg)
	}
	r.SetSP(0x0a0b0c0d)
	if got := [4]byte(r.Bytes()[12:]); got != [4]byte{0xa, 0xb, 0xc, 0xd} {
		t.Errorf("stack pointer stored as %x", got)
	}
}

func TestRegsSigns(t *testing.T) {
	for _, c := range []struct {
		abi  *ABI
		size int
		raw  uint64 // in the result's register
		want int64
	}{
		{X86_64, 216, 0xfffffffffffffffe, -2},
		{X86_64, 216, 0xfffffffe, 0xfffffffe}, // a result as large as that, not an error
		{I386, 68, 0xfffffffe, -2},            // compat values arrive zero-extended
		{I386, 216, 0xfffffffe, -2},
		{I386, 216, 0xfffffffffffffffe, -2},
		{I386, 68, 0xfffff001, -4095},
		{I386, 68, 0xfffff000, 0xfffff000}, // the last address that is no error
		{I386, 68, 0xf7000000, 0xf7000000},
		{I386, 216, 0xfffffffff7000000, 0xf7000000},
		{ARM, 72, 0xfffffffe, -2},
		{AArch64, 272, 0xfffffffffffffffe, -2},
	} {
		var r Regs
		if !r.Bind(c.abi, c.size) {
			t.Fatalf("%s/%d does not bind", c.abi, c.size)
		}
		r.setWord(r.Layout().Result, c.raw)
		if got := r.Result(); got != c.want {
			t.Errorf("%s/%d: result register %#x reads as %d, want %d", c.abi, c.size, c.raw, got, c.want)
		}
	}
}

func TestRegsRefuseUnknownSets(t *testing.T) {
	var r Regs
	for _, size := range []int{-1, 0, 4, 68, 217, 512, 1 << 20} {
		if r.Bind(X86_64, size) {
			t.Errorf("x86_64 in a set of %d bytes was taken", size)
		}
	}
	if r.Bind(S390X, 216) {
		t.Error("s390x has no layout and was taken")
	}
}

func TestRegsAllocateNothing(t *testing.T) {
	var r Regs
	n := testing.AllocsPerRun(100, func() {
		if !r.Bind(I386, 216) {
			t.Fatal("does not bind")
		}
		arg, _ := r.Arg(3)
		r.SetArg(3, arg+1)
		r.SetNumber(-1)
		r.SetResult(-13)
		r.SetSP(r.SP() - 512)
		if len(r.Bytes()) == 0 || r.Number() == 0 {
			t.Fatal("nothing to write back")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
