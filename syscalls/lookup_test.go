package syscalls

import (
	"slices"
	"testing"

	"sydbox/arch"
)

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		abi  *arch.ABI
		nr   uint64
		want string // "" for a number that is not known
	}{
		{arch.X86_64, 0, "read"},
		{arch.X86_64, 257, "openat"},
		{arch.X86_64, 334, "rseq"},
		{arch.X86_64, 337, ""},
		{arch.X86_64, 435, "clone3"},
		{arch.X86_64, 0xdeadbeef_00000101, "openat"}, // the kernel ignores the upper half
		{arch.X86_64, 0x40000101, ""},                // that is x32's
		{arch.X86_64, 520, ""},                       // x32's execve, which older kernels took from 64-bit code too
		{arch.X86_64, 0xffffffff, ""},
		{arch.X86_64, 0xffffffffffffffff, ""},
		{arch.X32, 0x40000101, "openat"},
		{arch.X32, 0x40000000, "read"},
		{arch.X32, 0x40000208, "execve"},
		{arch.X32, 0x4000003b, ""}, // execve of 64-bit code
		{arch.X32, 257, ""},
		{arch.X32, 0xc0000101, ""},
		{arch.I386, 11, "execve"},
		{arch.I386, 102, "socketcall"},
		{arch.I386, 257, "remap_file_pages"},
		{arch.I386, 295, "openat"},
		{arch.I386, 412, "utimensat_time64"},
		{arch.AArch64, 56, "openat"},
		{arch.AArch64, 244, ""}, // the start of a range, no call
		{arch.RISCV64, 258, "riscv_hwprobe"},
		{arch.ARM, 0, "restart_syscall"},
		{arch.ARM, 322, "openat"},
		{arch.ARM, 0x0f0005, "set_tls"},
		{arch.ARM, 0x0f0000, ""},
		{arch.ARM, 0x900005, ""}, // the old ABI's open
		{arch.MIPS, 4005, "open"},
		{arch.MIPS, 5, ""},
		{arch.MIPS64EL, 5002, "open"},
		{arch.S390X, 288, "openat"},
		{arch.PPC64LE, 286, "openat"},
		{arch.LoongArch64, 56, "openat"},
		{arch.LoongArch64, 38, ""}, // the newest ports lack renameat
	} {
		call := Lookup(c.abi, c.nr)
		switch {
		case call == nil && c.want != "":
			t.Errorf("%s call %#x is not known, want %s", c.abi, c.nr, c.want)
		case call != nil && call.Name != c.want:
			t.Errorf("%s call %#x is %s, want %q", c.abi, c.nr, call.Name, c.want)
		}
	}
}

// TestTablesAgree takes every call of every ABI through all the ways there are to it.
func TestTablesAgree(t *testing.T) {
	for _, abi := range arch.All() {
		entries := All(abi)
		if len(entries) < 300 {
			t.Errorf("%s has %d calls only", abi, len(entries))
		}
		for i, e := range entries {
			if i > 0 && entries[i-1].Nr >= e.Nr {
				t.Errorf("%s: %d does not come after %d", abi, e.Nr, entries[i-1].Nr)
			}
			if e.Nr&abi.NumberBit != abi.NumberBit {
				t.Errorf("%s: %s has number %#x", abi, e.Call.Name, e.Nr)
			}
			if got := Lookup(abi, uint64(e.Nr)); got != e.Call {
				t.Errorf("%s: Lookup(%#x) = %v, want %s", abi, e.Nr, got, e.Call.Name)
			}
			if nr, ok := Number(abi, e.Call.Name); !ok || nr != e.Nr {
				t.Errorf("%s: Number(%q) = %#x, %v, want %#x", abi, e.Call.Name, nr, ok, e.Nr)
			}
			if got := ByName(e.Call.Name); got != e.Call {
				t.Errorf("ByName(%q) is another Call than that of %s", e.Call.Name, abi)
			}
			if got := arch.Find(abi.Audit, uint64(e.Nr)); got != abi {
				t.Errorf("%s: Find with number %#x = %v", abi, e.Nr, got)
			}
		}
		for _, name := range []string{"execve", "openat", "renameat2", "exit_group", "ioctl", "openat2", "statx"} {
			if _, ok := Number(abi, name); !ok {
				t.Errorf("%s has no %s", abi, name)
			}
		}
	}
}

func TestUnknown(t *testing.T) {
	stranger := &arch.ABI{Name: "stranger", Audit: arch.X86_64.Audit, WordSize: 8}
	if Lookup(stranger, 0) != nil || All(stranger) != nil {
		t.Error("an ABI without a table has calls")
	}
	if _, ok := Number(stranger, "read"); ok {
		t.Error("an ABI without a table has a number")
	}
	if _, ok := Number(arch.X86_64, "socketcall"); ok {
		t.Error("x86-64 has a number for socketcall")
	}
	if _, ok := Number(arch.X86_64, "no_such_call"); ok || ByName("no_such_call") != nil {
		t.Error("a name that nobody has is known")
	}
	if _, ok := Decode(arch.X86_64, 9999, [6]uint64{}); ok {
		t.Error("an unknown number was decoded")
	}
}

func TestNames(t *testing.T) {
	names := Names()
	if !slices.IsSorted(names) || len(slices.Compact(names)) != len(Names()) {
		t.Error("the names are not sorted and distinct")
	}
	if !slices.Contains(names, "openat") || slices.Contains(names, "syscall_mask") {
		t.Error("the names are not those of the calls")
	}
}

func TestDecode(t *testing.T) {
	high := [6]uint64{0xdead0000ffffff9c, 1 << 63, 2, 3, 4, 0xffffffffffffffff}
	for _, c := range []struct {
		abi       *arch.ABI
		nr        uint64
		arg0      uint64
		int0      int32
		uint5     uint32
		pointer1  uint64
		wantsName string
	}{
		{arch.X86_64, 257, 0xdead0000ffffff9c, -100, 0xffffffff, 1 << 63, "openat"},
		{arch.X32, 0x40000101, 0xdead0000ffffff9c, -100, 0xffffffff, 1 << 63, "openat"},
		{arch.I386, 295, 0xffffff9c, -100, 0xffffffff, 0, "openat"},
		{arch.ARM, 322, 0xffffff9c, -100, 0xffffffff, 0, "openat"},
		{arch.AArch64, 56, 0xdead0000ffffff9c, -100, 0xffffffff, 1 << 63, "openat"},
	} {
		inv, ok := Decode(c.abi, c.nr, high)
		if !ok {
			t.Errorf("%s call %#x is not known", c.abi, c.nr)
			continue
		}
		if inv.ABI != c.abi || inv.Call.Name != c.wantsName || inv.Nr != c.nr {
			t.Errorf("%s call %#x was decoded as %+v", c.abi, c.nr, inv)
		}
		if inv.Args[0] != c.arg0 || inv.Int(0) != c.int0 || inv.Uint(5) != c.uint5 || inv.Pointer(1) != c.pointer1 {
			t.Errorf("%s: arguments %#x as int %d, uint %#x, pointer %#x",
				c.abi, inv.Args, inv.Int(0), inv.Uint(5), inv.Pointer(1))
		}
	}
}

func TestStopPathAllocatesNothing(t *testing.T) {
	for _, abi := range []*arch.ABI{arch.X86_64, arch.I386, arch.X32, arch.AArch64} {
		nr, ok := Number(abi, "openat")
		if !ok {
			t.Fatalf("%s has no openat", abi)
		}
		n := testing.AllocsPerRun(100, func() {
			inv, ok := Decode(arch.Find(abi.Audit, uint64(nr)), uint64(nr), [6]uint64{})
			if !ok || inv.Call.Class != File || Lookup(abi, 1<<20) != nil {
				t.Fatal("openat was not decoded")
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", abi, n)
		}
	}
}

// FuzzLookup holds binary search against a plain one, and the kernel's rule that only 32 bits count.
func FuzzLookup(f *testing.F) {
	f.Add(uint32(0xc000003e), uint64(257))
	f.Add(uint32(0xc000003e), uint64(0x40000208))
	f.Add(uint32(0x40000028), uint64(0x0f0005))
	f.Add(uint32(0x40000003), uint64(1<<32+11))
	f.Fuzz(func(t *testing.T, audit uint32, nr uint64) {
		abi := arch.Find(audit, nr)
		if abi == nil {
			return
		}
		var want *Call
		for _, e := range All(abi) {
			if e.Nr == uint32(nr) {
				want = e.Call
			}
		}
		if got := Lookup(abi, nr); got != want {
			t.Errorf("%s: Lookup(%#x) = %v, want %v", abi, nr, got, want)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for b.Loop() {
		if _, ok := Decode(arch.X86_64, 257, [6]uint64{}); !ok {
			b.Fatal("not decoded")
		}
	}
}
