package pathres

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// costs are the names whose resolution must be cheap, by kind.
func costs(t testing.TB, tw *twin, dir string) map[string]access.Name {
	t.Helper()
	named := func(path string, dirfd int, follow, create bool) access.Name {
		return access.Name{Dirfd: int32(dirfd), UnsafePath: []byte(path), Follow: follow, Create: create}
	}
	const cwd = unix.AT_FDCWD
	fd := tw.open(dir+"/a/b", unix.O_RDONLY)
	file := tw.open(dir+"/file", unix.O_RDWR)
	return map[string]access.Name{
		"absolute overwrite":   named(dir+"/a/b/file", cwd, true, true),
		"absolute create":      named(dir+"/a/b/new", cwd, true, true),
		"absolute missing":     named(dir+"/no/such", cwd, true, false),
		"absolute link on way": named(dir+"/rel/file", cwd, true, false),
		"bin sh":               named("/bin/sh", cwd, true, false),
		"relative overwrite":   named("file", cwd, true, true),
		"relative create":      named("new", cwd, true, true),
		"relative deep":        named("a/b/file", cwd, true, true),
		"relative unlink":      named("file", cwd, false, false),
		"relative missing":     named("nope", cwd, true, false),
		"relative dotdot":      named("a/../file", cwd, true, false),
		"relative link":        named("tofile", cwd, true, false),
		"relative dangling":    named("dangling", cwd, true, true),
		"absolute link":        named("outer/file", cwd, true, false),
		"dirfd":                named("file", fd, false, false),
		"descriptor":           {Dirfd: int32(file), FD: true},
		"dev null":             named("/dev/null", cwd, true, true),
		"dev fd":               named(fmt.Sprintf("/dev/fd/%d", file), cwd, true, false),
		"proc self":            named("/proc/self/status", cwd, true, false),
		"proc self cwd":        named("/proc/self/cwd/file", cwd, true, false),
	}
}

func TestNoAllocations(t *testing.T) {
	dir := tree(t)
	tw := spawn(t, nil)
	tw.chdir(dir)
	r := resolver(t, kernels[0].can)
	var o access.Object
	for what, n := range costs(t, tw, dir) {
		if got := testing.AllocsPerRun(100, func() {
			r.Task(tw.pid, tw.pid)
			r.Resolve(0, &n, &o)
		}); got != 0 {
			t.Errorf("%s: %v allocations", what, got)
		}
		if o.Refuse != 0 {
			t.Errorf("%s: refused: %v", what, o.Refuse)
		}
	}
}

// TestNoLeaks counts the open descriptors after names of all kinds with all kinds of outcome.
func TestNoLeaks(t *testing.T) {
	dir := tree(t)
	tw := spawn(t, nil)
	tw.chdir(dir)
	jailed := spawn(t, nil)
	jailed.chdir(dir)
	if os.Getenv(namespaceEnv) != "" {
		jailed.do(ask{Op: "chroot", Path: dir})
	}
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	before := count()
	for _, k := range kernels {
		r, err := New()
		if err != nil {
			t.Fatal(err)
		}
		r.can = k.can
		idle := count()
		for _, flags := range []uint64{0, unix.RESOLVE_BENEATH, unix.RESOLVE_IN_ROOT, unix.RESOLVE_NO_XDEV,
			unix.RESOLVE_NO_MAGICLINKS} {
			if flags != 0 && !r.can.openat2 {
				continue
			}
			each(dir, func(n access.Name) {
				n.Resolve = flags
				var o access.Object
				for _, who := range []*twin{tw, jailed} {
					r.Task(who.pid, who.pid)
					r.Resolve(0, &n, &o)
					r.Resolve(1, &n, &o)
					r.Resolve(1, &n, &o)
				}
				r.Release()
			})
		}
		if got := count(); got != idle {
			t.Errorf("%s: %d descriptors after Release, %d before", k.name, got, idle)
		}
		r.Close()
	}
	if got := count(); got != before {
		t.Errorf("%d descriptors after Close, %d before", got, before)
	}
}

// TestOutOfDescriptors: what cannot be looked at is refused, whenever the descriptors run out, and not taken for
// missing, nameless or held.
func TestOutOfDescriptors(t *testing.T) {
	dir := tree(t)
	tw := spawn(t, nil)
	tw.chdir(dir)
	directory, file := int32(tw.open("a", unix.O_RDONLY)), int32(tw.open("file", unix.O_RDWR))
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	names := []access.Name{name(dir + "/a/b/file"), name("file"), name("rel/file"), name("a/../file"),
		name("/proc/self/cwd"), name(fmt.Sprintf("/proc/self/fd/%d", file)), {Dirfd: file, FD: true},
		{Dirfd: directory, UnsafePath: []byte("b")}}
	for _, k := range kernels {
		r := resolver(t, k.can)
		for _, n := range names {
			want := tw.resolve(r, n)
			path := string(want.Path)
			r.Release()
			next, err := unix.Dup(0)
			if err != nil {
				t.Fatal(err)
			}
			unix.Close(next)
			for spare := range 6 {
				short := limit
				short.Cur = uint64(next + spare)
				if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &short, nil); err != nil {
					t.Fatal(err)
				}
				o := tw.resolve(r, n)
				if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
					t.Fatal(err)
				}
				refused := o.Refuse != 0 && o.Errno == 0 && o.Held == 0 && len(o.Path) == 0
				if right := o.Refuse == 0 && o.Errno == 0 && string(o.Path) == path && o.Held == want.Held; !refused && !right {
					t.Errorf("%s, %+v, %d descriptors left: %+v", k.name, n, spare, o)
				}
				if spare == 0 && !refused {
					t.Errorf("%s, %+v: resolved without a descriptor: %+v", k.name, n, o)
				}
			}
		}
	}
}

func TestTwoNamesAtOnce(t *testing.T) {
	dir := tree(t)
	tw := spawn(t, nil)
	tw.chdir(dir)
	r := resolver(t, kernels[0].can)
	var a, b access.Object
	na, nb := name("rel/file"), name("a/file")
	r.Task(tw.pid, tw.pid)
	r.Resolve(0, &na, &a)
	r.Resolve(1, &nb, &b)
	if string(a.Path) != dir+"/a/b/file" || string(b.Path) != dir+"/a/file" {
		t.Errorf("%q, %q", a.Path, b.Path)
	}
	if fd, last := r.Parent(0); fd < 0 || string(last) != "file" || r.Object(0) >= 0 {
		t.Errorf("Parent %d, %q; Object %d", fd, last, r.Object(0))
	}
	dot := name(".")
	r.Resolve(0, &dot, &a)
	if fd, last := r.Parent(0); fd >= 0 || len(last) != 0 || r.Object(0) < 0 || !a.Dot {
		t.Errorf("of a dot: Parent %d, %q; Object %d", fd, last, r.Object(0))
	}
}

func TestNewWithoutProcfs(t *testing.T) {
	namespaces(t)
	dir := tree(t)
	tw := spawn(t, nil)
	tw.do(ask{Op: "chroot", Path: dir})
	if ans := tw.try(ask{Op: "resolve", PID: 1, Path: "/"}); ans.Errno == 0 {
		t.Error("New worked where /proc is an empty directory")
	}
}

func BenchmarkResolve(b *testing.B) {
	dir := tree(b)
	tw := spawn(b, nil)
	tw.chdir(dir)
	for _, k := range []int{0, 2} {
		r := resolver(b, kernels[k].can)
		for what, n := range costs(b, tw, dir) {
			b.Run(what+"/"+kernels[k].name, func(b *testing.B) {
				var o access.Object
				b.ReportAllocs()
				for b.Loop() {
					r.Task(tw.pid, tw.pid)
					r.Resolve(0, &n, &o)
				}
			})
		}
	}
}
