package deputy

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// TestForms does calls of other ABIs, which this machine's kernel cannot be asked for, and looks at what came of them.
func TestForms(t *testing.T) {
	needsLow(t)
	w := tasks()[0]
	tk, b := startTask(t, w), newBench(t)
	top := filepath.Join(openDir(t), "tree")
	root := os.Geteuid() == 0
	half := func(n ...uint32) []byte {
		var buf []byte
		for _, v := range n {
			buf = binary.LittleEndian.AppendUint32(buf, v)
		}
		return buf
	}
	const at = unix.AT_FDCWD
	for _, c := range []struct {
		abi   *arch.ABI
		call  string
		args  []any
		want  unix.Stat_t // zero fields are not looked at
		root  bool
		errno syscall.Errno
	}{
		{abi: arch.I386, call: "truncate", args: []any{"file", 5}, want: unix.Stat_t{Size: 5}},
		{abi: arch.I386, call: "truncate", args: []any{"file", -5}, errno: unix.EINVAL},
		{abi: arch.I386, call: "truncate64", args: []any{"file", 7, 1}, want: unix.Stat_t{Size: 1<<32 + 7}},
		{abi: arch.ARM, call: "truncate64", args: []any{"file", 99, 7, 1}, want: unix.Stat_t{Size: 1<<32 + 7}},
		{abi: arch.X32, call: "truncate", args: []any{"file", uint64(1<<32 + 9)}, want: unix.Stat_t{Size: 1<<32 + 9}},
		{abi: arch.I386, call: "utime", args: []any{"file", half(1000, 2000)}, want: times(1000, 0, 2000, 0)},
		{abi: arch.I386, call: "utime", args: []any{"file", half(0xffffffff, 2000)}, want: times(-1, 0, 2000, 0)},
		{abi: arch.X32, call: "utime", args: []any{"file", words(1<<33, 2000)}, want: times(1<<33, 0, 2000, 0)},
		{abi: arch.I386, call: "utimes", args: []any{"file", half(1000, 5, 2000, 999999)},
			want: times(1000, 5000, 2000, 999999000)},
		{abi: arch.I386, call: "utimes", args: []any{"file", half(1000, 5, 2000, 1000000)}, errno: unix.EINVAL},
		{abi: arch.I386, call: "futimesat", args: []any{at, "link", half(1000, 5, 2000, 6)}, want: times(1000, 5000, 2000, 6000)},
		{abi: arch.I386, call: "utimensat", args: []any{at, "file", half(1000, 5, 2000, 6), 0}, want: times(1000, 5, 2000, 6)},
		{abi: arch.I386, call: "utimensat", args: []any{at, "file", half(1000, unix.UTIME_OMIT, 2000, 6), 0},
			want: unix.Stat_t{Atim: longAgo, Mtim: unix.Timespec{Sec: 2000, Nsec: 6}}},
		{abi: arch.I386, call: "utimensat_time64", args: []any{at, "file", words(1<<33, 5, 2000, 0xdead<<32|6), 0},
			want: times(1<<33, 5, 2000, 6)},
		{abi: arch.X32, call: "utimensat", args: []any{at, "file", words(1<<33, 0xdead<<32|5, 2000, 6), 0},
			want: times(1<<33, 5, 2000, 6)},
		{abi: arch.X86_64, call: "utimensat", args: []any{at, "file", words(1000, 0xdead<<32|5, 2000, 6), 0}, errno: unix.EINVAL},
		{abi: arch.I386, call: "chown", args: []any{"file", uint64(0xabcd1234), 0xffff}, want: unix.Stat_t{Uid: 0x1234}, root: true},
		{abi: arch.I386, call: "lchown", args: []any{"file", 0xffff, 77}, want: unix.Stat_t{Gid: 77}, root: true},
		{abi: arch.ARM, call: "chown", args: []any{"file", 0x1_0007, 8}, want: unix.Stat_t{Uid: 7, Gid: 8}, root: true},
		{abi: arch.I386, call: "chown32", args: []any{"file", 0x11234, -1}, want: unix.Stat_t{Uid: 0x11234}, root: true},
		{abi: arch.X86_64, call: "chown", args: []any{"file", 0xffff, -1}, want: unix.Stat_t{Uid: 0xffff}, root: true},
		{abi: arch.AArch64, call: "fchownat", args: []any{at, "file", 0xffff, -1, 0}, want: unix.Stat_t{Uid: 0xffff}, root: true},
		{abi: arch.I386, call: "mknod", args: []any{"file2", 0o600, 0}},
		{abi: arch.I386, call: "mkdir", args: []any{"dir2", 0o700}},
		{abi: arch.I386, call: "symlink", args: []any{"text", "link2"}},
		{abi: arch.I386, call: "link", args: []any{"file", "file3"}, want: unix.Stat_t{Nlink: 2}},
		{abi: arch.I386, call: "rename", args: []any{"other", "file"}, want: unix.Stat_t{Mode: unix.S_IFREG | 0o600}},
		{abi: arch.I386, call: "unlink", args: []any{"other"}},
		{abi: arch.I386, call: "rmdir", args: []any{"empty"}},
		{abi: arch.I386, call: "chmod", args: []any{"file", 0o611}, want: unix.Stat_t{Mode: unix.S_IFREG | 0o611}},
	} {
		if c.root && !root {
			continue
		}
		os.RemoveAll(top)
		plant(t, top, w)
		tk.chdir(top)
		inv := tk.invocation(c.abi, c.call, c.args)
		out := b.do(tk, &inv)
		if out.Kind != Done || out.Value != -int64(c.errno) {
			t.Errorf("%s %s%v: %s, want %v", c.abi, c.call, c.args, out.text(), c.errno)
			continue
		}
		var st, zero unix.Stat_t
		must(t, unix.Stat(top+"/file", &st))
		want := c.want
		if want.Size != 0 && st.Size != want.Size || want.Atim != zero.Atim && st.Atim != want.Atim ||
			want.Mtim != zero.Mtim && st.Mtim != want.Mtim || want.Uid != 0 && st.Uid != want.Uid ||
			want.Gid != 0 && st.Gid != want.Gid || want.Mode != 0 && st.Mode != want.Mode ||
			want.Nlink != 0 && st.Nlink != want.Nlink {
			t.Errorf("%s %s%v: the file is now %+v", c.abi, c.call, c.args, st)
		}
	}
}

// stamp holds in a word of this machine what fits.
func stamp(sec, nsec int64) (ts unix.Timespec) {
	setWord(&ts.Sec, sec)
	setWord(&ts.Nsec, nsec)
	return ts
}

func setWord[T int32 | int64](to *T, v int64) { *to = T(v) }

func times(asec, ansec, msec, mnsec int64) unix.Stat_t {
	return unix.Stat_t{Atim: stamp(asec, ansec), Mtim: stamp(msec, mnsec)}
}
