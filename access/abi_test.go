package access

import (
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// nativeABI is that of this test's own calls.
func nativeABI(t testing.TB) *arch.ABI {
	t.Helper()
	abis := arch.Native()
	if len(abis) == 0 {
		t.Fatal("no ABI is native here")
	}
	return abis[0]
}

// TestNativeNumbers compares the tables for this machine with those of its own headers.
func TestNativeNumbers(t *testing.T) {
	abi := nativeABI(t)
	f := openFlagsOf(abi)
	for _, c := range []struct {
		name      string
		got, want uint64
	}{
		{"O_CREAT", f.creat, unix.O_CREAT}, {"O_EXCL", f.excl, unix.O_EXCL}, {"O_NOCTTY", f.noctty, unix.O_NOCTTY},
		{"O_TRUNC", f.trunc, unix.O_TRUNC}, {"O_APPEND", f.appnd, unix.O_APPEND},
		{"O_NONBLOCK", f.nonblock, unix.O_NONBLOCK}, {"O_DSYNC", f.dsync, unix.O_DSYNC},
		{"O_ASYNC", f.async, unix.O_ASYNC}, {"O_DIRECT", f.direct, unix.O_DIRECT},
		{"O_DIRECTORY", f.directory, unix.O_DIRECTORY}, {"O_NOFOLLOW", f.nofollow, unix.O_NOFOLLOW},
		{"O_NOATIME", f.noatime, unix.O_NOATIME}, {"O_CLOEXEC", f.cloexec, unix.O_CLOEXEC},
		{"O_SYNC", f.sync | f.dsync, unix.O_SYNC}, {"O_PATH", f.path, unix.O_PATH},
		{"O_TMPFILE", f.tmpfile | f.directory, unix.O_TMPFILE},
		{"AT_SYMLINK_NOFOLLOW", atNoFollow, unix.AT_SYMLINK_NOFOLLOW}, {"AT_REMOVEDIR", atRemoveDir, unix.AT_REMOVEDIR},
		{"AT_EACCESS", atEaccess, unix.AT_EACCESS}, {"AT_SYMLINK_FOLLOW", atFollow, unix.AT_SYMLINK_FOLLOW},
		{"AT_NO_AUTOMOUNT", atNoAutomount, unix.AT_NO_AUTOMOUNT}, {"AT_EMPTY_PATH", atEmptyPath, unix.AT_EMPTY_PATH},
		{"AT_RECURSIVE", atRecursive, unix.AT_RECURSIVE},
		{"AT_STATX_SYNC_TYPE", atStatxSync, unix.AT_STATX_FORCE_SYNC | unix.AT_STATX_DONT_SYNC},
		{"RENAME_NOREPLACE", renameNoReplace, unix.RENAME_NOREPLACE},
		{"RENAME_EXCHANGE", renameExchange, unix.RENAME_EXCHANGE},
		{"RENAME_WHITEOUT", renameWhiteout, unix.RENAME_WHITEOUT},
		{"RESOLVE_NO_XDEV", resolveNoXdev, unix.RESOLVE_NO_XDEV},
		{"RESOLVE_NO_MAGICLINKS", resolveNoMagicLinks, unix.RESOLVE_NO_MAGICLINKS},
		{"RESOLVE_NO_SYMLINKS", resolveNoSymlinks, unix.RESOLVE_NO_SYMLINKS},
		{"RESOLVE_BENEATH", resolveBeneath, unix.RESOLVE_BENEATH}, {"RESOLVE_IN_ROOT", resolveInRoot, unix.RESOLVE_IN_ROOT},
		{"open_how", howSize, unix.SizeofOpenHow},
		{"IN_DONT_FOLLOW", uint64(atInotify.nofollow), unix.IN_DONT_FOLLOW},
		{"IN_ONLYDIR", uint64(atInotify.onlyDir), unix.IN_ONLYDIR},
		{"FAN_MARK_DONT_FOLLOW", uint64(atFanotify.nofollow), unix.FAN_MARK_DONT_FOLLOW},
		{"FAN_MARK_ONLYDIR", uint64(atFanotify.onlyDir), unix.FAN_MARK_ONLYDIR},
		{"FAN_MARK_FLUSH", uint64(atFanotify.skip), unix.FAN_MARK_FLUSH},
		{"UMOUNT_NOFOLLOW", uint64(atUmount.nofollow), unix.UMOUNT_NOFOLLOW},
		{"FSPICK_SYMLINK_NOFOLLOW", uint64(atPick.nofollow), unix.FSPICK_SYMLINK_NOFOLLOW},
		{"FSPICK_EMPTY_PATH", uint64(atPick.empty), unix.FSPICK_EMPTY_PATH},
		{"MOVE_MOUNT_F_SYMLINKS", moveFromSymlinks, unix.MOVE_MOUNT_F_SYMLINKS},
		{"MOVE_MOUNT_T_EMPTY_PATH", moveToEmpty, unix.MOVE_MOUNT_T_EMPTY_PATH},
	} {
		if c.got != c.want {
			t.Errorf("%s is %#x, not %#x", c.name, c.want, c.got)
		}
	}
	requestsOf := func(name string) uint32 {
		for i := range requests {
			if requests[i].name == name {
				return requests[i].number(abi)
			}
		}
		t.Errorf("no request %s", name)
		return 0
	}
	setflags := "FS_IOC_SETFLAGS"
	if abi.WordSize == 4 {
		setflags = "FS_IOC32_SETFLAGS"
	}
	for name, want := range map[string]uint32{
		setflags:                       unix.FS_IOC_SETFLAGS,
		"FS_IOC_ENABLE_VERITY":         unix.FS_IOC_ENABLE_VERITY,
		"FS_IOC_SET_ENCRYPTION_POLICY": unix.FS_IOC_SET_ENCRYPTION_POLICY,
	} {
		if got := requestsOf(name); got != want {
			t.Errorf("%s is %#x, not %#x", name, want, got)
		}
	}
}

// TestForeignNumbers holds values of other machines' headers, for those that no test runs on.
func TestForeignNumbers(t *testing.T) {
	for _, c := range []struct {
		abi                                                     *arch.ABI
		creat, excl, trunc, directory, nofollow, path, tmpfile  uint64
		setflags, setflags32, verity, encryption, subvol, fsxat uint32
	}{
		{arch.X86_64, 0x40, 0x80, 0x200, 0x10000, 0x20000, 0x200000, 0x410000,
			0x40086602, 0x40046602, 0x40806685, 0x800c6613, 0x5000940e, 0x401c5820},
		{arch.AArch64, 0x40, 0x80, 0x200, 0x4000, 0x8000, 0x200000, 0x404000,
			0x40086602, 0x40046602, 0x40806685, 0x800c6613, 0x5000940e, 0x401c5820},
		{arch.ARM, 0x40, 0x80, 0x200, 0x4000, 0x8000, 0x200000, 0x404000,
			0x40086602, 0x40046602, 0x40806685, 0x800c6613, 0x5000940e, 0x401c5820},
		{arch.PPC64LE, 0x40, 0x80, 0x200, 0x4000, 0x8000, 0x200000, 0x404000,
			0x80086602, 0x80046602, 0x80806685, 0x400c6613, 0x9000940e, 0x801c5820},
		{arch.MIPS64, 0x100, 0x400, 0x200, 0x10000, 0x20000, 0x200000, 0x410000,
			0x80086602, 0x80046602, 0x80806685, 0x400c6613, 0x9000940e, 0x801c5820},
		{arch.Sparc64, 0x200, 0x800, 0x400, 0x10000, 0x20000, 0x1000000, 0x2010000,
			0x80086602, 0x80046602, 0x80806685, 0x400c6613, 0x9000940e, 0x801c5820},
	} {
		f := openFlagsOf(c.abi)
		if f.creat != c.creat || f.excl != c.excl || f.trunc != c.trunc || f.directory != c.directory ||
			f.nofollow != c.nofollow || f.path != c.path || f.tmpfile|f.directory != c.tmpfile {
			t.Errorf("%s: open flags %+v", c.abi, *f)
		}
		for number, name := range map[uint32]string{
			c.setflags: "FS_IOC_SETFLAGS", c.setflags32: "FS_IOC32_SETFLAGS", c.verity: "FS_IOC_ENABLE_VERITY",
			c.encryption: "FS_IOC_SET_ENCRYPTION_POLICY", c.subvol: "BTRFS_IOC_SUBVOL_CREATE", c.fsxat: "FS_IOC_FSSETXATTR",
		} {
			if r := lookupRequest(c.abi, number); r == nil || r.name != name {
				t.Errorf("%s: %#x is %+v, not %s", c.abi, number, r, name)
			}
		}
	}
}

// TestRequestsAreDistinct: two requests with one number would shadow each other.
func TestRequestsAreDistinct(t *testing.T) {
	for _, abi := range []*arch.ABI{arch.X86_64, arch.MIPS} {
		seen := map[uint32]string{}
		for i := range requests {
			n := requests[i].number(abi)
			if seen[n] != "" {
				t.Errorf("%s: %s and %s are both %#x", abi, seen[n], requests[i].name, n)
			}
			seen[n] = requests[i].name
		}
	}
}
