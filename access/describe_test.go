package access

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

func errnoName(e syscall.Errno) string { return unix.ErrnoName(e) }

// short writes a call for a failure's message.
func short(call string, args []any) string {
	return fmt.Sprintf("%.80s", fmt.Sprintf("%s%q", call, args))
}

func TestDescribe(t *testing.T) {
	var out Accesses
	seen := map[string]bool{}
	for _, c := range describeCases {
		seen[c.call] = true
		abi := c.abi
		if abi == nil {
			abi = arch.X86_64
		}
		inv, mem := call(t, abi, c.call, c.args...)
		got := ""
		if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != 0 {
			got = errnoName(errno)
			if out.N != 0 {
				t.Errorf("%s %s: %s, yet N is %d", abi, short(c.call, c.args), got, out.N)
			}
		} else {
			got = text(&out)
		}
		if got != c.want {
			t.Errorf("%s %s:\n got  %s\n want %s", abi, short(c.call, c.args), got, c.want)
		}
	}
	for name := range calls {
		if !seen[name] {
			t.Errorf("no test for %s", name)
		}
	}
}

// TestUnreadable takes each piece of memory away from every case: the call must then fail with EFAULT, or be described
// without what that piece says.
func TestUnreadable(t *testing.T) {
	var out, whole Accesses
	for _, c := range describeCases {
		abi := c.abi
		if abi == nil {
			abi = arch.X86_64
		}
		inv, mem := call(t, abi, c.call, c.args...)
		if Describe(inv, mem, &fakeResolver{}, &whole) != 0 || whole.N == 0 {
			continue
		}
		names := 0
		for addr := range mem {
			_, less := call(t, abi, c.call, c.args...)
			delete(less, addr)
			switch errno := Describe(inv, less, &fakeResolver{}, &out); {
			case errno == syscall.EFAULT:
				names++
			case errno == whole.List[0].Natural && errno != 0: // an empty symlink text goes first
				names++
			case errno != 0:
				t.Errorf("%s: %v without the memory at %#x", short(c.call, c.args), errno, addr)
			case out.List[0].Natural == syscall.EFAULT: // the text of a symlink is no object
			case text(&out) != text(&whole):
				t.Errorf("%s: described as %q without the memory at %#x", short(c.call, c.args), text(&out), addr)
			}
		}
		for i := range whole.N {
			if n := &whole.List[i].Name; !n.FD && len(n.UnsafePath) > 0 && names <= i && specOf(inv.Call).shape != fileIoctl {
				t.Errorf("%s: only %d pieces of memory matter", short(c.call, c.args), names)
			}
		}
	}
}

func TestTmpfileIsBelowItsDirectory(t *testing.T) {
	var out Accesses
	inv, mem := call(t, arch.X86_64, "openat", cwd, "dir", 0x410002)
	if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != 0 {
		t.Fatal(errno)
	}
	if o := &out.List[0].Object; string(o.Path) != "/r/dir/#tmpfile" || o.Kind != Missing {
		t.Errorf("judged as %s, kind %d", o.Path, o.Kind)
	}
}

// TestEveryFileCallIsDescribed keeps this package's table and that of package syscalls together.
func TestEveryFileCallIsDescribed(t *testing.T) {
	for _, name := range syscalls.Names() {
		c := syscalls.ByName(name)
		if (c.Class == syscalls.File || c.Class == syscalls.Exec) && specOf(c) == nil {
			t.Errorf("%s names a file, but what it does is not described", name)
		}
	}
	for name, s := range calls {
		c := syscalls.ByName(name)
		if c == nil {
			t.Errorf("%s is described, but no ABI has it", name)
			continue
		}
		if c.Class == syscalls.Harmless {
			t.Errorf("%s is described, but classed as harmless", name)
		}
		for _, a := range []struct {
			at    arg
			kinds []syscalls.Kind
		}{
			{s.dirfd, []syscalls.Kind{syscalls.Dirfd, syscalls.FD}},
			{s.dirfd2, []syscalls.Kind{syscalls.Dirfd}},
			{s.path, []syscalls.Kind{syscalls.Path, syscalls.Sockaddr}},
			{s.path2, []syscalls.Kind{syscalls.Path}},
		} {
			if a.at == none || s.shape == socketcall || s.null == nullIsAnyFD {
				continue
			}
			ok := false
			for _, k := range a.kinds {
				ok = ok || c.Args[a.at.of()] == k
			}
			if !ok {
				t.Errorf("%s: argument %d is of kind %d in package syscalls", name, a.at.of(), c.Args[a.at.of()])
			}
		}
	}
}

func TestDescribeAllocatesNothing(t *testing.T) {
	var out Accesses
	res := &fakeResolver{}
	for _, c := range []struct {
		call string
		args []any
	}{
		{"openat", []any{cwd, "f", 0x241}},
		{"openat", []any{cwd, "dir", 0x410001}},
		{"openat2", []any{cwd, "f", how(binary.LittleEndian, make([]byte, 40), 0x41, 0o644, 0), 64}},
		{"rename", []any{"f", "g"}},
		{"renameat2", []any{3, "f", 4, "g", 2}},
		{"newfstatat", []any{3, "f", 0, 0x100}},
		{"bind", []any{3, sun(1, "miss"), 6}},
		{"connect", []any{3, sun(1, "sock"), 6}},
		{"connect", []any{3, sun(1, "\x00name"), 7}},
		{"listen", []any{3, 1}},
		{"ioctl", []any{3, 0x50009401, volArgs(9, 0, "miss", false)}},
	} {
		inv, mem := call(t, arch.X86_64, c.call, c.args...)
		var memory Memory = mem
		if n := testing.AllocsPerRun(100, func() { Describe(inv, memory, res, &out) }); n != 0 {
			t.Errorf("%s allocates %v times", c.call, n)
		}
	}
}

func BenchmarkDescribeOpenat(b *testing.B) {
	var out Accesses
	inv, mem := call(b, arch.X86_64, "openat", cwd, "usr/include/stdio.h", 0x80000)
	var memory Memory = mem
	res := &fakeResolver{}
	for b.Loop() {
		Describe(inv, memory, res, &out)
	}
}
