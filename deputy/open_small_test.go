package deputy

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// TestOpenIn32Bits opens files around the size that a 32-bit program can see without O_LARGEFILE.
func TestOpenIn32Bits(t *testing.T) {
	needsLow(t)
	const largefile = 0x8000 // of x86
	b, tk, dir := newBench(t), startTask(t, anyone()), publicDir(t)
	file := func(name string, size int64, mode uint32) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		if err := unix.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	large, most := file("large", 1<<31, 0o666), file("most", 1<<31-1, 0o666)
	closed := file("closed", 1<<31, 0o000)
	for _, c := range []struct {
		call  string
		path  string
		flags int
		want  unix.Errno
	}{
		{"open", large, unix.O_RDONLY, unix.EOVERFLOW},
		{"open", large, unix.O_WRONLY | unix.O_TRUNC, unix.EOVERFLOW},
		{"open", large, unix.O_WRONLY | unix.O_CREAT | unix.O_TRUNC, unix.EOVERFLOW},
		{"open", large, unix.O_RDWR | largefile, 0},
		{"open", large, unix.O_PATH, 0},
		{"open", most, unix.O_RDWR, 0},
		{"openat", large, unix.O_RDONLY, unix.EOVERFLOW},
		{"openat", closed, unix.O_RDONLY, unix.EACCES},
		{"open", dir, unix.O_RDONLY, 0},
		{"open", filepath.Join(dir, "new"), unix.O_RDWR | unix.O_CREAT, 0},
		{"creat", large, 0, 0}, // has no narrow twin
	} {
		args := []any{c.path, c.flags, 0o600}
		switch c.call {
		case "openat":
			args = []any{unix.AT_FDCWD, c.path, c.flags, 0}
		case "creat":
			args = []any{c.path, 0o600}
		}
		inv := tk.invocation(arch.I386, c.call, args)
		out := b.do(tk, &inv)
		got := unix.Errno(0)
		if out.Kind == Done {
			got = unix.Errno(-out.Value)
		} else {
			unix.Close(out.FD)
		}
		if got != c.want {
			t.Errorf("%s %s %#x: %v, want %v", c.call, c.path, c.flags, got, c.want)
		}
		var st unix.Stat_t
		if err := unix.Stat(large, &st); err != nil || st.Size != 1<<31 && c.call != "creat" {
			t.Fatalf("%s %s %#x: the file has %d bytes, %v", c.call, c.path, c.flags, st.Size, err)
		}
	}
}
