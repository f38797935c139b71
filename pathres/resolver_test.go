package pathres

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// tree makes a directory with what the tests walk over and returns its canonical path.
func tree(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(dir, "a/b/c"), 0o755))
	must(os.Mkdir(filepath.Join(dir, "proc"), 0o755))
	for _, f := range []string{"file", "a/file", "a/b/file", "a/b/c/x (deleted)", "a/\xff\x01 odd\n",
		"a/" + strings.Repeat("n", 255)} {
		must(os.WriteFile(filepath.Join(dir, f), nil, 0o644))
	}
	must(unix.Mkfifo(filepath.Join(dir, "fifo"), 0o644))
	must(unix.Mknod(filepath.Join(dir, "sock"), unix.S_IFSOCK|0o644, 0))
	must(os.Mkdir(filepath.Join(dir, "dir (deleted)"), 0o755))
	links := map[string]string{
		"rel": "a/b", "up": "a/../a/b", "slash": "a/b/", "tofile": "a/file", "fileslash": "a/file/", "dangling": "a/new",
		"danglingslash": "a/new/", "nodir": "no/such", "loop": "loop", "loop1": "loop2", "loop2": "loop1", "dots": "a/b/..",
		"dot": ".", "a/root": "/", "a/back": "../rel/c", "stdin": "/proc/self/fd/0", "me": "/proc/self/cwd",
		"thread": "/proc/thread-self/cwd/a", "long": strings.Repeat("./", 2040) + "a", "chain0": "a", "abs": "/a/b",
	}
	for i := range 45 {
		links[fmt.Sprintf("chain%d", i+1)] = fmt.Sprintf("chain%d", i)
	}
	for name, to := range links {
		must(os.Symlink(to, filepath.Join(dir, name)))
	}
	must(os.Symlink(dir+"/a/b", filepath.Join(dir, "outer")))
	must(os.Symlink(dir+"/a/made", filepath.Join(dir, "outerdangling")))
	return dir
}

// paths are walked from a tree as working directory; %s stands for its path.
var paths = []string{
	"", ".", "..", "./", "../", "/", "//", "///.", "/..", "/../..", "file", "./file", ".//file", "file/",
	"file/.", "file/x", "a", "a/", "a/.", "a/..", "a/../", "a/b/../file", "a//b///file", "no", "no/", "no/x",
	"no/..", "a/no", "a/no/", "a/no/x", "rel", "rel/", "rel/file", "rel/..", "rel/../file", "up", "up/file",
	"slash", "slash/", "slash/file", "tofile", "tofile/", "tofile/x", "fileslash", "dangling", "dangling/",
	"dangling/x", "danglingslash", "danglingslash/", "nodir", "nodir/x", "loop", "loop/", "loop/x", "loop1",
	"loop2/..", "dots", "dots/file", "dot", "dot/dot/dot/a", "a/root", "a/root/", "a/root/proc", "a/back",
	"a/back/../file", "a/back/x (deleted)", "stdin", "me", "me/", "me/file", "me/..", "thread", "thread/file",
	"long", "long/file", "chain39", "chain40", "chain41", "chain39/", "chain40/file", "chain39/file", "outer",
	"outer/c", "outer/..", "outer/../file", "outerdangling", "fifo", "sock", "sock/", "dir (deleted)",
	"dir (deleted)/new", "a/\xff\x01 odd\n", "abs", "abs/file", strings.Repeat("n", 255),
	strings.Repeat("n", 256), "a/" + strings.Repeat("n", 255), strings.Repeat("n", 256) + "/x",
	strings.Repeat("n", 255) + "/x", "no/" + strings.Repeat("n", 256), strings.Repeat("/", 4094) + "a",
	strings.Repeat("/", 4095) + "a", strings.Repeat("a/../", 700) + "file", strings.Repeat("./", 2047) + "a",
	"/proc/self", "/proc/self/", "/proc/self/cwd", "/proc/self/cwd/", "/proc/self/cwd/a/b",
	"/proc/self/cwd/../", "/proc/self/root", "/proc/self/root/", "/proc/self/root/proc/self/cwd",
	"/proc/self/exe", "/proc/self/exe/", "/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/0/",
	"/proc/self/fd/99", "/proc/self/fd/3", "/proc/thread-self", "/proc/thread-self/cwd/file",
	"/proc/self/task/../cwd/a", "/proc/mounts", "/proc/net", "/proc/net/dev", "/proc/self/ns/mnt", "/proc/1",
	"/proc/self/no", "/proc/self/fd/../cwd", "/proc/self/status", "/proc/no", "/proc/sys/kernel", "/dev/fd/0",
	"/dev/stdin", "/dev/null", "/bin/sh", "%s/a/b/file", "%s/rel/file", "%s/a/new", "%s/no/new", "%s/dangling",
	"%s/dangling/", "%s//a/./b/",
}

// each calls f with every path and every way of naming it.
func each(dir string, f func(n access.Name)) {
	for _, p := range paths {
		for _, follow := range []bool{true, false} {
			for _, create := range []bool{false, true} {
				n := name(strings.ReplaceAll(p, "%s", dir))
				n.Follow, n.Create = follow, create
				f(n)
			}
		}
	}
}

func TestResolveLikeTheKernel(t *testing.T) {
	dir := tree(t)
	tw := spawn(t, nil)
	tw.chdir(dir)
	eachKernel(t, func(t *testing.T, r *Resolver) {
		each(dir, func(n access.Name) {
			if procCreate(&n) {
				return
			}
			tw.agree(t, r, n)
		})
	})
}

// procCreate: procfs makes no files and says so with an errno of its own choice, which is no matter of the name.
func procCreate(n *access.Name) bool {
	return n.Create && (strings.HasPrefix(string(n.UnsafePath), "/proc") ||
		strings.HasPrefix(string(n.UnsafePath), "/dev"))
}

func TestResolveInChroot(t *testing.T) {
	namespaces(t)
	dir := tree(t)
	// An instance of its own; a user namespace without a PID namespace may only bind the one there is.
	if unix.Mount("proc", dir+"/proc", "proc", 0, "") != nil {
		if err := unix.Mount("/proc", dir+"/proc", "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { unix.Unmount(dir+"/proc", unix.MNT_DETACH) })
	tw := spawn(t, nil)
	tw.chdir(dir)
	outside := tw.open("/", unix.O_PATH)
	tw.do(ask{Op: "chroot", Path: dir})
	eachKernel(t, func(t *testing.T, r *Resolver) {
		each("", func(n access.Name) {
			if !procCreate(&n) {
				tw.agree(t, r, n)
			}
		})
		// ".." from a descriptor outside the root goes on to the true one.
		n := name("tmp/../..")
		n.Dirfd = int32(outside)
		if o := tw.agree(t, r, n); string(o.Path) != "/" {
			t.Errorf("out of the chroot: %q", o.Path)
		}
		if o := tw.agree(t, r, name("/a/b/file")); string(o.Path) != dir+"/a/b/file" {
			t.Errorf("in the chroot: %q", o.Path)
		}
	})
}

func TestResolveFlags(t *testing.T) {
	r := resolver(t, features{openat2: true, statx: true, mountID: true, getfd: true, fdinfo: true})
	if !r.can.openat2 {
		t.Skip("no openat2: the flags exist with it only")
	}
	dir := tree(t)
	tw := spawn(t, nil)
	tw.chdir(dir)
	fd := int32(tw.open(dir+"/a", unix.O_RDONLY|unix.O_DIRECTORY))
	proc := int32(tw.open("/proc", unix.O_RDONLY|unix.O_DIRECTORY))
	more := []string{"self/status", "self/cwd", "self/fd/0", "b/../..", "back", "root/", "b", "../a/b", "/b",
		"/b/file", "thread-self"}
	for flags := uint64(1); flags < 32; flags++ {
		if flags&unix.RESOLVE_BENEATH != 0 && flags&unix.RESOLVE_IN_ROOT != 0 {
			continue // EINVAL, whatever the name
		}
		for _, p := range append(more, paths...) {
			for _, at := range []int32{unix.AT_FDCWD, fd, proc} {
				n := name(strings.ReplaceAll(p, "%s", dir))
				n.Dirfd, n.Resolve = at, flags
				tw.agree(t, r, n)
				n.Follow = false
				tw.agree(t, r, n)
			}
		}
	}
}

func TestDirfd(t *testing.T) {
	dir := tree(t)
	tw := spawn(t, nil)
	tw.chdir("/")
	fds := []int{
		tw.open(dir+"/a", unix.O_RDONLY), tw.open(dir+"/a/b", unix.O_PATH), tw.open(dir+"/file", unix.O_RDONLY),
		tw.open(dir+"/rel", unix.O_PATH|unix.O_NOFOLLOW), tw.do(ask{Op: "pipe"}).FD, 77, -1, -99, tw.open("/", unix.O_PATH),
	}
	eachKernel(t, func(t *testing.T, r *Resolver) {
		for _, fd := range fds {
			for _, p := range []string{"file", "b", "..", "../file", ".", "no", "", "/", "no/x", dir + "/file", "../rel/file"} {
				n := name(p)
				n.Dirfd = int32(fd)
				tw.agree(t, r, n)
				n.Create = true
				tw.agree(t, r, n)
			}
		}
	})
}

func TestThreadWithItsOwnDirectory(t *testing.T) {
	dir := tree(t)
	tw := spawn(t, nil)
	tw.chdir(dir)
	ans := tw.do(ask{Op: "thread", Path: dir + "/a"})
	r := resolver(t, kernels[0].can)
	for _, p := range []string{"file", "/proc/thread-self/cwd/file", "/proc/self/cwd/file", "b/..",
		"/proc/thread-self/fd/0"} {
		var o access.Object
		n := name(p)
		r.Task(ans.TID, tw.pid)
		r.Resolve(0, &n, &o)
		native := tw.do(ask{Op: "thread probe", Dirfd: unix.AT_FDCWD, Path: p, Flags: unix.O_PATH})
		if o.Errno != 0 || o.Refuse != 0 {
			t.Errorf("%s: %+v", p, o)
		} else if complaint := samePlace(&o, &native); complaint != "" {
			t.Errorf("%s: %s: %q", p, complaint, o.Path)
		}
	}
}
