package deputy

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// openErrno opens and closes.
func (b *bench) openErrno(tk *task, path string, flags int) unix.Errno {
	b.t.Helper()
	out := b.openAs(tk, path, flags)
	switch out.Kind {
	case Opened:
		unix.Close(out.FD)
		return 0
	case Done:
		return unix.Errno(-out.Value)
	}
	b.t.Fatalf("%s: kind %d", path, out.Kind)
	return 0
}

// TestTracersOwnEntries asks for what procfs gives nobody but the tracer itself.
func TestTracersOwnEntries(t *testing.T) {
	for _, w := range []who{{name: "root"}, anyone()} {
		if w.uid == 0 && os.Geteuid() != 0 && w.name == "root" {
			continue
		}
		t.Run(w.name, func(t *testing.T) {
			b, tk := newBench(t), startTask(t, w)
			for _, dir := range []string{
				fmt.Sprintf("/proc/%d", os.Getpid()),
				fmt.Sprintf("/proc/%d", unix.Gettid()),
				fmt.Sprintf("/proc/%d/task/%d", os.Getpid(), unix.Gettid()),
			} {
				for _, c := range []struct {
					name  string
					flags int
					want  unix.Errno
				}{
					{"mem", unix.O_RDWR, unix.EACCES}, {"mem", unix.O_RDONLY, unix.EACCES},
					{"environ", unix.O_RDONLY, unix.EACCES}, {"maps", unix.O_RDONLY, unix.EACCES},
					{"fd", unix.O_RDONLY | unix.O_DIRECTORY, unix.EACCES}, {"attr/current", unix.O_RDONLY, unix.EACCES},
					{"comm", unix.O_WRONLY, unix.EACCES}, {"oom_score_adj", unix.O_RDWR, unix.EACCES},
					{"comm", unix.O_RDONLY, 0}, {"stat", unix.O_RDONLY, 0}, {"status", unix.O_RDONLY, 0},
					{"", unix.O_RDONLY, 0},
				} {
					if got := b.openErrno(tk, dir+"/"+c.name, c.flags); got != c.want {
						t.Errorf("%s/%s %#x: %v, want %v", dir, c.name, c.flags, got, c.want)
					}
				}
				// By a descriptor that only finds it, which costs no right.
				r := tk.native("open", []any{dir + "/maps", unix.O_PATH})
				if r.Errno != 0 {
					t.Fatal(r.Errno)
				}
				if got := b.openErrno(tk, "/proc/self/fd/"+strconv.Itoa(int(r.Value)), unix.O_RDONLY); got != unix.EACCES {
					t.Errorf("%s/maps by a descriptor: %v", dir, got)
				}
			}
		})
	}
}

// TestOutsidersEntries asks for the entries of a process that does not belong to the tree, and of one that does.
func TestOutsidersEntries(t *testing.T) {
	b, tk := newBench(t), startTask(t, who{})
	other := exec.Command("sleep", "60")
	other.Env = []string{"SECRET=x"}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Process.Kill(); other.Wait() })
	pid := other.Process.Pid
	entry := func(name string) string { return fmt.Sprintf("/proc/%d/%s", pid, name) }
	for _, member := range []bool{false, true} {
		b.d.member = func(p int) bool { return p == tk.pid || member && p == pid }
		for _, name := range []string{"environ", "maps", "mem", "fd", "attr/current"} {
			want := unix.EACCES
			if member && (name != "mem" || !yama()) {
				want = 0
			}
			if got := b.openErrno(tk, entry(name), unix.O_RDONLY); got != want {
				t.Errorf("%s, member %v: %v, want %v", name, member, got, want)
			}
		}
		if got := b.openErrno(tk, entry("status"), unix.O_RDONLY); got != 0 {
			t.Errorf("status, member %v: %v", member, got)
		}
	}
	for _, name := range []string{"environ", "maps", "mem", "fd", "task"} {
		if got := b.openErrno(tk, "/proc/self/"+name, unix.O_RDONLY); got != 0 {
			t.Errorf("/proc/self/%s: %v", name, got)
		}
	}
}

func yama() bool {
	scope, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope")
	return err == nil && scope[0] != '0'
}

// TestNamespaceMapsAreTheTasksOwn looks at the one open of procfs that a Deputy leaves to the task.
func TestNamespaceMapsAreTheTasksOwn(t *testing.T) {
	b, tk := newBench(t), startTask(t, who{})
	for _, lifted := range []bool{false, true} {
		b.d.namespaces = lifted
		for _, flags := range []int{
			unix.O_WRONLY, unix.O_RDONLY, unix.O_WRONLY | unix.O_TRUNC, unix.O_WRONLY | unix.O_CREAT,
		} {
			want := Opened
			if lifted && flags == unix.O_WRONLY {
				want = Leave
			}
			out := b.openAs(tk, "/proc/self/uid_map", flags)
			if out.Kind != want {
				t.Errorf("lifted %v, %#x: kind %d, %d", lifted, flags, out.Kind, out.Value)
			}
			if out.Kind == Opened {
				unix.Close(out.FD)
			}
		}
	}
}

// TestAnotherProcfs mounts a second procfs, which since Linux 5.8 is an instance of its own, as in a chroot.
func TestAnotherProcfs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root mounts")
	}
	runtime.LockOSThread() // never unlocked: the thread ends with its mounts
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		t.Skip("no mount namespace: ", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := unix.Mount("proc", dir, "proc", 0, ""); err != nil {
		t.Skip("no procfs to be mounted: ", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	b, tk := newBench(t), startTask(t, who{})
	b.d.member = func(pid int) bool { return pid == tk.pid }
	me, it := fmt.Sprintf("%s/%d", dir, os.Getpid()), fmt.Sprintf("%s/%d", dir, tk.pid)
	for _, c := range []struct {
		path string
		want unix.Errno
	}{
		{me + "/maps", unix.EACCES}, {me + "/mem", unix.EACCES}, {me + "/fd", unix.EACCES}, {me + "/status", 0},
		{it + "/maps", 0}, {dir + "/self/maps", 0}, {dir + "/self/task", 0}, {dir + "/thread-self/environ", 0},
		{dir + "/1/environ", unix.EACCES}, {dir + "/1/status", 0}, {dir + "/version", 0},
		{dir + "/sys/kernel/ostype", 0}, {dir, 0},
	} {
		if got := b.openErrno(tk, c.path, unix.O_RDONLY); got != c.want {
			t.Errorf("%s: %v, want %v", c.path, got, c.want)
		}
	}
	for _, link := range []string{"self", "thread-self", "self/exe", "mounts"} {
		lookBoth(t, b, tk, dir+"/"+link, oracleCase{"readlinkat", []any{unix.AT_FDCWD, dir + "/" + link, make([]byte, 128), 128}})
	}
}
