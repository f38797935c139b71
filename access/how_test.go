package access

import (
	"encoding/binary"
	"testing"

	"sydbox/arch"
)

// TestHow looks at what an open is done with by others than the kernel.
func TestHow(t *testing.T) {
	for _, c := range []struct {
		abi  *arch.ABI
		call string
		args []any
		want How
	}{
		{arch.X86_64, "open", []any{"f", 0x1, 0o777}, How{Flags: 0x1}},
		{arch.X86_64, "open", []any{"f", 0x80241, 0o10644}, How{Flags: 0x80241, Mode: 0o644}},
		{arch.X86_64, "openat", []any{3, "f", uint64(0xff00000000000042), 0o4600}, How{Flags: 0x42, Mode: 0o4600}},
		{arch.X86_64, "openat", []any{3, "f", 0x40208042, 0o600}, How{Flags: 0x200000}},
		{arch.X86_64, "openat", []any{3, "dir", 0x410002, 0o600}, How{Flags: 0x410002, Mode: 0o600}},
		{arch.X86_64, "creat", []any{"f", 0o600}, How{Flags: 0x241, Mode: 0o600}},
		{arch.I386, "creat", []any{"f", 0o600}, How{Flags: 0x241, Mode: 0o600}},
		{arch.I386, "open", []any{"f", 0x2, 0}, How{Flags: 0x2, Small: true}},
		{arch.I386, "open", []any{"f", 0x8002, 0}, How{Flags: 0x8002}},
		{arch.I386, "openat", []any{3, "f", 0x200000, 0}, How{Flags: 0x200000}},
		{arch.ARM, "open", []any{"f", 0x8042, 0o600}, How{Flags: 0x8042, Mode: 0o600, Small: true}},
		{arch.X86_64, "openat2", []any{3, "f", how(binary.LittleEndian, nil, 0x42, 0o640, 4), 24},
			How{Flags: 0x42, Mode: 0o640}},
		{arch.I386, "openat2", []any{3, "f", how(binary.LittleEndian, nil, 0, 0, 0), 24}, How{}},
	} {
		var out Accesses
		inv, mem := call(t, c.abi, c.call, c.args...)
		if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != 0 || out.How != c.want {
			t.Errorf("%s %s: %v, %+v, want %+v", c.abi, short(c.call, c.args), errno, out.How, c.want)
		}
	}
}
