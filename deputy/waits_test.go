package deputy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// TestFileSizeLimit: a file that would grow beyond the task's limit does not, and the task is told by a signal. The
// tracer is not, which would end it.
func TestFileSizeLimit(t *testing.T) {
	for _, w := range tasks() {
		top := filepath.Join(openDir(t), w.name)
		plant(t, top, w)
		tk, b := startTask(t, w), newBench(t)
		tk.chdir(top)
		xfsz := uint64(1) << (unix.SIGXFSZ - 1)
		for _, c := range []oracleCase{
			{"rt_sigprocmask", []any{unix.SIG_BLOCK, words(xfsz), nil, 8}},
			{"setrlimit", []any{unix.RLIMIT_FSIZE, append(long(1000), long(1000)...)}},
		} {
			if r := tk.native(c.call, c.args); r.Errno != 0 {
				t.Fatalf("%s: %v", c.call, r.Errno)
			}
		}
		for _, c := range []struct {
			length int
			errno  syscall.Errno
		}{{1000, 0}, {1001, unix.EFBIG}, {3, 0}} {
			inv := tk.invocation(arch.Native()[0], "truncate", []any{"file", c.length})
			if out := b.do(tk, &inv); out.Kind != Done || out.Value != -int64(c.errno) {
				t.Errorf("%s: truncate to %d: %s, want %v", w.name, c.length, out.text(), c.errno)
			}
			pending := strings.Contains(statusOf(t, tk.pid, "SigPnd"), "1000000") // SIGXFSZ is 25
			if pending != (c.errno != 0 || c.length == 3) {
				t.Errorf("%s: truncate to %d: SIGXFSZ pending is %v", w.name, c.length, pending)
			}
		}
	}
}

func statusOf(t *testing.T, pid int, key string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(t, err)
	value, ok := lineOf(text, key)
	if !ok {
		t.Fatalf("no %s in %s", key, text)
	}
	return string(value)
}

// TestTruncateLease: who has leased a file is not waited for.
func TestTruncateLease(t *testing.T) {
	w := tasks()[0]
	top := filepath.Join(openDir(t), "tree")
	plant(t, top, w)
	tk, b := startTask(t, w), newBench(t)
	tk.chdir(top)
	fd, err := unix.Open(top+"/file", unix.O_RDONLY, 0)
	must(t, err)
	defer unix.Close(fd)
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK); err != nil {
		t.Skipf("the file system has no leases: %v", err)
	}
	inv := tk.invocation(arch.Native()[0], "truncate", []any{"file", 3})
	if out := b.do(tk, &inv); out.Kind != Done || out.Value != -int64(unix.EAGAIN) {
		t.Errorf("truncate of a leased file: %s, want %v", out.text(), unix.EAGAIN)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_UNLCK); err != nil {
		t.Fatal(err)
	}
	if out := b.do(tk, &inv); out.Kind != Done || out.Value != 0 {
		t.Errorf("truncate of a file that was leased: %s", out.text())
	}
}

// TestWatch: a watch that the deputy adds is the task's.
func TestWatch(t *testing.T) {
	for _, w := range tasks() {
		top := filepath.Join(openDir(t), w.name)
		plant(t, top, w)
		tk, b := startTask(t, w), newBench(t)
		tk.chdir(top)
		instance := tk.native("inotify_init1", []any{unix.IN_NONBLOCK})
		again := tk.native("inotify_init1", []any{unix.IN_NONBLOCK})
		if instance.Errno != 0 || again.Errno != 0 {
			t.Fatal(instance.Errno, again.Errno)
		}
		for _, c := range []struct {
			path string
			mask int
		}{
			{"file", unix.IN_ATTRIB}, {"dir", unix.IN_ATTRIB | unix.IN_ONLYDIR}, {"file", unix.IN_ATTRIB | unix.IN_ONLYDIR},
			{"link", unix.IN_ATTRIB}, {"link", unix.IN_ATTRIB | unix.IN_DONT_FOLLOW}, {"nowhere", unix.IN_ATTRIB}, {"file", 0},
			{"locked", unix.IN_ATTRIB}, {"dslink", unix.IN_ATTRIB | unix.IN_MASK_CREATE}, {"locked/open", unix.IN_ATTRIB},
		} {
			want := tk.native("inotify_add_watch", []any{int(again.Value), c.path, c.mask})
			inv := tk.invocation(arch.Native()[0], "inotify_add_watch", []any{int(instance.Value), c.path, c.mask})
			got := b.do(tk, &inv)
			if !Borrows() && got.Kind == Leave {
				continue // with the instance in reach of nobody else only the task can put it
			}
			if got.text() != want.String() {
				t.Errorf("%s: watch %s, %#x: the kernel says %s, the deputy %s", w.name, c.path, c.mask, want.String(), got.text())
			}
		}
		if !Borrows() {
			continue
		}
		inv := tk.invocation(arch.Native()[0], "inotify_add_watch", []any{99, "file", unix.IN_ATTRIB})
		if out := b.do(tk, &inv); out.Value != -int64(unix.EBADF) {
			t.Errorf("watch with no instance: %s", out.text())
		}
		must(t, os.Chmod(top+"/file", 0o640))
		if r := tk.native("read", []any{int(instance.Value), make([]byte, 4096), 4096}); r.Errno != 0 || r.Value == 0 {
			t.Errorf("%s: nothing is seen by the watch: %s", w.name, r.String())
		}
	}
}

// TestLeft: what nobody judged is left to the task.
func TestLeft(t *testing.T) {
	tk, b := startTask(t, tasks()[0]), newBench(t)
	tk.chdir("/")
	for _, c := range []oracleCase{
		{"ioctl", []any{0, unix.TIOCGWINSZ, nil}}, {"chdir", []any{"/"}}, {"getpid", nil}, {"execve", []any{"/", nil, nil}},
	} {
		inv := tk.invocation(arch.Native()[0], c.call, c.args)
		if out := b.do(tk, &inv); out.Kind != Leave {
			t.Errorf("%s: %s, want it left", c.call, out.text())
		}
	}
}

// TestHandBorrows: what takes the task's own open file works for a task in a Landlock domain, too.
func TestHandBorrows(t *testing.T) {
	top := filepath.Join(publicDir(t), "tree")
	w := tasks()[0]
	plant(t, top, w)
	hand, err := NewHand(Options{}, []int{domainOf(t, top)})
	must(t, err)
	defer hand.Close()
	tk, b := startTask(t, w), newBench(t)
	tk.chdir(top)
	instance := tk.native("inotify_init1", []any{unix.IN_NONBLOCK})
	file := tk.native("openat", []any{unix.AT_FDCWD, "file", unix.O_WRONLY, 0})
	for _, c := range []oracleCase{
		{"inotify_add_watch", []any{int(instance.Value), "file", unix.IN_ATTRIB}},
		{"ioctl", []any{int(file.Value), unix.FS_IOC_SETFLAGS, words(0x40 | 0x80000)}},
		{"fchmod", []any{int(file.Value), 0o640}},
	} {
		want := tk.native(c.call, c.args)
		inv := tk.invocation(arch.Native()[0], c.call, c.args)
		if errno := b.judge(tk, &inv); errno != 0 {
			t.Fatal(errno)
		}
		out := hand.Do(tk.pid, &inv, tk, b.res, &b.acc)
		if out.Kind != Done || out.text() != want.String() {
			t.Errorf("%s: the kernel says %s, the hand %s", c.call, want.String(), out.text())
		}
	}
}
