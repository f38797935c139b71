package pathres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

func TestOtherMounts(t *testing.T) {
	namespaces(t)
	dir := tree(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(dir+"/m", 0o755))
	must(os.Mkdir(dir+"/bound", 0o755))
	eachKernel(t, func(t *testing.T, r *Resolver) {
		// A mount in our own namespace, detached while the task stands in it: "/d" is what the kernel calls it then.
		must(unix.Mount("none", dir+"/m", "tmpfs", 0, ""))
		must(os.Mkdir(dir+"/m/d", 0o755))
		tw := spawn(t, nil)
		tw.chdir(dir + "/m/d")
		n := name("new")
		n.Create = true
		o := tw.agree(t, r, n)
		expect(t, "mounted", o, access.Object{}, dir+"/m/d/new")
		must(unix.Unmount(dir+"/m", unix.MNT_DETACH))
		r.Release()
		expect(t, "detached", tw.resolve(r, n), access.Object{Refuse: unix.EACCES}, "")
		expect(t, "detached itself", tw.resolve(r, name(".")), access.Object{Kind: access.Directory, Refuse: unix.EACCES}, "")
		expect(t, "out of it", tw.resolve(r, name(dir+"/file")), access.Object{Kind: access.Regular}, dir+"/file")

		// A directory moved out of what is bound elsewhere.
		must(unix.Mount(dir+"/a", dir+"/bound", "", unix.MS_BIND, ""))
		must(os.MkdirAll(dir+"/a/in", 0o755))
		tw.chdir(dir + "/bound/in")
		expect(t, "bound", tw.resolve(r, n), access.Object{}, dir+"/bound/in/new")
		must(os.Rename(dir+"/a/in", dir+"/escaped"))
		if o := tw.resolve(r, n); o.Refuse == 0 && string(o.Path) != dir+"/escaped/new" {
			t.Errorf("escaped from a bind mount: %q, %+v", o.Path, o)
		}
		must(unix.Unmount(dir+"/bound", unix.MNT_DETACH))
		must(os.Remove(dir + "/escaped"))

		// Another mount namespace, in which something else is mounted.
		away := spawn(t, func(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS} })
		away.do(ask{Op: "mount", Path: dir + "/m"})
		away.chdir(dir + "/m")
		away.do(ask{Op: "mkdir", Dirfd: unix.AT_FDCWD, Path: "d"})
		expect(t, "seen only there", away.resolve(r, n), access.Object{Refuse: unix.EACCES}, "")
		expect(t, "absolute, seen only there", away.resolve(r, name(dir+"/m/d")),
			access.Object{Kind: access.Directory, Refuse: unix.EACCES}, "")
		expect(t, "seen here too", away.resolve(r, name("../a/file")), access.Object{Kind: access.Regular}, dir+"/a/file")
		away.agree(t, r, name("/proc/self/cwd/../file"))
	})
}

// TestForeignProcfs resolves self in a procfs of another PID namespace.
func TestForeignProcfs(t *testing.T) {
	namespaces(t)
	dir := tree(t)
	tw := spawn(t, func(c *exec.Cmd) {
		c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	})
	if ans := tw.try(ask{Op: "mount", Path: "/proc", Flags: 1}); ans.Errno != 0 {
		t.Skipf("mount a procfs in a new PID namespace: %v", ans.Errno)
	}
	tw.chdir(dir)
	eachKernel(t, func(t *testing.T, r *Resolver) {
		for _, p := range []string{"/proc/self/cwd/file", "/proc/thread-self/cwd/a", "/proc/self/cwd/no/x",
			"/proc/1/cwd/file", "/proc/self/cwd"} {
			if o := tw.agree(t, r, name(p)); o.Errno == 0 && !strings.HasPrefix(string(o.Path), dir) {
				t.Errorf("%s: %q", p, o.Path)
			}
		}
		fd := tw.open("file", unix.O_RDONLY)
		want := access.Object{Kind: access.Regular, Held: access.Read}
		expect(t, "descriptor", tw.resolve(r, name(fmt.Sprintf("/proc/self/fd/%d", fd))), want, dir+"/file")
		tw.do(ask{Op: "close", Dirfd: fd})
		fd = tw.do(ask{Op: "pipe"}).FD
		want = access.Object{Kind: access.Anonymous, Held: access.Write, PID: tw.pid}
		expect(t, "pipe", tw.resolve(r, name(fmt.Sprintf("/proc/self/fd/%d", fd))), want, "")
		tw.do(ask{Op: "close", Dirfd: fd})
		// Files of that procfs have no name here.
		expect(t, "status", tw.resolve(r, name("/proc/self/status")), access.Object{Kind: access.Regular,
			Refuse: unix.EACCES}, "")
	})
}

// TestWhatTheTracerMayNotSee resolves as nobody for a process of root and for one that hides.
func TestWhatTheTracerMayNotSee(t *testing.T) {
	if os.Geteuid() != 0 || !canBecome(65534) {
		t.Skip("not root of a namespace with more than one user: nobody to resolve as")
	}
	nobody := func(c *exec.Cmd) {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	dir := tree(t)
	for p := dir; p != "/"; p = filepath.Dir(p) {
		if fi, err := os.Stat(p); err == nil && fi.Mode()&0o005 != 0o005 {
			os.Chmod(p, fi.Mode()|0o055)
		}
	}
	if err := os.Mkdir(dir+"/closed", 0o700); err != nil {
		t.Fatal(err)
	}
	tracer, root, same := spawn(t, nobody), spawn(t, nil), spawn(t, nobody)
	ask := func(pid int, path string) access.Object {
		return tracer.do(ask{Op: "resolve", PID: pid, Dirfd: unix.AT_FDCWD, Path: path}).Object
	}
	expect(t, "root's cwd", ask(root.pid, "x"), access.Object{Refuse: unix.EACCES}, "")
	expect(t, "root's root", ask(root.pid, "/etc"), access.Object{Refuse: unix.EACCES}, "")
	expect(t, "dead", ask(1<<22-1, "/etc"), access.Object{Refuse: unix.ENOENT}, "")
	expect(t, "same rights, closed", ask(same.pid, dir+"/closed/x"), access.Object{Errno: unix.EACCES}, dir+"/closed/x")
	expect(t, "same rights, open", ask(same.pid, dir+"/file"), access.Object{Kind: access.Regular}, dir+"/file")
	expect(t, "hidden by procfs", ask(same.pid, fmt.Sprintf("/proc/%d/cwd/x", root.pid)),
		access.Object{Refuse: unix.EACCES}, "")
	same.do(hide)
	expect(t, "not dumpable", ask(same.pid, dir+"/file"), access.Object{Refuse: unix.EACCES}, "")
}

// TestWhatOnlyTheTaskMaySearch resolves as root without the capabilities to search every directory: what is closed to
// the tracer is closed to a task with the same rights, and must not be taken for closed to one with more.
func TestWhatOnlyTheTaskMaySearch(t *testing.T) {
	if os.Geteuid() != 0 || !canBecome(65534) {
		t.Skip("not root of a namespace with more than one user: no other user's directory to be kept out of")
	}
	dir := tree(t)
	if err := errors.Join(os.Chmod(dir+"/a", 0o700), os.Chown(dir+"/a", 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	tracer, weak, strong := spawn(t, nil), spawn(t, nil), spawn(t, nil)
	tracer.do(ask{Op: "weaken"})
	weak.do(ask{Op: "weaken"})
	for _, path := range []string{dir + "/a/file", dir + "/a/b/file", dir + "/a/b/../file"} {
		resolve := func(pid int) access.Object {
			return tracer.do(ask{Op: "resolve", PID: pid, Dirfd: unix.AT_FDCWD, Path: path}).Object
		}
		expect(t, "weak "+path, resolve(weak.pid), access.Object{Errno: unix.EACCES}, "-")
		expect(t, "strong "+path, resolve(strong.pid), access.Object{Refuse: unix.EACCES}, "")
	}
}

var hide = ask{Op: "undumpable"}

// canBecome says whether a user ID exists in this user namespace.
func canBecome(uid int) bool {
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	return cmd.Run() == nil
}
