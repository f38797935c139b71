package deputy

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// TestLookups looks names up with a task's rights and asks the kernel to look them up for the task.
func TestLookups(t *testing.T) {
	for _, w := range tasks() {
		t.Run(w.name, func(t *testing.T) {
			top := filepath.Join(openDir(t), "tree")
			plant(t, top, w)
			if os.Geteuid() == 0 {
				lookupTree(t, top)
			}
			tk, other, b := startTask(t, w), startTask(t, tasks()[0]), newBench(t)
			var failed []syscall.Errno
			tracer := fmt.Sprintf("/proc/%d/", os.Getpid())
			look := func(from, path string, nofollow bool) {
				path = strings.ReplaceAll(path, "%s", top)
				path = strings.ReplaceAll(path, "%d", strconv.Itoa(other.pid))
				path = strings.ReplaceAll(path, "%p", strconv.Itoa(os.Getpid()))
				flags := unix.O_PATH
				if nofollow {
					flags |= unix.O_NOFOLLOW
				}
				r := tk.native("openat", []any{unix.AT_FDCWD, path, flags, 0})
				if r.Errno == 0 {
					tk.native("close", []any{int(r.Value)})
				}
				inv := tk.invocation(arch.Native()[0], "openat", []any{unix.AT_FDCWD, path, flags, 0})
				errno := b.judge(tk, &inv)
				o := &b.acc.List[0].Object
				if errno == 0 {
					errno = o.Errno
				}
				failed = append(failed, errno)
				if o.Refuse == unix.EACCES && strings.HasPrefix(path, tracer) && !nofollow {
					return // whoever asks: TestTracersLinks
				}
				if o.Refuse != 0 || errno != r.Errno {
					t.Errorf("from %s, %s (nofollow %v): the kernel says %v, the tracer %v, refused %v", from, path, nofollow,
						r.Errno, errno, o.Refuse)
				}
			}
			lookAll := func(from string) {
				for _, p := range append([]string{
					"locked", "locked/", "locked/in", "locked/open", "locked/nowhere", "locked/in/../open", "search", "search/open",
					"search/nowhere", "group/file", "group/nowhere", "tolocked", "tosearch", "inlocked/x", "sticky/theirs", "sticky/theirs/",
					"sticky/roots-link", "sticky/theirs/inner", "theirs", "unlisted/x", "/proc/self", "/proc/self/fd", "/proc/self/fd/0",
					"/proc/self/cwd", "/proc/self/cwd/file", "/proc/self/root/", "/proc/self/exe", "/proc/thread-self/fd/0", "/proc/1",
					"/proc/1/cwd", "/proc/1/cwd/", "/proc/1/root/etc", "/proc/1/exe", "/proc/1/fd", "/proc/1/fd/0", "/proc/%d/cwd",
					"/proc/%d/cwd/file", "/proc/%d/fd/0", "/proc/%p/cwd", "/proc/%p/fd", "/proc/%p/task/%p/root",
					"/proc/sys/kernel", "/proc/tty/driver", "/sys/kernel/debug/x", "open", "..", ".", "../open", "x", "../../search/open",
				}, objects...) {
					look(from, p, false)
					look(from, p, true)
				}
			}
			tk.chdir(top)
			lookAll("top")
			if os.Geteuid() == 0 {
				// A directory that the task is in and could not go to.
				must(t, os.Chmod(top+"/locked", 0o777))
				tk.chdir(top + "/locked/in")
				must(t, os.Chmod(top+"/locked", 0o700))
				lookAll("locked/in")
				must(t, os.Chmod(top+"/locked/in", 0o700))
				lookAll("locked/in, closed itself")
				must(t, os.Chmod(top+"/locked/in", 0o777))
			}
			tk.chdir(top)
			if r := tk.native("prctl", []any{unix.PR_SET_DUMPABLE, 0, 0, 0, 0}); r.Errno != 0 {
				t.Fatal(r.Errno)
			}
			if os.Geteuid() == 0 { // another user's non-dumpable tasks are closed to a tracer without CAP_SYS_PTRACE
				lookAll("non-dumpable")
			}
			kinds := map[syscall.Errno]int{}
			for _, e := range failed {
				kinds[e]++
			}
			if kinds[0] == 0 || kinds[unix.ENOENT] == 0 || os.Geteuid() == 0 && w.uid != 0 && kinds[unix.EACCES] == 0 {
				t.Errorf("too little was tried: %v", kinds)
			}
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lookupTree adds what only root can make, to what plant has made.
func lookupTree(t *testing.T, top string) {
	for name, text := range map[string]string{
		"tolocked": "locked/open", "tosearch": "search/open", "inlocked": "locked/in", "theirs": "file",
		"sticky/theirs": "../dir", "sticky/roots-link": "../dir",
	} {
		must(t, os.Symlink(text, filepath.Join(top, name)))
	}
	must(t, os.Lchown(top+"/theirs", 4242, 4242))
	must(t, os.Lchown(top+"/sticky/theirs", 4242, 4242)) // fs.protected_symlinks
	must(t, os.Mkdir(top+"/unlisted", 0o311))
	must(t, unix.Chmod(top+"/unlisted", 0o311))
	must(t, os.WriteFile(top+"/unlisted/x", nil, 0o644))
}

// TestTracersLinks: nothing is reached through the tracer's own magic links, which the kernel lets the tracer's thread
// follow whatever rights it has.
func TestTracersLinks(t *testing.T) {
	for _, w := range tasks() {
		tk, b := startTask(t, w), newBench(t)
		file, err := os.Create(filepath.Join(openDir(t), "file"))
		must(t, err)
		defer file.Close()
		for _, id := range []string{strconv.Itoa(os.Getpid()), strconv.Itoa(unix.Gettid()),
			fmt.Sprintf("%d/task/%d", os.Getpid(), unix.Gettid())} {
			for _, link := range []string{"cwd", "cwd/.", "root", "root/etc", "exe", "fd/0", fmt.Sprintf("fd/%d", file.Fd())} {
				inv := tk.invocation(arch.Native()[0], "fchmodat", []any{unix.AT_FDCWD, "/proc/" + id + "/" + link, 0o777})
				if b.judge(tk, &inv); b.acc.List[0].Object.Refuse != unix.EACCES {
					t.Errorf("%s: /proc/%s/%s is not refused: %+v", w.name, id, link, b.acc.List[0].Object)
				}
				if out := b.d.Do(&inv, tk, b.res, &b.acc); out.Kind != Done || out.Value != -int64(unix.EACCES) {
					t.Errorf("%s: the deputy does it: %s", w.name, out.text())
				}
			}
		}
	}
}

// TestRelativeToUnsearchable: what a task may do in its working directory does not depend on the way there.
func TestRelativeToUnsearchable(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can put a task into a directory that it could not go to")
	}
	w := who{uid: 1000, gid: 1000, umask: 0o022}
	top := filepath.Join(openDir(t), "tree")
	plant(t, top, w)
	tk, b := startTask(t, w), newBench(t)
	must(t, os.Chmod(top+"/locked", 0o777))
	tk.chdir(top + "/locked/in")
	must(t, os.Chmod(top+"/locked", 0o700))
	inv := tk.invocation(arch.Native()[0], "mkdirat", []any{unix.AT_FDCWD, "made", 0o777})
	if out := b.do(tk, &inv); out.Kind != Done || out.Value != 0 {
		t.Fatalf("mkdir in the working directory: %s", out.text())
	}
	if want := top + "/locked/in/made"; string(b.acc.List[0].Object.Path) != want {
		t.Errorf("judged as %s, want %s", b.acc.List[0].Object.Path, want)
	}
	var st unix.Stat_t
	must(t, unix.Stat(top+"/locked/in/made", &st))
	if st.Uid != 1000 || st.Mode&0o777 != 0o755 {
		t.Errorf("made with owner %d and mode %o", st.Uid, st.Mode)
	}
}

// TestWithoutPtrace: a root tracer without CAP_SYS_PTRACE, as containers have it, may not look into a task that is another
// user. With the task's rights it may.
func TestWithoutPtrace(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root meets tasks of other users")
	}
	runtime.LockOSThread() // newBench does not unlock: the thread ends with its loss
	if errno := change(&order{Umask: 0o022, Uncap: 1 << unix.CAP_SYS_PTRACE}); errno != 0 {
		t.Fatal(errno)
	}
	for _, w := range tasks() {
		if w.uid == 0 {
			continue // would have more than such a tracer, which no task of it has
		}
		top := filepath.Join(openDir(t), w.name)
		plant(t, top, w)
		tk, b := startTask(t, w), newBench(t)
		tk.chdir(top)
		fd := tk.native("openat", []any{unix.AT_FDCWD, "file", unix.O_RDONLY, 0})
		dir := tk.native("openat", []any{unix.AT_FDCWD, "dir", unix.O_PATH, 0})
		for _, c := range []struct {
			oracleCase
			want syscall.Errno
		}{
			{oracleCase{"mkdirat", []any{unix.AT_FDCWD, "made", 0o777}}, 0},
			{oracleCase{"mkdirat", []any{int(dir.Value), "made", 0o777}}, 0},
			{oracleCase{"fchmodat", []any{unix.AT_FDCWD, top + "/file", 0o640}}, 0},
			{oracleCase{"fchmod", []any{int(fd.Value), 0o600}}, 0},
			{oracleCase{"fchmod", []any{int(dir.Value), 0o600}}, unix.EBADF},
			{oracleCase{"fchmodat", []any{unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd.Value), 0o604}}, 0},
			{oracleCase{"unlinkat", []any{unix.AT_FDCWD, "/proc/thread-self/cwd/file", 0}}, 0},
		} {
			inv := tk.invocation(arch.Native()[0], c.call, c.args)
			if out := b.do(tk, &inv); out.Kind != Done || out.Value != -int64(c.want) {
				t.Errorf("%s: %s%v: %s, want %v", w.name, c.call, c.args, out.text(), c.want)
			}
		}
	}
}

// TestNoRightsKept: whoever was acted for, the thread has the tracer's rights afterwards.
func TestNoRightsKept(t *testing.T) {
	b := newBench(t)
	before := threadStatus(t)
	top := openDir(t)
	for i, w := range tasks() {
		tk := startTask(t, w)
		tk.chdir(top)
		for _, c := range []oracleCase{
			{"mkdirat", []any{unix.AT_FDCWD, fmt.Sprint("made", i), 0o777}},
			{"fchmodat", []any{unix.AT_FDCWD, "/proc/self/nowhere", 0}},
			{"unlinkat", []any{unix.AT_FDCWD, "/", 0}},
			{"fchmod", []any{0, 0o600}},
		} {
			inv := tk.invocation(arch.Native()[0], c.call, c.args)
			if errno := b.judge(tk, &inv); errno != 0 {
				t.Fatal(errno)
			}
			if after := threadStatus(t); after != before {
				t.Errorf("%s: after looking up for %s the thread has\n%s\nand not its own\n%s", c.call, w.name, after, before)
			}
			if c.call != "fchmod" { // of what the tests have for standard input
				b.d.Do(&inv, tk, b.res, &b.acc)
			}
			if after := threadStatus(t); after != before {
				t.Errorf("%s: after acting for %s the thread has\n%s\nand not its own\n%s", c.call, w.name, after, before)
			}
		}
	}
}

// threadStatus is what the kernel says of this thread's rights.
func threadStatus(t *testing.T) string {
	text, err := os.ReadFile("/proc/thread-self/status")
	must(t, err)
	var out []string
	for line := range strings.SplitSeq(string(text), "\n") {
		for _, key := range []string{"Uid:", "Gid:", "Groups:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"} {
			if strings.HasPrefix(line, key) {
				out = append(out, line)
			}
		}
	}
	return strings.Join(out, "\n")
}
