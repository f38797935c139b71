package deputy

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// lookCases are looks at a name, %s in their arguments. A []byte is where the answer goes.
func lookCases() (cases []oracleCase) {
	buf := func(n int) []byte { return bytes.Repeat([]byte{0xee}, n) }
	add := func(call string, args ...any) {
		if _, ok := syscalls.Number(arch.Native()[0], call); ok {
			cases = append(cases, oracleCase{call, args})
		}
	}
	for _, flags := range []int{0, unix.AT_SYMLINK_NOFOLLOW, unix.AT_EMPTY_PATH, unix.AT_NO_AUTOMOUNT, 0x8000} {
		add("newfstatat", unix.AT_FDCWD, "%s", buf(int(statBytesLen)), flags)
		add("statx", unix.AT_FDCWD, "%s", flags, unix.STATX_ALL|unix.STATX_MNT_ID, buf(256))
	}
	add("statx", unix.AT_FDCWD, "%s", 0, uint64(1<<31), buf(256))
	add("statx", unix.AT_FDCWD, "%s", 0, 0, buf(256))
	add("statx", unix.AT_FDCWD, "%s", unix.AT_STATX_FORCE_SYNC|unix.AT_STATX_DONT_SYNC, 0, buf(256))
	add("stat", "%s", buf(int(statBytesLen)))
	add("lstat", "%s", buf(int(statBytesLen)))
	add("stat", "%s", nil)
	add("statfs", "%s", buf(int(statfsBytesLen)))
	add("statfs", "%s", 1)
	for mode := range 9 {
		add("access", "%s", mode)
		add("faccessat", unix.AT_FDCWD, "%s", mode)
		add("faccessat2", unix.AT_FDCWD, "%s", mode, unix.AT_EACCESS)
		add("faccessat2", unix.AT_FDCWD, "%s", mode, unix.AT_SYMLINK_NOFOLLOW)
	}
	for _, size := range []int{-1, 0, 1, 3, 64, 5000} {
		add("readlink", "%s", buf(5000), size)
		add("readlinkat", unix.AT_FDCWD, "%s", buf(5000), size)
	}
	add("readlink", "%s", nil, 64)
	for _, name := range []string{"user.note", "user.none", "security.capability", "trusted.none",
		"system.posix_acl_default", "", "nonsense", strings.Repeat("n", 255), strings.Repeat("n", 300)} {
		for _, size := range []int{0, 1, 100, 1 << 17} {
			add("getxattr", "%s", name, buf(300), size)
			add("lgetxattr", "%s", name, buf(300), size)
		}
	}
	add("getxattr", "%s", nil, buf(64), 64)
	add("getxattr", "%s", "user.note", nil, 64)
	for _, size := range []int{0, 1, 300, 1 << 20} {
		add("listxattr", "%s", buf(300), size)
		add("llistxattr", "%s", buf(300), size)
		add("listxattrat", unix.AT_FDCWD, "%s", 0, buf(300), size)
		add("listxattrat", unix.AT_FDCWD, "%s", unix.AT_SYMLINK_NOFOLLOW, buf(300), size)
	}
	for _, size := range []int{0, 23, 24, 32, 4096, 4097} {
		add("file_getattr", unix.AT_FDCWD, "%s", buf(4096), size, 0)
	}
	add("file_getattr", unix.AT_FDCWD, "%s", buf(24), 24, unix.AT_SYMLINK_NOFOLLOW)
	for _, size := range []byte{0, 4, 64, 128, 129} {
		handle := buf(200)
		copy(handle, []byte{size, 0, 0, 0})
		for _, flags := range []int{0, unix.AT_SYMLINK_FOLLOW, 1, 0x200} {
			add("name_to_handle_at", unix.AT_FDCWD, "%s", handle, buf(8), flags)
		}
	}
	return cases
}

const (
	statBytesLen   = int64(144)
	statfsBytesLen = int64(120)
)

var lookNames = []string{
	"file", "file/", "mine/private", "private", "closed", "closed/file", "closed/none", "unsearchable/file", "dir", "dir/",
	"dir/..", ".", "..", "link", "link/", "dangling", "dirlink", "dirlink/", "loop", "fifo", "socket", "missing",
	"missing/x", "", "/", "/dev/null", "/dev/tty", "/proc/self", "/proc/thread-self", "/proc/self/exe", "/proc/self/cwd",
	"/proc/self/fd/0", "/proc/self/status", "/proc/mounts", "/proc/self/ns/mnt", "/proc/1/exe", "/proc/1/cwd",
	"/proc/self/task", "/sys", "/dev/stdin", strings.Repeat("n", 256),
}

// TestLookOracle has a task and a Deputy look at the same things.
func TestLookOracle(t *testing.T) {
	// A namespace's inode is made anew, with other times, when it is looked at while nobody has it open.
	if held, err := os.Open("/proc/self/ns/mnt"); err == nil {
		defer held.Close()
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("the sizes of the structures are those of x86-64")
	}
	for _, w := range openers(t) {
		t.Run(w.name, func(t *testing.T) {
			b, tk := newBench(t), startTask(t, w)
			root := filepath.Join(quickDir(t), "tree")
			grow(t, root, w)
			noteXattrs(t, root)
			tk.chdir(root)
			for _, name := range lookNames {
				for _, c := range lookCases() {
					lookBoth(t, b, tk, name, c)
				}
			}
		})
	}
}

func noteXattrs(t *testing.T, root string) {
	t.Helper()
	for _, name := range []string{"file", "private", "dir"} {
		err := unix.Setxattr(filepath.Join(root, name), "user.note", []byte("text"), 0)
		if err != nil && err != unix.EOPNOTSUPP {
			t.Fatal(err)
		}
	}
}

// lookBoth compares result and memory. What changes by itself between two looks is given another chance.
func lookBoth(t *testing.T, b *bench, tk *task, name string, c oracleCase) {
	t.Helper()
	args := make([]any, len(c.args))
	for i, a := range c.args {
		if a == "%s" {
			a = name
		}
		args[i] = a
	}
	var got, want string
	for range 5 {
		got, want = seen(t, b, tk, c.call, args)
		if got == want {
			return
		}
	}
	if twoWrong(got, want) {
		return
	}
	t.Errorf("%s %.50q %.200s:\n got  %.400s\n want %.400s", c.call, name, fmt.Sprint(short(args)), brief(got),
		brief(want))
}

// twoWrong says that both the name and another argument are wrong: then either may be told. Of extended attributes the
// kernel itself looks at the path first before Linux 6.13, and at the attribute's name from then on.
func twoWrong(got, want string) bool {
	either := func(s string, all ...unix.Errno) bool {
		for _, errno := range all {
			if strings.HasPrefix(s, errno.Error()) {
				return true
			}
		}
		return false
	}
	ofName := func(s string) bool {
		return either(s, unix.ENOENT, unix.ENOTDIR, unix.ELOOP, unix.ENAMETOOLONG, unix.EACCES)
	}
	ofArgument := func(s string) bool { return either(s, unix.EINVAL, unix.ERANGE, unix.EFAULT, unix.E2BIG) }
	return ofName(got) && ofArgument(want) || ofArgument(got) && ofName(want)
}

// brief leaves out what is untouched at the end of a buffer.
func brief(s string) string { return strings.ReplaceAll(s, "eeeeeeee", "") }

func short(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		if b, ok := a.([]byte); ok {
			a = fmt.Sprintf("[%d]", len(b))
		}
		out[i] = a
	}
	return out
}

func seen(t *testing.T, b *bench, tk *task, call string, args []any) (got, want string) {
	t.Helper()
	r := tk.native(call, args)
	want = fmt.Sprint(int64(r.Value))
	if r.Errno != 0 {
		want = r.Errno.Error()
	}
	inv := tk.invocation(arch.Native()[0], call, args)
	out := b.do(tk, &inv)
	switch {
	case out.Kind == Leave && b.acc.N == 0:
		return want, want // nothing to judge and nothing in memory
	case r.Errno == unix.ENOSYS && out.Kind == Done && out.Value < 0:
		return want, want // what its name leads to may be told first
	case out.Kind == Leave && !hasFaccessat2 && strings.Contains(call, "access"):
		return want, want // left: the kernel cannot be asked for another
	case out.Kind != Done:
		got = fmt.Sprintf("kind %d", out.Kind)
	case out.Value < 0:
		got = unix.Errno(-out.Value).Error()
	default:
		got = fmt.Sprint(out.Value)
	}
	for i, a := range args {
		if before, ok := a.([]byte); ok {
			after := make([]byte, len(before))
			if errno := tk.Read(inv.Args[i], after); errno != 0 {
				t.Fatal(errno)
			}
			if call == "statfs" { // what is free on a disk changes while one looks: f_bfree, f_bavail, f_ffree
				for _, at := range []int{24, 32, 48} {
					clear(after[at : at+8])
					clear(r.Bytes[i][at : at+8])
				}
			}
			got += " " + hex.EncodeToString(after)
			want += " " + hex.EncodeToString(r.Bytes[i])
		}
	}
	return got, want
}

// TestLookAtHeldDescriptor looks at descriptors by an empty path, O_PATH or not.
func TestLookAtHeldDescriptor(t *testing.T) {
	b, tk := newBench(t), startTask(t, anyone())
	path := filepath.Join(publicDir(t), "file")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	buf := bytes.Repeat([]byte{0xee}, 256)
	for _, flags := range []int{unix.O_RDONLY, unix.O_PATH} {
		r := tk.native("open", []any{path, flags})
		if r.Errno != 0 {
			t.Fatal(r.Errno)
		}
		fd := int(r.Value)
		for _, c := range []oracleCase{
			{"newfstatat", []any{fd, "", buf[:144], unix.AT_EMPTY_PATH}},
			{"statx", []any{fd, "", unix.AT_EMPTY_PATH, 0xfff, buf}},
			{"listxattrat", []any{fd, "", unix.AT_EMPTY_PATH, buf, 256}},
			{"file_getattr", []any{fd, "", buf[:24], 24, unix.AT_EMPTY_PATH}},
			{"faccessat2", []any{fd, "", unix.R_OK | unix.W_OK, unix.AT_EMPTY_PATH}},
			{"readlinkat", []any{fd, "", buf, 64}},
			{"newfstatat", []any{999, "", buf[:144], unix.AT_EMPTY_PATH}},
			{"newfstatat", []any{0, "", buf[:144], unix.AT_EMPTY_PATH}},
		} {
			if _, ok := syscalls.Number(arch.Native()[0], c.call); ok {
				lookBoth(t, b, tk, "", c)
			}
		}
	}
	if r := tk.native("open", []any{"/proc/self/exe", unix.O_PATH | unix.O_NOFOLLOW}); r.Errno != 0 {
		t.Fatal(r.Errno)
	} else {
		lookBoth(t, b, tk, "", oracleCase{"readlinkat", []any{int(r.Value), "", buf, 256}})
	}
}

// TestTracersOwnLinks reads links that only the tracer itself may read.
func TestTracersOwnLinks(t *testing.T) {
	b, tk := newBench(t), startTask(t, who{})
	for _, name := range []string{"exe", "cwd", "root", "fd/0"} {
		for _, pid := range []int{os.Getpid(), unix.Gettid()} {
			link := fmt.Sprintf("/proc/%d/%s", pid, name)
			inv := tk.invocation(arch.Native()[0], "readlink", []any{link, make([]byte, 64), 64})
			if out := b.do(tk, &inv); !out.is(unix.EACCES) {
				t.Errorf("/proc/%d/%s: kind %d, %d", pid, name, out.Kind, out.Value)
			}
		}
	}
}
