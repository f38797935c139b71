package access

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestKindOf(t *testing.T) {
	for mode, want := range map[uint32]Kind{
		unix.S_IFREG: Regular, unix.S_IFDIR: Directory, unix.S_IFLNK: Symlink, unix.S_IFIFO: FIFO,
		unix.S_IFSOCK: Socket, unix.S_IFCHR: CharDevice, unix.S_IFBLK: BlockDevice, 0: Anonymous,
	} {
		if got := KindOf(mode | 0o7777); got != want {
			t.Errorf("%o is %v, want %v", mode, got, want)
		}
	}
}
