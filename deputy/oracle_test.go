package deputy

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// oracleCase is a call. In its strings %s is the tree.
type oracleCase struct {
	call string
	args []any
}

// openDir makes a directory that every task can reach.
func openDir(t testing.TB) string {
	dir := t.TempDir()
	for p := dir; p != "/" && os.Geteuid() == 0; p = filepath.Dir(p) {
		if st, err := os.Stat(p); err == nil && st.Mode()&0o005 != 0o005 {
			os.Chmod(p, st.Mode()|0o055)
		}
	}
	return dir
}

// compare makes calls natively in one tree and by a deputy in another. The calls share the trees.
func compare(t *testing.T, w who, dir string, calls []oracleCase) {
	tk := startTask(t, w)
	b := newBench(t)
	native, deputy := dir+"/native", dir+"/deputy"
	var fresh string
	replant := func() {
		for _, top := range []string{native, deputy} {
			os.RemoveAll(top)
			plant(t, top, w)
			fresh = describe(t, top) // reading links has changed their times: alike in both
		}
	}
	replant()
	for i, c := range calls {
		if _, has := syscalls.Number(arch.Native()[0], c.call); !has || w.sample != 0 && i%w.sample != 0 {
			continue // one that only x86 has, perhaps
		}
		args := func(top string) []any {
			out := slices.Clone(c.args)
			for i, a := range out {
				if s, ok := a.(string); ok {
					out[i] = strings.ReplaceAll(s, "%s", top)
				}
			}
			return out
		}
		tk.chdir(native)
		want := tk.native(c.call, args(native))
		if want.Errno == unix.ENOSYS {
			continue // an older kernel
		}
		if c.call == "linkat" && c.args[4] == unix.AT_EMPTY_PATH && want.Errno == unix.ENOENT {
			continue // before Linux 6.10 only for who has CAP_DAC_READ_SEARCH: linkName
		}
		tk.chdir(deputy)
		inv := tk.invocation(arch.Native()[0], c.call, args(deputy))
		got := b.do(tk, &inv)
		value := int64(want.Value)
		if want.Errno != 0 {
			value = -int64(want.Errno)
		}
		either := pathFirst() && strings.Contains(c.call, "xattr") && twoWrong(got.text(), want.String())
		if (got.Kind != Done || got.Value != value) && !either {
			t.Errorf("%s%v: the kernel says %s, the deputy %s", c.call, c.args, want.String(), got.text())
		}
		nativeTree, deputyTree := describe(t, native), describe(t, deputy)
		if nativeTree != deputyTree {
			t.Errorf("%s%v (%s): the trees differ\n%s", c.call, c.args, want.String(), difference(nativeTree, deputyTree))
		}
		if nativeTree == fresh && deputyTree == fresh {
			continue
		}
		replant()
	}
}

// pathFirst says that the kernel looks at the path first, of calls on extended attributes: before Linux 6.13. From then on
// it looks at the attribute's name first, as a deputy does.
var pathFirst = sync.OnceValue(func() bool { return unix.Setxattr("/proc/self/nowhere", "", nil, 0) == unix.ENOENT })

func (o *Outcome) text() string {
	if o.Kind != Done {
		return fmt.Sprintf("kind %d", o.Kind)
	}
	if o.Value < 0 {
		return syscall.Errno(-o.Value).Error()
	}
	return fmt.Sprint(o.Value)
}

// TestOracleNames compares the calls on names.
func TestOracleNames(t *testing.T) {
	var calls []oracleCase
	add := func(call string, args ...any) { calls = append(calls, oracleCase{call, args}) }
	for _, p := range []string{
		"new", "new/", "new//", "dir/new", "./dir/../new", "%s/new", "file", "file/", "dir", "dir/", "link", "dangling", "dangling/",
		"dlink/new", "dlink/", "dslink", "nowhere/new", "file/new", "loop/new", "", ".", "..", "/", "//", "dir/.", "dir/..",
		"roots/new", "locked/new", "locked/in/new", "search/new", "group/new", "setgid/new", "sticky/new", "fixed/new",
		strings.Repeat("x", 255), strings.Repeat("x", 256), strings.Repeat("x/", 2047) + "y", strings.Repeat("x", 4095),
		"/proc/self/cwd/new", "/proc/self/nowhere", "/proc/thread-self/root/%s/new", "abs/new",
	} {
		add("mkdirat", unix.AT_FDCWD, p, 0o7777)
		add("symlinkat", "text", unix.AT_FDCWD, p)
		add("mknodat", unix.AT_FDCWD, p, 0o666|unix.S_IFREG, 0)
		add("mknodat", unix.AT_FDCWD, p, 0o640|unix.S_IFIFO, 0)
		add("linkat", unix.AT_FDCWD, "file", unix.AT_FDCWD, p, 0)
		add("renameat2", unix.AT_FDCWD, "file", unix.AT_FDCWD, p, 0)
		add("renameat2", unix.AT_FDCWD, "dir", unix.AT_FDCWD, p, unix.RENAME_NOREPLACE)
		if !strings.HasPrefix(p, "/proc") { // EXDEV comes before ENOENT, which no look at the names can tell
			add("renameat2", unix.AT_FDCWD, "empty", unix.AT_FDCWD, p, unix.RENAME_EXCHANGE)
		}
	}
	for _, p := range []string{
		"file", "file/", "dir", "dir/", "empty", "empty/", "link", "link/", "dlink", "dlink/", "dangling", "dangling/", "loop",
		"fifo", "fifo/", "nowhere", "nowhere/x", "file/x", "", ".", "..", "/", "empty/.", "empty/..", "./empty/../empty",
		"roots", "rootfile", "locked/open", "locked/in", "search/open", "group/file", "sticky/roots", "fixedfile", "dlink/inner",
		"far", "%s/file", "dir/sub",
	} {
		add("unlinkat", unix.AT_FDCWD, p, 0)
		add("unlinkat", unix.AT_FDCWD, p, unix.AT_REMOVEDIR)
		add("renameat2", unix.AT_FDCWD, p, unix.AT_FDCWD, "moved", 0)
		add("renameat2", unix.AT_FDCWD, p, unix.AT_FDCWD, "empty/", 0)
		add("renameat2", unix.AT_FDCWD, p, unix.AT_FDCWD, "other", 0)
		add("linkat", unix.AT_FDCWD, p, unix.AT_FDCWD, "linked", 0)
		add("linkat", unix.AT_FDCWD, p, unix.AT_FDCWD, "linked", unix.AT_SYMLINK_FOLLOW)
	}
	add("unlinkat", unix.AT_FDCWD, "file", 1)
	add("unlinkat", 77, "file", 0)
	add("mkdirat", 77, "new", 0o777)
	add("mkdirat", 77, "%s/new", 0o777)
	add("mkdirat", unix.AT_FDCWD, nil, 0o777)
	add("mkdirat", unix.AT_FDCWD, uint64(8), 0o777)
	add("symlinkat", "", unix.AT_FDCWD, "new")
	add("symlinkat", nil, unix.AT_FDCWD, "new")
	add("symlinkat", strings.Repeat("y", 4095), unix.AT_FDCWD, "new")
	add("symlinkat", strings.Repeat("y", 4096), unix.AT_FDCWD, "new")
	add("symlinkat", "%s/../%s//./", unix.AT_FDCWD, "new")
	add("mknodat", unix.AT_FDCWD, "new", 0o666|unix.S_IFSOCK, 0)
	add("mknodat", unix.AT_FDCWD, "new", 0o666, 0)
	add("mknodat", unix.AT_FDCWD, "new", 0o666|unix.S_IFCHR, int(unix.Mkdev(1, 3)))
	add("mknodat", unix.AT_FDCWD, "new", 0o666|unix.S_IFBLK, int(unix.Mkdev(7, 300)))
	add("mknodat", unix.AT_FDCWD, "new", 0o666|unix.S_IFDIR, 0)
	add("mknodat", unix.AT_FDCWD, "new", 0o666|unix.S_IFLNK, 0)
	add("mknodat", unix.AT_FDCWD, "new", 0xabc0000|0o666|unix.S_IFREG, 0)
	add("renameat2", unix.AT_FDCWD, "dir", unix.AT_FDCWD, "dir/sub/deeper", 0)
	add("renameat2", unix.AT_FDCWD, "dir/sub", unix.AT_FDCWD, "dir", 0)
	add("renameat2", unix.AT_FDCWD, "dir/sub", unix.AT_FDCWD, "dir", unix.RENAME_EXCHANGE)
	add("renameat2", unix.AT_FDCWD, "file", unix.AT_FDCWD, "dir", unix.RENAME_EXCHANGE)
	add("renameat2", unix.AT_FDCWD, "file", unix.AT_FDCWD, "moved", unix.RENAME_WHITEOUT)
	add("renameat2", unix.AT_FDCWD, "file", unix.AT_FDCWD, "moved", 8)
	add("renameat2", unix.AT_FDCWD, "file", unix.AT_FDCWD, "moved", unix.RENAME_NOREPLACE|unix.RENAME_EXCHANGE)
	add("renameat2", unix.AT_FDCWD, "file", unix.AT_FDCWD, "file", 0)
	add("renameat2", unix.AT_FDCWD, "file", unix.AT_FDCWD, "/proc/self/cwd/moved", 0)
	add("renameat2", unix.AT_FDCWD, "file", unix.AT_FDCWD, "/proc/self/moved", 0)
	add("linkat", unix.AT_FDCWD, "", unix.AT_FDCWD, "linked", unix.AT_EMPTY_PATH)
	add("linkat", 0, "", unix.AT_FDCWD, "linked", 0)
	add("linkat", unix.AT_FDCWD, "/proc/self/exe", unix.AT_FDCWD, "linked", unix.AT_SYMLINK_FOLLOW)
	add("linkat", unix.AT_FDCWD, "/proc/self/exe", unix.AT_FDCWD, "linked", 0)
	for _, w := range tasks() {
		t.Run(w.name, func(t *testing.T) { compare(t, w, quickDir(t), calls) })
	}
}
