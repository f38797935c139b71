package deputy

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// openAs has a path opened for a task.
func (b *bench) openAs(tk *task, path string, flags int) Outcome {
	b.t.Helper()
	inv := tk.invocation(arch.Native()[0], "openat", []any{unix.AT_FDCWD, path, flags, 0o666})
	return b.do(tk, &inv)
}

// opensNow is openAs of what must not wait.
func (b *bench) opensNow(t *testing.T, tk *task, path string, flags int) int {
	t.Helper()
	out := b.openAs(tk, path, flags)
	if out.Kind != Opened {
		t.Fatalf("open %s %#x: kind %d, value %d", path, flags, out.Kind, out.Value)
	}
	t.Cleanup(func() { unix.Close(out.FD) })
	return out.FD
}

// publicDir makes a directory that any task can search.
func publicDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // MkdirTemp's
		t.Fatal(err)
	}
	if err := unix.Chmod(dir, 0o1777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// resources counts what an open that waits must not leave behind.
func resources(t testing.TB) (goroutines, descriptors, threads int) {
	t.Helper()
	count := func(dir string) int {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	return runtime.NumGoroutine(), count("/proc/self/fd"), count("/proc/self/task")
}

// leftBehind fails if there is more of anything than before. Threads may take a moment to end, and the runtime starts
// some when it likes, the more the busier the machine is.
func leftBehind(t testing.TB, goroutines, descriptors, threads int) {
	t.Helper()
	threads += 24
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		g, d, n := resources(t)
		if g <= goroutines && d <= descriptors && n <= threads {
			return
		}
	}
	g, d, n := resources(t)
	t.Errorf("%d goroutines, %d descriptors, %d threads; before %d, %d, %d", g, d, n, goroutines, descriptors, threads)
}

func fifo(t testing.TB) string {
	t.Helper()
	path := filepath.Join(publicDir(t), "fifo")
	if err := unix.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := unix.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func anyone() who {
	if os.Geteuid() != 0 {
		return who{name: "user"}
	}
	return who{name: "user", uid: 1000, gid: 1000}
}

type waitResult struct {
	fd    int
	errno unix.Errno
}

// start calls Open on a goroutine.
func start(out Outcome, cancel chan struct{}) chan waitResult {
	done := make(chan waitResult, 1)
	go func() {
		fd, errno := out.Open(cancel)
		done <- waitResult{fd, errno}
	}()
	return done
}

// waits says that an open has not returned after a while in which it would have, had it not waited.
func waits(t testing.TB, done chan waitResult) {
	t.Helper()
	select {
	case r := <-done:
		t.Fatalf("did not wait: %d, %v", r.fd, r.errno)
	case <-time.After(30 * time.Millisecond):
	}
}

// TestFIFO lets two opens meet.
func TestFIFO(t *testing.T) {
	path := fifo(t)
	for _, side := range []struct {
		name       string
		mine, peer int
		flags      int
	}{
		{"reader", unix.O_RDONLY, unix.O_WRONLY, unix.O_RDONLY},
		{"writer", unix.O_WRONLY, unix.O_RDONLY, unix.O_WRONLY},
	} {
		t.Run(side.name, func(t *testing.T) {
			b, tk := newBench(t), startTask(t, anyone())
			out := b.openAs(tk, path, side.mine|unix.O_CLOEXEC)
			if out.Kind != Blocks || !out.CloseOnExec {
				t.Fatalf("kind %d, close on exec %v", out.Kind, out.CloseOnExec)
			}
			done := start(out, nil)
			waits(t, done)
			peer, err := unix.Open(path, side.peer|unix.O_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(peer)
			r := <-done
			if r.errno != 0 {
				t.Fatal(r.errno)
			}
			defer unix.Close(r.fd)
			flags, err := unix.FcntlInt(uintptr(r.fd), unix.F_GETFL, 0)
			if err != nil || flags&(unix.O_ACCMODE|unix.O_NONBLOCK) != side.flags {
				t.Errorf("flags %#x, %v", flags, err)
			}
			if side.mine == unix.O_RDONLY {
				r.fd, peer = peer, r.fd
			}
			if _, err := unix.Write(r.fd, []byte("hello")); err != nil {
				t.Error(err)
			}
			buf := make([]byte, 8)
			if n, err := unix.Read(peer, buf); err != nil || string(buf[:n]) != "hello" {
				t.Errorf("read %q, %v", buf[:max(n, 0)], err)
			}
		})
	}
	t.Run("a reader is there", func(t *testing.T) {
		b, tk := newBench(t), startTask(t, anyone())
		reader := b.opensNow(t, tk, path, unix.O_RDONLY|unix.O_NONBLOCK)
		writer := b.opensNow(t, tk, path, unix.O_WRONLY)
		if flags, err := unix.FcntlInt(uintptr(writer), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK != 0 {
			t.Errorf("flags %#x, %v", flags, err)
		}
		if flags, err := unix.FcntlInt(uintptr(reader), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
			t.Errorf("flags %#x, %v", flags, err)
		}
	})
	t.Run("both sides", func(t *testing.T) { newBench(t).opensNow(t, startTask(t, anyone()), path, unix.O_RDWR) })
	t.Run("no reader", func(t *testing.T) {
		b, tk := newBench(t), startTask(t, anyone())
		if out := b.openAs(tk, path, unix.O_WRONLY|unix.O_NONBLOCK); !out.is(unix.ENXIO) {
			t.Errorf("kind %d, %d", out.Kind, out.Value)
		}
	})
	t.Run("no right", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("not root: the FIFO is the task's own")
		}
		b, tk := newBench(t), startTask(t, anyone())
		private := fifo(t)
		if err := unix.Chmod(private, 0o600); err != nil {
			t.Fatal(err)
		}
		out := b.openAs(tk, private, unix.O_RDONLY)
		if out.Kind != Blocks {
			t.Fatalf("kind %d, %d", out.Kind, out.Value)
		}
		if fd, errno := out.Open(nil); errno != unix.EACCES {
			t.Errorf("%d, %v", fd, errno)
		}
	})
}

// TestFIFOOfADeletedName is what is left of the name when the other side comes by a descriptor.
func TestFIFOOfADeletedName(t *testing.T) {
	b, tk, path := newBench(t), startTask(t, anyone()), fifo(t)
	out := b.openAs(tk, path, unix.O_RDONLY)
	if out.Kind != Blocks {
		t.Fatalf("kind %d, %d", out.Kind, out.Value)
	}
	peer, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(peer)
	b.res.Release()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil { // another object of that name
		t.Fatal(err)
	}
	done := start(out, nil)
	waits(t, done)
	writer, err := unix.Open("/proc/self/fd/"+strconv.Itoa(peer), unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(writer)
	r := <-done
	if r.errno != 0 {
		t.Fatal(r.errno)
	}
	defer unix.Close(r.fd)
	var st unix.Stat_t
	if err := unix.Fstat(r.fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
		t.Errorf("opened %#o, %v", st.Mode, err)
	}
}

// TestCancel ends opens that wait, and looks at what is left of them and of others that wait for the same FIFO.
func TestCancel(t *testing.T) {
	b, tk, path := newBench(t), startTask(t, anyone()), fifo(t)
	bystander := start(b.openAs(tk, path, unix.O_RDONLY), nil)
	waits(t, bystander)
	g, d, n := resources(t)
	for i := range 40 {
		cancel := make(chan struct{})
		done := start(b.openAs(tk, path, unix.O_RDONLY), cancel)
		time.Sleep(time.Duration(i%4) * time.Millisecond)
		close(cancel)
		if r := <-done; r.errno != unix.EINTR {
			t.Fatalf("%d, %v", r.fd, r.errno)
		}
	}
	early := make(chan struct{})
	close(early)
	if r := <-start(b.openAs(tk, path, unix.O_RDONLY), early); r.errno != unix.EINTR {
		t.Fatalf("%d, %v", r.fd, r.errno)
	}
	leftBehind(t, g, d, n)
	waits(t, bystander)
	b.opensNow(t, tk, path, unix.O_WRONLY)
	r := <-bystander
	if r.errno != 0 {
		t.Fatal(r.errno)
	}
	unix.Close(r.fd)
}

// TestLease opens what somebody holds a lease of: the tracer does not wait, the task does.
func TestLease(t *testing.T) {
	b, tk := newBench(t), startTask(t, anyone())
	path := filepath.Join(publicDir(t), "leased")
	if err := os.WriteFile(path, []byte("content"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := unix.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	holder, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(holder)
	lease := func() {
		t.Helper()
		if _, err := unix.FcntlInt(uintptr(holder), unix.F_SETLEASE, unix.F_RDLCK); err != nil {
			t.Fatal(err)
		}
	}
	// The signal that a break sends (SIGIO) is no reason for the Go runtime to end.
	for _, flags := range []int{unix.O_WRONLY, unix.O_WRONLY | unix.O_TRUNC | unix.O_CREAT} {
		lease()
		if out := b.openAs(tk, path, flags|unix.O_NONBLOCK); !out.is(unix.EAGAIN) {
			t.Fatalf("kind %d, %d", out.Kind, out.Value)
		}
		out := b.openAs(tk, path, flags)
		if out.Kind != Blocks {
			t.Fatalf("kind %d, %d", out.Kind, out.Value)
		}
		done := start(out, nil)
		waits(t, done)
		if text, err := os.ReadFile(path); err != nil || string(text) != "content" {
			t.Errorf("%q, %v before the lease was given up", text, err)
		}
		if _, err := unix.FcntlInt(uintptr(holder), unix.F_SETLEASE, unix.F_UNLCK); err != nil {
			t.Fatal(err)
		}
		r := <-done
		if r.errno != 0 {
			t.Fatal(r.errno)
		}
		unix.Close(r.fd)
	}
	if text, err := os.ReadFile(path); err != nil || len(text) != 0 {
		t.Errorf("%q, %v after O_TRUNC", text, err)
	}
}

// TestNoRoomIsTheSystems fills the tracer's own table: for the task that is no limit of its own.
func TestNoRoomIsTheSystems(t *testing.T) {
	b, tk, path := newBench(t), startTask(t, anyone()), fifo(t)
	file := filepath.Join(filepath.Dir(path), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	var had unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &had); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, path, "/dev/null"} {
		inv := tk.invocation(arch.Native()[0], "openat", []any{unix.AT_FDCWD, name, unix.O_RDONLY, 0})
		if errno := b.judge(tk, &inv); errno != 0 {
			t.Fatal(errno)
		}
		// The limit of the process, but a limit of 0 lets what is open be used.
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: had.Max}); err != nil {
			t.Fatal(err)
		}
		out := b.d.Do(&inv, tk, b.res, &b.acc)
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &had); err != nil {
			t.Fatal(err)
		}
		if !out.is(unix.ENFILE) {
			t.Errorf("%s: kind %d, %d", name, out.Kind, out.Value)
		}
	}
}
