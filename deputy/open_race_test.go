package deputy

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// swapper exchanges two names until it is stopped, one of them a link to the victim.
func swapper(t *testing.T, a, b string) (stop func()) {
	t.Helper()
	var end atomic.Bool
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for !end.Load() {
			if err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	return func() { end.Store(true); wg.Wait() }
}

// TestOpenRace swaps the last component, or the directory above it, for a link that leads outside. The Deputy opens
// what was judged; by the path alone the victim is opened.
func TestOpenRace(t *testing.T) {
	const tries = 20000
	top := publicDir(t)
	victim := filepath.Join(top, "victim")
	for _, dir := range []string{victim, filepath.Join(top, "allow"), filepath.Join(top, "allow/dir")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"victim/file", "allow/dir/file", "allow/file"} {
		if err := os.WriteFile(filepath.Join(top, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"filelink": "victim/file", "dirlink": "victim"} {
		if err := os.Symlink(filepath.Join(top, target), filepath.Join(top, "allow", name)); err != nil {
			t.Fatal(err)
		}
	}
	var bad unix.Stat_t
	if err := unix.Stat(filepath.Join(victim, "file"), &bad); err != nil {
		t.Fatal(err)
	}
	isVictim := func(fd int) bool {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			t.Fatal(err)
		}
		unix.Close(fd)
		return st.Ino == bad.Ino && st.Dev == bad.Dev
	}
	for _, c := range []struct{ name, path, a, b string }{
		{"last component", "allow/file", "allow/file", "allow/filelink"},
		{"directory", "allow/dir/file", "allow/dir", "allow/dirlink"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, tk := newBench(t), startTask(t, who{})
			path := filepath.Join(top, c.path)
			inside := filepath.Join(top, "allow")
			stop := swapper(t, filepath.Join(top, c.a), filepath.Join(top, c.b))
			defer stop()
			inv := tk.invocation(arch.Native()[0], "openat", []any{unix.AT_FDCWD, path, unix.O_RDWR | unix.O_CREAT, 0o600})
			opened, byPath := 0, 0
			// More, if so many were none beside others: whoever wins by the path must be seen to.
			for i := 0; i < tries || i < 20*tries && (opened == 0 || byPath == 0); i++ {
				if errno := b.judge(tk, &inv); errno != 0 {
					t.Fatal(errno)
				}
				o := &b.acc.List[0].Object
				if len(o.Path) < len(inside) || string(o.Path[:len(inside)]) != inside {
					continue // it would be denied
				}
				if i%3 == 0 {
					runtime.Gosched()
				}
				out := b.d.Do(&inv, tk, b.res, &b.acc)
				if out.Kind == Opened {
					opened++
					if isVictim(out.FD) {
						t.Fatal("the victim was opened")
					}
				}
				if fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0); err == nil && isVictim(fd) {
					byPath++
				}
			}
			if opened == 0 || byPath == 0 {
				t.Errorf("opened %d times, the victim by its path %d times: no race", opened, byPath)
			}
		})
	}
}

// TestOpenOfWhatWasJudged replaces a file that was judged by what it is.
func TestOpenOfWhatWasJudged(t *testing.T) {
	b, tk := newBench(t), startTask(t, who{})
	dir := publicDir(t)
	path := filepath.Join(dir, "file")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	for _, byInode := range []bool{false, true} {
		write("first")
		// Without O_LARGEFILE a file of 32-bit programs is taken hold of, for its size.
		flags := unix.O_WRONLY | unix.O_TRUNC | unix.O_LARGEFILE
		inv := tk.invocation(arch.Native()[0], "openat", []any{unix.AT_FDCWD, path, flags, 0})
		if errno := b.judge(tk, &inv); errno != 0 {
			t.Fatal(errno)
		}
		b.acc.List[0].ByInode = byInode
		write("second")
		out := b.d.Do(&inv, tk, b.res, &b.acc)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case !byInode && !hasOpenat2 && out.Kind == Again:
			// By its name alone a link would be followed: what is there is taken hold of and is not what was judged.
		case !byInode && (out.Kind != Opened || len(text) > 0):
			t.Errorf("by its name: kind %d, %q", out.Kind, text)
		case byInode && (out.Kind != Again || string(text) != "second"):
			t.Errorf("by what it is: kind %d, %q", out.Kind, text)
		}
		if out.Kind == Opened {
			unix.Close(out.FD)
		}
	}
}

// TestNothingIsMadeUnjudged removes a file after it was judged as one that is there.
func TestNothingIsMadeUnjudged(t *testing.T) {
	b, tk := newBench(t), startTask(t, who{})
	for _, mode := range []uint32{0o777, 0o1777} {
		dir := publicDir(t)
		if err := unix.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		inv := tk.invocation(arch.Native()[0], "openat", []any{unix.AT_FDCWD, path, unix.O_WRONLY | unix.O_CREAT, 0o666})
		if errno := b.judge(tk, &inv); errno != 0 {
			t.Fatal(errno)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		out := b.d.Do(&inv, tk, b.res, &b.acc)
		if _, err := os.Lstat(path); out.Kind != Again || err == nil {
			t.Errorf("%#o: kind %d, made: %v", mode, out.Kind, err == nil)
		}
	}
}

// TestFIFOInPlaceOfAFile has a FIFO take the place of what was judged: the tracer must not wait.
func TestFIFOInPlaceOfAFile(t *testing.T) {
	b, tk := newBench(t), startTask(t, who{})
	for _, flags := range []int{unix.O_RDONLY, unix.O_WRONLY, unix.O_WRONLY | unix.O_CREAT, unix.O_RDONLY | unix.O_CREAT} {
		path := filepath.Join(publicDir(t), "file")
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		inv := tk.invocation(arch.Native()[0], "openat", []any{unix.AT_FDCWD, path, flags, 0o666})
		if errno := b.judge(tk, &inv); errno != 0 {
			t.Fatal(errno)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mkfifo(path, 0o666); err != nil {
			t.Fatal(err)
		}
		if out := b.d.Do(&inv, tk, b.res, &b.acc); out.Kind == Opened {
			unix.Close(out.FD)
		}
	}
}
