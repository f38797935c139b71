package pathres

import (
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// TestRebase resolves names of a task in mounts and numbers of its own: what only it has mounted has a path, and entries
// of its procfs are those of the tracer's numbers.
func TestRebase(t *testing.T) {
	namespaces(t)
	dir := tree(t)
	tw := spawn(t, func(c *exec.Cmd) {
		c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	})
	if ans := tw.try(ask{Op: "mount", Path: "/proc", Flags: 1}); ans.Errno != 0 {
		t.Skipf("mount a procfs in a new PID namespace: %v", ans.Errno)
	}
	tw.do(ask{Op: "mkdir", Dirfd: unix.AT_FDCWD, Path: dir + "/own"})
	tw.do(ask{Op: "mount", Path: dir + "/own"})
	tw.do(ask{Op: "mkdir", Dirfd: unix.AT_FDCWD, Path: dir + "/own/d"})
	eachKernel(t, func(t *testing.T, r *Resolver) {
		outer := func(number int) int {
			if number == 1 {
				return tw.pid
			}
			return 0
		}
		for range 2 { // the second handle takes the place of the first
			if err := r.Rebase(tw.pid, outer); err != nil {
				t.Fatal(err)
			}
		}
		tw.chdir(dir + "/own")
		n := name("new")
		n.Create = true
		expect(t, "seen only there", tw.resolve(r, n), access.Object{}, dir+"/own/new")
		expect(t, "absolute", tw.resolve(r, name(dir+"/own/d")), access.Object{Kind: access.Directory}, dir+"/own/d")
		for _, path := range []string{"/proc/self/status", "/proc/1/status", "/proc/thread-self/../../status"} {
			expect(t, path, tw.resolve(r, name(path)), access.Object{Kind: access.Regular, PID: tw.pid}, "/proc/1/status")
		}
		expect(t, "no process", tw.resolve(r, name("/proc/uptime")), access.Object{Kind: access.Regular}, "/proc/uptime")
		expect(t, "nobody", tw.resolve(r, name("/proc/99999/status")), access.Object{Errno: unix.ENOENT}, "/proc/99999/status")
		if !r.AtHome() && r.can.mountID {
			t.Error("its root is not its root")
		}
	})
}
