package launch

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMountsBelow(t *testing.T) {
	const text = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n" +
		"23 22 0:5 / /a rw,nosuid,nodev,noexec - tmpfs tmpfs rw\n" +
		"24 22 0:6 / /ab ro - tmpfs tmpfs rw\n" +
		"25 23 0:7 / /a/with\\040a\\134space\\011 rw,noatime - tmpfs tmpfs rw\n" +
		"broken\n"
	for _, c := range []struct {
		path string
		want []mountPoint
	}{
		{"/a", []mountPoint{{"/a", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC},
			{"/a/with a\\space\t", unix.MS_NOATIME}}},
		{"/ab", []mountPoint{{"/ab", unix.MS_RDONLY}}},
		{"/b", nil},
	} {
		if got := mountsBelow(text, c.path); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, not %v", c.path, got, c.want)
		}
	}
	if got := mountsBelow(text, "/"); len(got) != 4 {
		t.Errorf("%v", got)
	}
}
