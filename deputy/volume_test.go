package deputy

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/arch"
)

// TestVolume looks at what btrfs would be given: the name that was judged, and a descriptor of the tracer's for the
// subvolume that the task named by one of its own. (A file system of another kind answers ENOTTY: TestOracleDescriptors.)
func TestVolume(t *testing.T) {
	w := tasks()[0]
	top := filepath.Join(openDir(t), "tree")
	plant(t, top, w)
	tk, b := startTask(t, w), newBench(t)
	tk.chdir(top)
	source := tk.native("openat", []any{unix.AT_FDCWD, "dir", unix.O_RDONLY, 0})
	dir := tk.native("openat", []any{unix.AT_FDCWD, ".", unix.O_RDONLY, 0})
	native := arch.Native()[0]
	for _, c := range []struct {
		request string
		flags   uint64
		name    string
		errno   error
	}{
		{"BTRFS_IOC_SUBVOL_CREATE", 0, "new", nil},
		{"BTRFS_IOC_SUBVOL_CREATE_V2", 0, "new", nil},
		{"BTRFS_IOC_SUBVOL_CREATE_V2", 2, "new", nil},
		{"BTRFS_IOC_SUBVOL_CREATE_V2", 4, "new", unix.EOPNOTSUPP}, // BTRFS_SUBVOL_QGROUP_INHERIT points on
		{"BTRFS_IOC_SNAP_CREATE", 0, "new", nil},
		{"BTRFS_IOC_SNAP_CREATE_V2", 2, "new", nil},
		{"BTRFS_IOC_SNAP_DESTROY", 0, "empty", nil},
		{"BTRFS_IOC_SNAP_DESTROY_V2", 0, "empty", nil},
	} {
		number, ok := access.RequestNumber(native, c.request)
		if !ok {
			t.Fatalf("no request %s", c.request)
		}
		r := fileRequests()[c.request]
		at := map[nameForm]int{name1: 8, name2: 56}[r.names]
		args := bytes.Repeat([]byte{0xee}, 4096)
		binary.NativeEndian.PutUint64(args, source.Value)
		if r.names == name2 {
			binary.NativeEndian.PutUint64(args[16:], c.flags)
		}
		copy(args[at:], c.name+"\x00")
		inv := tk.invocation(native, "ioctl", []any{int(dir.Value), int(number), args})
		if errno := b.judge(tk, &inv); errno != 0 {
			t.Fatalf("%s: %v", c.request, errno)
		}
		if want := top + "/" + c.name; string(b.acc.List[0].Object.Path) != want {
			t.Errorf("%s is judged as %s, want %s", c.request, b.acc.List[0].Object.Path, want)
		}
		data := make([]byte, 4096)
		fd, errno := b.d.volume(&call{inv: &inv, mem: tk, pins: b.res, acc: &b.acc}, r, data)
		if errno != 0 || c.errno != nil {
			if error(errno) != c.errno {
				t.Errorf("%s with flags %d: %v, want %v", c.request, c.flags, errno, c.errno)
			}
			continue
		}
		want := make([]byte, 4096)
		copy(want[at:], c.name)
		if r.names == name2 {
			binary.NativeEndian.PutUint64(want[16:], c.flags)
		}
		if b.acc.N == 2 {
			var ours, theirs unix.Stat_t
			must(t, unix.Fstat(fd, &ours))
			must(t, unix.Stat(top+"/dir", &theirs))
			if fd == 0 || ours.Ino != theirs.Ino || ours.Dev != theirs.Dev {
				t.Errorf("%s: the source is descriptor %d on another object", c.request, fd)
			}
			binary.NativeEndian.PutUint64(want, uint64(fd))
			unix.Close(fd)
		}
		if !bytes.Equal(data, want) {
			t.Errorf("%s: btrfs would be given %q…", c.request, bytes.TrimRight(data, "\x00"))
		}
		// The number stands for another file by now: the source is not the one that was judged.
		if b.acc.N == 2 {
			b.acc.List[1].Object.Ino++
			if fd, errno := b.d.volume(&call{inv: &inv, mem: tk, pins: b.res, acc: &b.acc}, r, data); errno != unix.EBADF {
				t.Errorf("%s: another source is taken: %d, %v", c.request, fd, errno)
			}
		}
		if out := b.do(tk, &inv); out.Kind != Done || out.Value != -int64(unix.ENOTTY) {
			t.Logf("%s: %s (is this btrfs?)", c.request, out.text())
		}
	}
	if _, err := os.Stat(top + "/empty"); err != nil {
		t.Log(err)
	}
}
