package deputy

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// TestOpenAllocatesNothing looks at the opens that builds are made of.
func TestOpenAllocatesNothing(t *testing.T) {
	b, tk := newBench(t), startTask(t, who{})
	dir := publicDir(t)
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path  string
		flags int
	}{
		{filepath.Join(dir, "file"), unix.O_RDWR},
		{filepath.Join(dir, "file"), unix.O_WRONLY | unix.O_CREAT | unix.O_TRUNC},
		{dir, unix.O_RDONLY | unix.O_DIRECTORY},
		{"/dev/null", unix.O_WRONLY},
		{filepath.Join(dir, "file"), unix.O_PATH},
	} {
		inv := tk.invocation(arch.Native()[0], "openat", []any{unix.AT_FDCWD, c.path, c.flags, 0o666})
		if n := testing.AllocsPerRun(100, func() {
			if errno := b.judge(tk, &inv); errno != 0 {
				t.Fatal(errno)
			}
			out := b.d.Do(&inv, tk, b.res, &b.acc)
			if out.Kind != Opened {
				t.Fatalf("kind %d, %d", out.Kind, out.Value)
			}
			unix.Close(out.FD)
		}); n != 0 {
			t.Errorf("%s %#x: %v allocations", c.path, c.flags, n)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	bench, tk := newBench(b), startTask(b, who{})
	dir := b.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		flags      int
	}{{"file", path, unix.O_RDWR}, {"create", path, unix.O_RDWR | unix.O_CREAT}, {"null", "/dev/null", unix.O_WRONLY}} {
		inv := tk.invocation(arch.Native()[0], "openat", []any{unix.AT_FDCWD, c.path, c.flags, 0o666})
		b.Run(c.name+"/plain", func(b *testing.B) {
			for range b.N {
				fd, err := unix.Open(c.path, c.flags|unix.O_CLOEXEC, 0o666)
				if err != nil {
					b.Fatal(err)
				}
				unix.Close(fd)
			}
		})
		b.Run(c.name+"/judged", func(b *testing.B) {
			for range b.N {
				if errno := bench.judge(tk, &inv); errno != 0 {
					b.Fatal(errno)
				}
			}
		})
		b.Run(c.name+"/done", func(b *testing.B) {
			for range b.N {
				out := bench.d.Do(&inv, tk, bench.res, &bench.acc)
				if out.Kind != Opened {
					b.Fatal(out)
				}
				unix.Close(out.FD)
			}
		})
	}
}
