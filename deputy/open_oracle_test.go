package deputy

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// opened is what can be told of an open afterwards.
type openedFile struct {
	errno unix.Errno
	flags int    // F_GETFL
	mode  uint32 // st_mode
	owner [2]uint32
	path  string // the text for the descriptor, relative to the tree
	cloex bool
	tree  string // what the tree is like now
}

func (o openedFile) String() string {
	if o.errno != 0 {
		return o.errno.Error()
	}
	return fmt.Sprintf("flags %#x mode %#o owner %d %s cloexec %v", o.flags, o.mode, o.owner, o.path, o.cloex)
}

// grow makes a tree with one of everything. Half of it is the task's.
func grow(t testing.TB, root string, w who) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.RemoveAll(root))
	dir := func(name string, mode uint32) {
		must(os.Mkdir(filepath.Join(root, name), 0o700))
		must(unix.Chmod(filepath.Join(root, name), mode))
	}
	file := func(name, content string, mode uint32) {
		must(os.WriteFile(filepath.Join(root, name), []byte(content), 0o600))
		must(unix.Chmod(filepath.Join(root, name), mode))
	}
	own := func(names ...string) {
		if os.Geteuid() == 0 {
			for _, name := range names {
				must(os.Lchown(filepath.Join(root, name), int(w.uid), int(w.gid)))
			}
		}
	}
	dir("", 0o777)
	dir("dir", 0o755)
	dir("mine", 0o755)
	dir("group", 0o2777)
	dir("sticky", 0o1777)
	dir("closed", 0o700)
	dir("unsearchable", 0o766)
	dir("listed", 0o777)
	file("file", "content", 0o644)
	file("mine/file", "content", 0o644)
	file("mine/private", "content", 0o600)
	file("mine/readonly", "content", 0o444)
	file("private", "content", 0o600)
	file("writeonly", "content", 0o622)
	file("sticky/theirs", "content", 0o666)
	file("sticky/mine", "content", 0o600)
	file("closed/file", "content", 0o666)
	file("unsearchable/file", "content", 0o666)
	must(os.Symlink("file", filepath.Join(root, "link")))
	must(os.Symlink("made", filepath.Join(root, "dangling")))
	must(os.Symlink("dir/", filepath.Join(root, "dirlink")))
	must(os.Symlink("loop", filepath.Join(root, "loop")))
	must(unix.Mkfifo(filepath.Join(root, "fifo"), 0o666))
	must(unix.Mkfifo(filepath.Join(root, "sticky/fifo"), 0o666))
	must(unix.Mknod(filepath.Join(root, "socket"), unix.S_IFSOCK|0o777, 0))
	must(unix.Chmod(filepath.Join(root, "fifo"), 0o666))
	must(unix.Chmod(filepath.Join(root, "sticky/fifo"), 0o666))
	// user::rwx group::r-x other::---, by default for what is made below
	acl := []byte{2, 0, 0, 0, 1, 0, 7, 0, 0xff, 0xff, 0xff, 0xff, 4, 0, 5, 0, 0xff, 0xff, 0xff, 0xff,
		0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}
	err := unix.Setxattr(filepath.Join(root, "listed"), "system.posix_acl_default", acl, 0)
	if err != nil && err != unix.EOPNOTSUPP {
		t.Fatal(err)
	}
	own("mine", "mine/file", "mine/private", "mine/readonly", "sticky/mine")
}

// survey describes a tree.
func survey(t testing.TB, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		content := ""
		if e.Type().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil && !errors.Is(err, fs.ErrPermission) {
				return err
			}
			content = string(text)
		}
		fmt.Fprintf(&b, "%s %o %d:%d %q\n", strings.TrimPrefix(path, root), st.Mode, st.Uid, st.Gid, content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// inspect fills in what a descriptor of a process is.
func (o *openedFile) inspect(t testing.TB, pid, fd int, root string) {
	t.Helper()
	link := fmt.Sprintf("/proc/%d/fd/%d", pid, fd)
	var st unix.Stat_t
	if err := unix.Stat(link, &st); err != nil {
		t.Fatal(err)
	}
	o.mode, o.owner = st.Mode, [2]uint32{st.Uid, st.Gid}
	text, err := os.Readlink(link)
	if err != nil {
		t.Fatal(err)
	}
	if i := strings.Index(text, "#"); i >= 0 {
		text = text[:i] + "#" // an O_TMPFILE is called by its inode number
	}
	o.path = strings.TrimPrefix(text, root)
	info, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, fd))
	if err != nil {
		t.Fatal(err)
	}
	flags, _ := lineOf(info, "flags")
	n, ok := parseUint(flags, 8)
	if !ok {
		t.Fatalf("flags of %s: %q", link, flags)
	}
	o.flags, o.cloex = int(n)&^unix.O_CLOEXEC, n&unix.O_CLOEXEC != 0
}

// byTask opens natively.
func byTask(t testing.TB, tk *task, w who, root, call string, args []any) openedFile {
	t.Helper()
	r := tk.native(call, args)
	o := openedFile{errno: r.Errno}
	if r.Errno == 0 {
		o.inspect(t, tk.pid, int(r.Value), root)
		if c := tk.native("close", []any{int(r.Value)}); c.Errno != 0 {
			t.Fatal(c.Errno)
		}
	}
	o.tree = survey(t, root)
	return o
}

// byDeputy has the same done.
func byDeputy(t testing.TB, b *bench, tk *task, root, call string, args []any) openedFile {
	t.Helper()
	inv := tk.invocation(arch.Native()[0], call, args)
	out := b.do(tk, &inv)
	var o openedFile
	switch out.Kind {
	case Done:
		if out.Value >= 0 {
			t.Fatalf("an open returned %d", out.Value)
		}
		o.errno = unix.Errno(-out.Value)
	case Opened:
		o.inspect(t, os.Getpid(), out.FD, root)
		if !o.cloex {
			t.Error("the tracer's own descriptor would be inherited")
		}
		o.cloex = out.CloseOnExec
		unix.Close(out.FD)
	case Blocks:
		fd, errno := out.Open(nil)
		o.errno = errno
		if errno == 0 {
			o.inspect(t, os.Getpid(), fd, root)
			o.cloex = out.CloseOnExec
			unix.Close(fd)
		}
	default:
		t.Fatalf("%s: outcome %d", call, out.Kind)
	}
	o.tree = survey(t, root)
	return o
}

var openNames = []string{
	"file", "file", "file/", "mine/file", "mine/private", "mine/readonly", "private", "writeonly", "sticky/theirs",
	"sticky/mine", "sticky/new", "closed/file", "closed/new", "unsearchable/file", "unsearchable", "unsearchable/..",
	"dir", "dir/", "dir/.", "dir/..", "mine", "mine/", "mine/new", "group/new", "listed/new", "listed", "closed", ".",
	"..", "./", "link", "link/", "dangling", "dangling/", "dirlink", "dirlink/", "dirlink/.", "loop", "loop/x", "fifo",
	"fifo/", "sticky/fifo", "socket", "missing", "missing/", "missing/x", "new", "new/", "", "/", "/.", "//",
	"/dev/null", "/dev/zero/", "/dev/full", "/proc/self/cwd", "/proc/self/cwd/file", "/proc/self/root",
	"/proc/self/exe", "/proc/self/fd/2", "/proc/self/fd/99", "/proc/self/status", "/proc/self", "/proc/self/maps",
	"/proc/self/fd", "/proc/1/environ", "/proc/version", "/proc/sys/kernel/hostname", "/proc/sys/fs/protected_regular",
	strings.Repeat("n", 255), strings.Repeat("n", 256), strings.Repeat("d/", 2047), strings.Repeat("./", 2047),
	"dir/../mine/../mine/./file", "dirlink/../file",
}

var openFlagBits = []int{
	unix.O_CREAT, unix.O_CREAT, unix.O_CREAT, unix.O_EXCL, unix.O_TRUNC, unix.O_TRUNC, unix.O_APPEND, unix.O_NONBLOCK,
	unix.O_DIRECTORY, unix.O_NOFOLLOW, unix.O_NOATIME, unix.O_CLOEXEC, unix.O_PATH, unix.O_TMPFILE, unix.O_DSYNC,
	unix.O_SYNC, unix.O_NOCTTY, unix.O_ASYNC, 0x8000,
}

// TestOpenLikeTheKernel has random opens done by a task itself and by a Deputy in a twin of the tree.
func TestOpenLikeTheKernel(t *testing.T) {
	for _, w := range openers(t) {
		t.Run(w.name, func(t *testing.T) { openLikeTheKernel(t, w, 500) })
	}
}

// TestOpenWithoutOpenat2 does the same as on Linux before 5.6.
func TestOpenWithoutOpenat2(t *testing.T) {
	hasOpenat2 = false
	defer func() { hasOpenat2 = probeOpenat2() }()
	for _, w := range openers(t) {
		t.Run(w.name, func(t *testing.T) { openLikeTheKernel(t, w, 100) })
	}
}

func openers(t *testing.T) []who {
	if os.Geteuid() != 0 {
		return []who{{name: "user", umask: 0o027}}
	}
	return []who{
		{name: "root", umask: 0o022},
		{name: "user", uid: 1000, gid: 1000, groups: []uint32{1000, 1001}, umask: 0o007},
		{name: "root without capabilities", umask: 0o077, uncap: 1<<41 - 1},
	}
}

// quickDir makes a directory in memory if it can: ext4 writes what was truncated to disk when it is closed.
func quickDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "deputy")
	if err != nil {
		return publicDir(t)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func openLikeTheKernel(t *testing.T, w who, cases int) {
	b := newBench(t)
	tk := startTask(t, w)
	parent := quickDir(t)
	root := filepath.Join(parent, "tree")
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(1, seed))
	bad := 0
	for i := range cases {
		name := openNames[rnd.IntN(len(openNames))]
		flags := rnd.IntN(4)
		if flags == 3 && rnd.IntN(2) == 0 {
			flags = unix.O_RDWR
		}
		for range rnd.IntN(4) {
			flags |= openFlagBits[rnd.IntN(len(openFlagBits))]
		}
		if strings.Contains(name, "fifo") && flags&unix.O_ACCMODE < unix.O_RDWR {
			flags |= unix.O_NONBLOCK // TestFIFO has those that wait
		}
		mode := []int{0o666, 0o600, 0o777, 0o4711, 0o2755, 0o7777, 0}[rnd.IntN(7)]
		call, args := "openat", []any{unix.AT_FDCWD, name, flags, mode}
		switch rnd.IntN(8) {
		case 0:
			call, args = "creat", []any{name, mode}
			if strings.Contains(name, "fifo") {
				call, args = "open", []any{name, unix.O_RDWR, 0}
			}
		case 1:
			call, args = "open", []any{name, flags, mode}
		case 2:
			if flags&(unix.O_CREAT|tmpfile) == 0 {
				mode = 0
			}
			how := make([]byte, 24)
			resolve := []int{0, 0, unix.RESOLVE_NO_SYMLINKS, unix.RESOLVE_BENEATH, unix.RESOLVE_NO_MAGICLINKS,
				unix.RESOLVE_IN_ROOT}[rnd.IntN(6)]
			if resolve&unix.RESOLVE_IN_ROOT != 0 && rnd.IntN(3) > 0 {
				resolve = 0
			}
			putUint64(how, uint64(flags))
			putUint64(how[8:], uint64(mode))
			putUint64(how[16:], uint64(resolve))
			call, args = "openat2", []any{unix.AT_FDCWD, name, how, 24}
			if !hasOpenat2 {
				continue
			}
		}
		if name == "/proc/self/fd" && flags&tmpfile != 0 {
			continue // the kernel lets only the process itself try to make a file there
		}
		if name == "" && flags&unix.O_CREAT != 0 && flags&unix.O_DIRECTORY != 0 {
			continue // EINVAL since Linux 6.4, which package access does not know
		}
		what := fmt.Sprintf("seed %d, case %d: %s(%.40q, %#x, %#o)", seed, i, call, name, flags, mode)
		grow(t, root, w)
		tk.chdir(root)
		want := byTask(t, tk, w, root, call, args)
		tk.chdir(parent)
		grow(t, root, w)
		tk.chdir(root)
		got := byDeputy(t, b, tk, root, call, args)
		tk.chdir(parent)
		relax(&got, &want)
		if got != want {
			t.Errorf("%s:\n got  %s\n want %s", what, got, want)
			if got.tree != want.tree {
				t.Errorf("tree\n%s\nwant\n%s", got.tree, want.tree)
			}
			if bad++; bad > 12 {
				t.FailNow()
			}
		}
	}
}

// relax takes away the differences that openCalls says there are, and on 32-bit machines O_LARGEFILE (0 on others), which
// the kernel gives to whoever calls it in the 64-bit way, and some old calls of the others (creat).
func relax(got, want *openedFile) {
	got.flags &^= unix.O_NOFOLLOW | unix.O_LARGEFILE
	want.flags &^= unix.O_NOFOLLOW | unix.O_LARGEFILE
}

func putUint64(b []byte, n uint64) {
	for i := range 8 {
		b[i] = byte(n >> (8 * i))
	}
}
