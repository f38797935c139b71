package arch

import (
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAuditWords(t *testing.T) {
	want := map[*ABI]uint32{
		X86_64: unix.AUDIT_ARCH_X86_64, I386: unix.AUDIT_ARCH_I386, X32: unix.AUDIT_ARCH_X86_64,
		AArch64: unix.AUDIT_ARCH_AARCH64, ARM: unix.AUDIT_ARCH_ARM, RISCV64: unix.AUDIT_ARCH_RISCV64,
		LoongArch64: unix.AUDIT_ARCH_LOONGARCH64, S390X: unix.AUDIT_ARCH_S390X, PPC: unix.AUDIT_ARCH_PPC,
		PPC64: unix.AUDIT_ARCH_PPC64, PPC64LE: unix.AUDIT_ARCH_PPC64LE, MIPS: unix.AUDIT_ARCH_MIPS,
		MIPSEL: unix.AUDIT_ARCH_MIPSEL, MIPS64: unix.AUDIT_ARCH_MIPS64, MIPS64EL: unix.AUDIT_ARCH_MIPSEL64,
		Sparc64: unix.AUDIT_ARCH_SPARC64,
	}
	if len(want) != len(all) {
		t.Errorf("%d ABIs, %d of them checked", len(all), len(want))
	}
	const bits64, littleEndian = 1 << 31, 1 << 30 // __AUDIT_ARCH_64BIT, __AUDIT_ARCH_LE
	for _, a := range All() {
		if a.Audit != want[a] {
			t.Errorf("%s: audit word %#x, linux/audit.h says %#x", a, a.Audit, want[a])
		}
		if is64 := a.Audit&bits64 != 0; is64 != (a.WordSize == 8) {
			t.Errorf("%s: word size %d does not go with audit word %#x", a, a.WordSize, a.Audit)
		}
		if little := a.Audit&littleEndian != 0; little == a.BigEndian {
			t.Errorf("%s: byte order does not go with audit word %#x", a, a.Audit)
		}
		if want := a.WordSize; a != X32 && a.PointerSize != want || a == X32 && a.PointerSize != 4 {
			t.Errorf("%s: pointer size %d", a, a.PointerSize)
		}
	}
}

func TestFind(t *testing.T) {
	for _, a := range All() {
		if got := Find(a.Audit, uint64(1|a.NumberBit)); got != a {
			t.Errorf("Find(%#x, %#x) = %v, want %s", a.Audit, 1|a.NumberBit, got, a)
		}
		if got := ByName(a.Name); got != a {
			t.Errorf("ByName(%q) = %v", a.Name, got)
		}
	}
	for _, c := range []struct {
		audit uint32
		nr    uint64
		want  *ABI
	}{
		{X86_64.Audit, 0xffffffff_00000101, X86_64}, // the kernel ignores the upper half
		{X86_64.Audit, 0x40000000_00000101, X86_64},
		{X86_64.Audit, 0xffffffff_40000101, X32},
		{I386.Audit, 0x40000101, I386}, // the bit means nothing to other ABIs
		{0, 1, nil},
		{unix.AUDIT_ARCH_ALPHA, 1, nil},
	} {
		if got := Find(c.audit, c.nr); got != c.want {
			t.Errorf("Find(%#x, %#x) = %v, want %v", c.audit, c.nr, got, c.want)
		}
	}
	if got := ByName("vax"); got != nil {
		t.Errorf("ByName of an unknown ABI = %v", got)
	}
	if n := testing.AllocsPerRun(100, func() { Find(X32.Audit, 0x40000001) }); n != 0 {
		t.Errorf("Find allocates %v times", n)
	}
}

func TestForGOARCH(t *testing.T) {
	for goarch, want := range map[string][]*ABI{
		"amd64": {X86_64, I386, X32}, "386": {I386}, "arm64": {AArch64, ARM}, "arm": {ARM}, "riscv64": {RISCV64},
		"loong64": {LoongArch64}, "s390x": {S390X}, "ppc64": {PPC64, PPC}, "ppc64le": {PPC64LE}, "mips": {MIPS},
		"mipsle": {MIPSEL}, "mips64": {MIPS64, MIPS}, "mips64le": {MIPS64EL, MIPSEL},
		"": nil, "wasm": nil,
	} {
		if got := ForGOARCH(goarch); !slices.Equal(got, want) {
			t.Errorf("ForGOARCH(%q) = %v, want %v", goarch, got, want)
		}
	}
	native := Native()
	if len(native) == 0 || native[0].GOARCH != runtime.GOARCH {
		t.Errorf("Native() = %v on %s", native, runtime.GOARCH)
	}
	ForGOARCH("amd64")[1] = nil
	if ForGOARCH("amd64")[1] != I386 {
		t.Error("a caller can change the table through the slice it got")
	}
}

func TestLayout(t *testing.T) {
	for _, c := range []struct {
		abi  *ABI
		size int
		want *RegLayout
	}{
		{X86_64, 216, &regsX8664},
		{X32, 216, &regsX8664},
		{I386, 68, &regsI386},
		{I386, 216, &regsI386InX8664},
		{X86_64, 68, nil}, // 64-bit code in a process that old kernels show with the 32-bit set
		{AArch64, 272, &regsAArch64},
		{ARM, 72, &regsARM},
		{AArch64, 72, nil},
		{RISCV64, 256, &regsRISCV64},
		{LoongArch64, 360, &regsLoongArch64},
		{S390X, 216, nil},
		{X86_64, 0, nil},
	} {
		if got := c.abi.Layout(c.size); got != c.want {
			t.Errorf("%s in a set of %d bytes: layout %+v, want %+v", c.abi, c.size, got, c.want)
		}
	}
	for _, a := range All() {
		for _, l := range []*RegLayout{a.Regs, a.wide} {
			if l == nil {
				continue
			}
			words := l.Size / l.Word
			for _, i := range append(l.Args[:], l.Number, l.Result, l.SP, l.IP) {
				if i < 0 || i >= words {
					t.Errorf("%s: register index %d is outside of a set of %d words", a, i, words)
				}
			}
			if l.Size > maxRegs || l.Size%l.Word != 0 {
				t.Errorf("%s: a set of %d bytes with words of %d", a, l.Size, l.Word)
			}
		}
	}
}
