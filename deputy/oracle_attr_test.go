package deputy

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// words lays out 64-bit numbers as a structure.
func words(n ...uint64) []byte {
	var b []byte
	for _, w := range n {
		b = binary.NativeEndian.AppendUint64(b, w)
	}
	return b
}

// objects are names of things that exist, or do not, in a planted tree.
var objects = []string{
	"file", "file/", "dir", "dir/", "dir/.", "dir/sub/..", ".", "..", "./dir//inner", "link", "link/", "dlink", "dlink/",
	"dslink", "dangling", "loop", "far", "fifo", "suid", "roots", "rootfile", "open", "locked/open", "search/open",
	"group/file", "setgid/file", "sticky/roots", "fixedfile", "nowhere", "file/x", "", "%s/file", "abs",
	"/proc/self/cwd", "/proc/self/cwd/file",
}

// TestOracleAttributes compares the calls that change objects.
func TestOracleAttributes(t *testing.T) {
	var calls []oracleCase
	add := func(call string, args ...any) { calls = append(calls, oracleCase{call, args}) }
	const at, nofollow = unix.AT_FDCWD, unix.AT_SYMLINK_NOFOLLOW
	times := words(1e8, 5, 2e8, 6)
	for _, p := range objects {
		add("fchmodat", at, p, 0o2751)
		add("fchmodat2", at, p, 0o4711, nofollow)
		add("fchownat", at, p, 1000, 1000, 0)
		add("fchownat", at, p, 4242, 2000, nofollow)
		add("fchownat", at, p, -1, 2000, 0)
		add("utimensat", at, p, times, 0)
		add("utimensat", at, p, times, nofollow)
		add("utimensat", at, p, nil, 0)
		add("setxattr", p, "user.new", "value", 5, 0)
		add("lsetxattr", p, "user.old", "other", 3, unix.XATTR_REPLACE)
		add("removexattr", p, "user.old")
		add("lremovexattr", p, "user.old")
		add("setxattrat", at, p, 0, "user.at", words(0, 0), 16)
		add("removexattrat", at, p, nofollow, "user.old")
		add("truncate", p, 5)
		add("truncate", p, 100)
	}
	// Whatever chown may not do, it leaves; whatever it does, it takes the set-ID bits away.
	add("fchownat", at, "suid", -1, -1, 0)
	add("fchownat", at, "suid", 1000, -1, 0)
	add("fchownat", at, "suid", -1, 1000, 0)
	add("fchownat", at, "file", -1, 3000, 0x1000)
	add("fchownat", at, "file", 0, 0, 1)
	add("fchmodat2", at, "file", 0o600, 1)
	add("fchmodat2", at, "", 0o700, unix.AT_EMPTY_PATH)
	add("fchmodat", at, "file", 0xffff)
	add("fchmodat", at, nil, 0o600)
	add("fchmod", 99, 0o600)
	add("fchown", -1, 0, 0)
	// Times and their special values.
	for _, ts := range [][]byte{
		words(5, unix.UTIME_NOW, 6, unix.UTIME_NOW), words(5, unix.UTIME_OMIT, 6, 7), words(5, 4, 6, unix.UTIME_OMIT),
		words(5, unix.UTIME_OMIT, 6, unix.UTIME_OMIT), words(5, 1e9, 6, 7), words(5, 1<<63, 6, 7), words(1<<63, 0, 1<<62, 0),
		words(5, unix.UTIME_NOW, 6, unix.UTIME_OMIT), words(^uint64(0), 5, 0, 6), words(1<<32, 5, 1<<33, 6),
	} {
		for _, p := range []string{"file", "rootfile", "open", "dlink", "nowhere"} {
			add("utimensat", at, p, ts, 0)
			add("utimensat", at, p, ts, nofollow)
		}
	}
	add("utimensat", at, nil, times, 0)
	add("utimensat", 99, nil, times, 0)
	add("utimensat", 99, nil, times, nofollow)
	add("utimensat", at, "file", uint64(8), 0)
	add("utimensat", at, "file", times, 1)
	// Attributes and their limits.
	big := make([]byte, 70000)
	for _, c := range []struct {
		name  any
		value any
		size  int
		flags int
	}{
		{"user.new", "x", 1, unix.XATTR_CREATE}, {"user.old", "x", 1, unix.XATTR_CREATE}, {"user.new", "x", 1, unix.XATTR_REPLACE},
		{"user.new", "x", 1, 4}, {"user.new", nil, 0, 0}, {"user.new", nil, 3, 0}, {"", "x", 1, 0}, {nil, "x", 1, 0}, {"nospace", "x", 1, 0},
		{"trusted.new", "x", 1, 0}, {"user.new", big, 65536, 0}, {"user.new", big, 65537, 0}, {"user.new", big, 3000, 0},
		{"user." + string(big[:0]) + fmt.Sprintf("%0250d", 1), "x", 1, 0}, {"user." + fmt.Sprintf("%0251d", 1), "x", 1, 0},
		{"security.new", "x", 1, 0},
	} {
		add("setxattr", "file", c.name, c.value, c.size, c.flags)
		add("setxattr", "nowhere", c.name, c.value, c.size, c.flags)
	}
	add("removexattr", "file", "")
	add("removexattr", "file", "user.none")
	add("setxattrat", at, "file", 0, "user.new", words(0, 0), 15)
	add("setxattrat", at, "file", 0, "user.new", words(0, 0, 0), 24)
	add("setxattrat", at, "file", 0, "user.new", words(0, 0, 1), 24)
	add("setxattrat", at, "file", 0, "user.new", words(0, 0), 100000)
	add("setxattrat", at, "file", 0, "user.new", words(8, 5), 16)
	add("setxattrat", at, nil, unix.AT_EMPTY_PATH, "user.new", words(0, 0), 16)
	add("setxattrat", at, "", unix.AT_EMPTY_PATH, "user.new", words(0, 0), 16)
	add("truncate", "file", -1)
	add("truncate", "nowhere", -1)
	add("truncate", "file", uint64(1<<62))
	add("file_setattr", at, "file", words(0x80, 0, 0), 24, 0) // FS_XFLAG_NODUMP
	add("file_setattr", at, "link", words(0x80, 0, 0), 24, nofollow)
	add("file_setattr", at, "rootfile", words(0x80, 0, 0), 24, 0)
	add("file_setattr", at, "file", words(0x80, 0, 0), 23, 0)
	add("file_setattr", at, "file", words(0x80, 0, 0, 0), 32, 0)
	add("file_setattr", at, "file", words(0x80, 0, 0, 1), 32, 0)
	add("file_setattr", at, "file", uint64(8), 24, 0)
	for _, name := range []string{"chmod", "chown", "lchown", "utime", "utimes", "futimesat"} {
		switch name {
		case "chmod":
			add(name, "link", 0o600)
		case "chown", "lchown":
			add(name, "link", 1000, 2000)
		case "utime":
			add(name, "file", words(3, 4))
			add(name, "link", nil)
		case "utimes":
			add(name, "file", words(3, 4, 5, 6))
			add(name, "file", words(3, 1e6, 5, 6))
			add(name, "nowhere", words(3, 1e6, 5, 6))
		case "futimesat":
			add(name, at, "dlink/inner", words(3, 4, 5, 999999))
			add(name, at, nil, words(3, 4, 5, 6))
		}
	}
	for _, w := range tasks() {
		t.Run(w.name, func(t *testing.T) { compare(t, w, quickDir(t), calls) })
	}
}

// TestOracleDescriptors compares the calls on descriptors of the task: opened for reading, for writing, with O_PATH, of
// what has no name any more, and of none.
func TestOracleDescriptors(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("as root more kinds of tasks are tried")
	}
	for _, w := range tasks() {
		t.Run(w.name, func(t *testing.T) {
			dir := openDir(t)
			tk, b := startTask(t, w), newBench(t)
			both := [2]string{filepath.Join(dir, "native"), filepath.Join(dir, "deputy")}
			for _, top := range both {
				plant(t, top, w)
			}
			const tmpfile = unix.O_TMPFILE
			for _, open := range []struct {
				path  string
				flags int
			}{
				{"file", unix.O_RDONLY}, {"file", unix.O_WRONLY}, {"file", unix.O_PATH}, {"rootfile", unix.O_RDONLY}, {"dir", unix.O_RDONLY},
				{"dir", unix.O_PATH}, {"link", unix.O_PATH | unix.O_NOFOLLOW}, {"fifo", unix.O_RDWR}, {".", tmpfile | unix.O_RDWR},
				{".", tmpfile | unix.O_RDWR | unix.O_EXCL}, {"roots", unix.O_RDONLY}, {"file", 3},
			} {
				var fds [2]int
				for i, top := range both {
					tk.chdir(top)
					r := tk.native("openat", []any{unix.AT_FDCWD, open.path, open.flags, 0o600})
					fds[i] = int(r.Value)
					if r.Errno != 0 {
						fds[i] = -1
					}
				}
				type call = oracleCase
				var magic = fmt.Sprintf("/proc/self/fd/%d", fds[0])
				const nodump = 0x40 | 0x80000 // FS_NODUMP_FL, and what ext4 has set and does not let go
				calls := []call{
					{"fchmod", []any{0, 0o750}}, {"fchown", []any{0, -1, 2000}}, {"fchown", []any{0, 1000, 1000}},
					{"fsetxattr", []any{0, "user.fd", "value", 5, 0}}, {"fremovexattr", []any{0, "user.fd"}},
					{"utimensat", []any{0, nil, words(7, 8, 9, 10), 0}},
					{"utimensat", []any{0, "", words(8, 8, 9, 10), unix.AT_EMPTY_PATH}},
					{"fchmodat2", []any{0, "", 0o705, unix.AT_EMPTY_PATH}},
					{"fchownat", []any{0, "", -1, 3000, unix.AT_EMPTY_PATH}},
					{"setxattrat", []any{0, "", unix.AT_EMPTY_PATH, "user.fd", words(0, 0), 16}},
					{"removexattrat", []any{0, "", unix.AT_EMPTY_PATH, "user.fd"}},
					{"file_setattr", []any{0, "", words(0x80, 0, 0), 24, unix.AT_EMPTY_PATH}},
					{"ioctl", []any{0, unix.FS_IOC_SETFLAGS, words(nodump)}},
					{"ioctl", []any{0, unix.FS_IOC_SETFLAGS, uint64(8)}},
					{"ioctl", []any{0, 0x401c5820, words(0x80, 0, 0, 0)}},
					{"mkdirat", []any{0, "made", 0o777}}, {"unlinkat", []any{0, "made", unix.AT_REMOVEDIR}},
					{"linkat", []any{0, "", unix.AT_FDCWD, "bydescriptor", unix.AT_EMPTY_PATH}},
					{"linkat", []any{unix.AT_FDCWD, magic, unix.AT_FDCWD, "bymagic", unix.AT_SYMLINK_FOLLOW}},
					{"linkat", []any{unix.AT_FDCWD, magic, unix.AT_FDCWD, "bylink", 0}},
				}
				if fds[0] < 0 {
					continue
				}
				for _, c := range calls {
					if c.call == "linkat" && c.args[1] == "" {
						continue // the kernel looks whose file it is, which nobody else can see: linkName
					}
					var texts [2]string
					for i, top := range both {
						tk.chdir(top)
						args := append([]any(nil), c.args...)
						if args[0] == 0 {
							args[0] = fds[i]
						}
						if len(args) > 1 && args[1] == magic {
							args[1] = fmt.Sprintf("/proc/self/fd/%d", fds[i])
						}
						if i == 0 {
							r := tk.native(c.call, args)
							texts[0] = r.String()
							continue
						}
						inv := tk.invocation(arch.Native()[0], c.call, args)
						out := b.do(tk, &inv)
						texts[1] = out.text()
					}
					if unborrowed := !Borrows() && texts[1] == unix.EACCES.Error() && texts[0] == unix.EPERM.Error(); unborrowed {
						continue // the object was opened again, which its holder may not: refused by another name
					}
					if texts[0] != texts[1] && texts[0] != unix.ENOSYS.Error() {
						t.Errorf("%s of %s opened with %#x: %s%v: the kernel says %s, the deputy %s", w.name, open.path, open.flags, c.call,
							c.args, texts[0], texts[1])
					}
				}
				a, d := describe(t, both[0]), describe(t, both[1])
				if a != d {
					t.Errorf("%s opened with %#x: the trees differ\n%s", open.path, open.flags, difference(a, d))
				}
				for _, top := range both {
					os.RemoveAll(top)
					plant(t, top, w)
				}
			}
		})
	}
}
