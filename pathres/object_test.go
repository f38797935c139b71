package pathres

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// expect checks what a name of a twin leads to. A path of "-" is not looked at.
func expect(t *testing.T, what string, got access.Object, want access.Object, path string) {
	t.Helper()
	if path != "-" && string(got.Path) != path {
		t.Errorf("%s: path %q, want %q", what, got.Path, path)
	}
	if got.Kind != want.Kind || got.Errno != want.Errno || got.Refuse != want.Refuse || got.Held != want.Held ||
		got.PID != want.PID {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

func TestHeld(t *testing.T) {
	dir := tree(t)
	tw := spawn(t, nil)
	tw.chdir(dir)
	const rw = access.Read | access.Write
	eachKernel(t, func(t *testing.T, r *Resolver) {
		for _, c := range []struct {
			flags int
			held  access.Op
		}{
			{unix.O_RDONLY, access.Read}, {unix.O_WRONLY, access.Write}, {unix.O_RDWR, rw}, {unix.O_PATH, 0},
		} {
			fd := tw.open("file", c.flags)
			want := access.Object{Kind: access.Regular, Held: c.held}
			fdName := access.Name{Dirfd: int32(fd), FD: true}
			expect(t, "FD", tw.resolve(r, fdName), want, dir+"/file")
			fdName = access.Name{Dirfd: int32(fd), Empty: true}
			expect(t, "AT_EMPTY_PATH", tw.resolve(r, fdName), want, dir+"/file")
			for _, p := range []string{"/proc/self/fd/%d", "/dev/fd/%d", "/proc/thread-self/fd/%d",
				fmt.Sprintf("/proc/%d/fd/%%d", tw.pid)} {
				expect(t, p, tw.resolve(r, name(fmt.Sprintf(p, fd))), want, dir+"/file")
			}
			// Not followed, it is the link; with a slash, no directory; through others, nothing is held.
			n := name(fmt.Sprintf("/proc/self/fd/%d", fd))
			n.Follow = false
			expect(t, "link", tw.resolve(r, n), access.Object{Kind: access.Symlink, PID: tw.pid},
				fmt.Sprintf("/proc/%d/fd/%d", tw.pid, fd))
			expect(t, "slash", tw.resolve(r, name(fmt.Sprintf("/proc/self/fd/%d/", fd))),
				access.Object{Errno: unix.ENOTDIR}, "-")
			tw.do(ask{Op: "close", Dirfd: fd})
			expect(t, "closed", tw.resolve(r, access.Name{Dirfd: int32(fd), FD: true}), access.Object{Errno: unix.EBADF}, "")
		}
		fd := tw.open("a", unix.O_RDONLY)
		expect(t, "directory", tw.resolve(r, access.Name{Dirfd: int32(fd), FD: true}),
			access.Object{Kind: access.Directory}, dir+"/a")
		expect(t, "below", tw.resolve(r, name(fmt.Sprintf("/proc/self/fd/%d/file", fd))),
			access.Object{Kind: access.Regular}, dir+"/a/file")
		tw.do(ask{Op: "close", Dirfd: fd})

		other := spawn(t, nil)
		other.chdir(dir)
		fd = other.open("file", unix.O_RDWR)
		expect(t, "another's", tw.resolve(r, name(fmt.Sprintf("/proc/%d/fd/%d", other.pid, fd))),
			access.Object{Kind: access.Regular}, dir+"/file")
	})
	for _, fd := range []int32{-1, unix.AT_FDCWD} {
		r := resolver(t, kernels[0].can)
		expect(t, "no descriptor", tw.resolve(r, access.Name{Dirfd: fd, FD: true}), access.Object{Errno: unix.EBADF}, "")
	}
	r := resolver(t, kernels[0].can)
	n := access.Name{Dirfd: unix.AT_FDCWD, Empty: true}
	expect(t, "empty cwd", tw.resolve(r, n), access.Object{Kind: access.Directory}, dir)
}

func TestAnonymous(t *testing.T) {
	dir := tree(t)
	tw, other := spawn(t, nil), spawn(t, nil)
	tw.chdir(dir)
	other.chdir(dir)
	const rw = access.Read | access.Write
	for what, a := range map[string]ask{
		"pipe": {Op: "pipe"}, "socket": {Op: "socket"}, "epoll": {Op: "epoll"}, "memfd": {Op: "memfd", Path: "file"},
		"tmpfile": {Op: "open", Dirfd: unix.AT_FDCWD, Path: ".", Flags: unix.O_TMPFILE | unix.O_RDWR},
	} {
		held := rw
		if what == "pipe" {
			held = access.Write
		}
		eachKernel(t, func(t *testing.T, r *Resolver) {
			fd := tw.do(a).FD
			want := access.Object{Kind: access.Anonymous, Held: held}
			expect(t, what, tw.resolve(r, access.Name{Dirfd: int32(fd), FD: true}), want, "")
			want.PID = tw.pid
			expect(t, what+" by link", tw.resolve(r, name(fmt.Sprintf("/proc/self/fd/%d", fd))), want, "")
			tw.do(ask{Op: "close", Dirfd: fd})

			fd = other.do(a).FD
			path := fmt.Sprintf("/proc/%d/fd/%d", other.pid, fd)
			want = access.Object{Kind: access.Anonymous, PID: other.pid, Refuse: unix.EACCES}
			expect(t, "an outsider's "+what, tw.resolve(r, name(path)), want, "")
			r.Member = func(pid int) bool { return pid == other.pid }
			if want.Refuse = 0; r.can.getfd { // else it may have put another there between two looks, as it runs
				want.Held = held
			}
			expect(t, "a member's "+what, tw.resolve(r, name(path)), want, "")
			r.Member = nil
			other.do(ask{Op: "close", Dirfd: fd})
		})
	}
	// A handle can be had on anything, and so lends nothing.
	eachKernel(t, func(t *testing.T, r *Resolver) {
		fd := tw.do(ask{Op: "open", Dirfd: unix.AT_FDCWD, Path: ".", Flags: unix.O_TMPFILE | unix.O_RDWR}).FD
		handle := tw.open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_PATH)
		want := access.Object{Kind: access.Anonymous, PID: tw.pid}
		expect(t, "a handle", tw.resolve(r, name(fmt.Sprintf("/proc/self/fd/%d", handle))), want, "")
		tw.do(ask{Op: "close", Dirfd: fd})
		tw.do(ask{Op: "close", Dirfd: handle})
	})
}

func TestDeleted(t *testing.T) {
	eachKernel(t, func(t *testing.T, r *Resolver) {
		dir := tree(t)
		tw := spawn(t, nil)
		tw.chdir(dir + "/a/b/c")
		byFD := func(fd int) access.Object { return tw.resolve(r, access.Name{Dirfd: int32(fd), FD: true}) }
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		// A name that only looks deleted.
		fd := tw.open("x (deleted)", unix.O_RDWR)
		want := access.Object{Kind: access.Regular, Held: access.Read | access.Write}
		expect(t, "looks deleted", byFD(fd), want, dir+"/a/b/c/x (deleted)")
		// Deleted, while another file has the name that the kernel shows.
		gone := tw.open("x", unix.O_RDWR|unix.O_CREAT)
		must(os.Remove(dir + "/a/b/c/x"))
		want.Kind = access.Anonymous
		expect(t, "deleted", byFD(gone), want, "")
		// One of two names deleted: it can still be reached by the other.
		must(os.Link(dir+"/a/b/c/x (deleted)", dir+"/other"))
		must(os.Remove(dir + "/a/b/c/x (deleted)"))
		want = access.Object{Kind: access.Regular, Held: access.Read | access.Write, Refuse: unix.EACCES}
		expect(t, "other name left", byFD(fd), want, "")

		// A deleted working directory, with a directory that has the name that the kernel shows.
		must(os.Remove(dir + "/a/b/c"))
		must(os.Mkdir(dir+"/a/b/c (deleted)", 0o755))
		for _, p := range []string{".", "..", "../file", "x", "x/", "x/y", "./x", "/proc/self/cwd/x", dir + "/a/b/c/x", ""} {
			n := name(p)
			tw.agree(t, r, n)
			n.Create = true
			tw.agree(t, r, n)
			n.Follow = false
			tw.agree(t, r, n)
		}
		expect(t, "itself", tw.resolve(r, name(".")), access.Object{Kind: access.Anonymous}, "")
		n := name("new")
		n.Create = true
		expect(t, "in it", tw.resolve(r, n), access.Object{Errno: unix.ENOENT}, "")
	})
}

// TestDeep works in directories whose paths are longer than PATH_MAX.
func TestDeep(t *testing.T) {
	dir := tree(t)
	tw := spawn(t, nil)
	tw.chdir(dir)
	part, levels := strings.Repeat("d", 200), 45
	long := dir
	for range levels {
		tw.do(ask{Op: "mkdir", Dirfd: unix.AT_FDCWD, Path: part})
		tw.chdir(part)
		long += "/" + part
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir + "/" + part) })
	fd := tw.open("file", unix.O_RDWR|unix.O_CREAT)
	if err := os.Link(dir+"/a/file", dir+"/a/again"); err != nil {
		t.Fatal(err)
	}
	eachKernel(t, func(t *testing.T, r *Resolver) {
		for _, p := range []string{"file", "new", "..", "../new", ".", "./..", "/proc/self/cwd/file", "file/",
			"no/x", dir + "/a"} {
			n := name(p)
			tw.agree(t, r, n)
			if strings.HasPrefix(p, "/proc") {
				continue
			}
			n.Create = true
			tw.agree(t, r, n)
			n.Follow = false
			tw.agree(t, r, n)
		}
		expect(t, "file", tw.resolve(r, name("file")), access.Object{Kind: access.Regular}, long+"/file")
		want := access.Object{Kind: access.Regular, Held: access.Read | access.Write}
		expect(t, "descriptor", tw.resolve(r, access.Name{Dirfd: int32(fd), FD: true}), want, long+"/file")
		if cwd := r.Cwd(nil); string(cwd) != long {
			t.Errorf("Cwd: %d bytes, want %d", len(cwd), len(long))
		}
	})
}

func TestProcessEntries(t *testing.T) {
	tw := spawn(t, nil)
	me := os.Getpid()
	eachKernel(t, func(t *testing.T, r *Resolver) {
		for p, pid := range map[string]int{
			"/proc/self": tw.pid, "/proc/self/mem": tw.pid, "/proc/thread-self/mem": tw.pid, fmt.Sprintf("/proc/%d/mem", me): me,
			fmt.Sprintf("/proc/%d", me): me, "/proc/meminfo": 0, "/proc": 0, "/proc/sys/kernel/pid_max": 0,
			fmt.Sprintf("/proc/self/../%d/environ", me): me, "/proc/self/task": tw.pid,
		} {
			if o := tw.agree(t, r, name(p)); o.PID != pid {
				t.Errorf("%s: PID %d, want %d", p, o.PID, pid)
			}
		}
		n := name("/proc/self/new")
		n.Create = true
		expect(t, "missing", tw.resolve(r, n), access.Object{PID: tw.pid}, fmt.Sprintf("/proc/%d/new", tw.pid))
		n = name("/proc/self")
		n.Follow = false
		expect(t, "link", tw.resolve(r, n), access.Object{Kind: access.Symlink}, "/proc/self")
	})
	// Digits below a directory that is called /proc do not make a process of what is no procfs.
	if pidIn([]byte("/proc/12/x")) != 12 || pidIn([]byte("/proc/12x")) != 0 || pidIn([]byte("/proc/")) != 0 ||
		pidIn([]byte("/home/proc/1")) != 0 {
		t.Error("pidIn")
	}
}
