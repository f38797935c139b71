package access

import (
	"encoding/binary"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

func errnoName(e syscall.Errno) string { return unix.ErrnoName(e) }

const (
	cwd   = -100
	cwd32 = 0xffffff9c // AT_FDCWD zero-extended, as a 32-bit register write leaves it
	junk  = 0x7 << 40  // what the kernel does not look at in an int
)

func how(order binary.AppendByteOrder, tail []byte, words ...uint64) []byte {
	b := make([]byte, 0, 24)
	for _, w := range words {
		b = order.AppendUint64(b, w)
	}
	return append(b, tail...)
}

func sun(family uint16, path string) []byte {
	return append(binary.LittleEndian.AppendUint16(nil, family), path...)
}

func volArgs(fd uint64, flags uint64, name string, v2 bool) []byte {
	b := make([]byte, volArgsSize)
	binary.LittleEndian.PutUint64(b, fd)
	if v2 {
		binary.LittleEndian.PutUint64(b[16:], flags)
		copy(b[56:], name)
	} else {
		copy(b[8:], name)
	}
	return b
}

// describeCases has every call of the table, with every flag that changes what it names. want is what text gives, or
// the name of an errno, or empty if there is nothing to judge.
var describeCases = []struct {
	abi  *arch.ABI // nil: x86_64
	call string
	args []any
	want string
}{
	{nil, "open", []any{"f", 0}, `read "f" follow`},
	{nil, "open", []any{"f", 1}, `write "f" follow`},
	{nil, "open", []any{"f", 2}, `write|read "f" follow`},
	{nil, "open", []any{"f", 3}, `write|read "f" follow`},
	{nil, "open", []any{"f", 0x200}, `write|read "f" follow`},
	{nil, "open", []any{"f", 0x41}, `write "f" follow create`},
	{nil, "open", []any{"miss", 0x40}, `create|read "miss" follow create`},
	{nil, "open", []any{"miss", 0x241}, `create|write "miss" follow create`},
	{nil, "open", []any{"miss", 0x20041}, `create|write "miss" create`},
	{nil, "open", []any{"miss", 0xc1}, `create|write "miss" create`},
	{nil, "open", []any{"f", 0xc1}, `write "f" create EEXIST`},
	{nil, "open", []any{"link/", 0x20000}, `read "link/" follow ENOTDIR`},
	{nil, "open", []any{"miss/", 0x41}, `create|write "miss/" follow create EISDIR`},
	{nil, "open", []any{"", 0}, "ENOENT"},
	{nil, "open", []any{strings.Repeat("x", 4095), 0x200000}, `stat "` + strings.Repeat("x", 4095) + `" follow`},
	{nil, "open", []any{strings.Repeat("x", 4096), 0}, "ENAMETOOLONG"},
	{nil, "openat", []any{cwd, "f", 0}, `read "f" follow`},
	{nil, "openat", []any{cwd32, "f", 0}, `read "f" follow`},
	{nil, "openat", []any{junk | 5, "f", junk | 1}, `write 5:"f" follow`},
	{nil, "openat", []any{-1, "", 0}, "ENOENT"}, // before EBADF
	{nil, "openat", []any{3, "f", 0x200000}, `stat 3:"f" follow`},
	{nil, "openat", []any{3, "link", 0x220000}, `stat 3:"link"`},
	{nil, "openat", []any{3, "f", 0x200000 | 0x40 | 0x200 | 2}, `stat 3:"f" follow`}, // O_PATH beats everything else
	{nil, "openat", []any{3, "dir", 0x410002}, `create|write|read 3:"dir" follow`},
	{nil, "openat", []any{3, "dir", 0x430001}, `create|write 3:"dir"`},
	{nil, "openat", []any{3, "f", 0x410001}, `create|write 3:"f" follow ENOTDIR`},
	{nil, "openat", []any{3, "dir", 0x410000}, "EINVAL"}, // O_TMPFILE without write access
	{nil, "openat", []any{3, "dir", 0x400001}, "EINVAL"}, // __O_TMPFILE without O_DIRECTORY
	{arch.AArch64, "openat", []any{3, "f", 0x4000}, `read 3:"f" follow ENOTDIR`},
	{arch.AArch64, "openat", []any{3, "link", 0x8000}, `read 3:"link" ELOOP`},
	{arch.AArch64, "openat", []any{3, "dir", 0x404001}, `create|write 3:"dir" follow`},
	{arch.MIPS64, "openat", []any{3, "miss", 0x101}, `create|write 3:"miss" follow create`},
	{arch.MIPS64, "openat", []any{3, "f", 0x40}, `read 3:"f" follow`}, // no flag there
	{arch.Sparc64, "openat", []any{3, "miss", 0xa01}, `create|write 3:"miss" create`},
	{arch.I386, "openat", []any{cwd, "f", 0x8000}, `read "f" follow`},
	{nil, "creat", []any{"miss", 0o644}, `create|write "miss" follow create`},
	{nil, "creat", []any{"f", 0o644}, `write "f" follow create`},
	{nil, "openat2", []any{3, "f", how(binary.LittleEndian, nil, 1, 0, 0x15), 24}, `write 3:"f" follow resolve=0x15`},
	{nil, "openat2", []any{cwd32, "miss", how(binary.LittleEndian, make([]byte, 8), 0x41, 0o644, 0), 32},
		`create|write "miss" follow create`},
	{arch.S390X, "openat2", []any{3, "f", how(binary.BigEndian, nil, 2, 0, 0), 24}, `write|read 3:"f" follow`},
	{nil, "openat2", []any{3, "f", how(binary.LittleEndian, nil, 0, 0, 0), 23}, "EINVAL"},
	{nil, "openat2", []any{3, "f", how(binary.LittleEndian, nil, 0, 0, 0), 1 << 20}, "E2BIG"},
	{nil, "openat2", []any{3, "f", how(binary.LittleEndian, []byte{0, 0, 0, 1}, 0, 0, 0), 28}, "E2BIG"},
	{nil, "openat2", []any{3, "f", how(binary.LittleEndian, nil, 0, 0, 0), 28}, "EFAULT"},
	{nil, "openat2", []any{3, "f", how(binary.LittleEndian, nil, 1<<32, 0, 0), 24}, "EINVAL"},
	{nil, "openat2", []any{3, "f", how(binary.LittleEndian, nil, 0, 0, 0x40), 24}, "EINVAL"},
	{nil, "openat2", []any{3, "f", how(binary.LittleEndian, nil, 0, 0, 0x18), 24}, "EINVAL"},
	{nil, "openat2", []any{3, "f", how(binary.LittleEndian, nil, 0, 0o644, 0), 24}, "EINVAL"},
	{nil, "openat2", []any{3, "f", how(binary.LittleEndian, nil, 0x40, 0o10000, 0), 24}, "EINVAL"},
	{nil, "openat2", []any{3, "f", how(binary.LittleEndian, nil, 0x200001, 0, 0), 24}, "EINVAL"},
	{nil, "openat2", []any{3, "f", how(binary.LittleEndian, nil, 0x40, 0, 0x20), 24}, "EAGAIN"},
	{nil, "openat2", []any{-1, "", how(binary.LittleEndian, nil, 0, 0, 0), 24}, "ENOENT"},

	{nil, "mkdir", []any{"miss/", 0}, `create "miss/" create`},
	{nil, "mkdir", []any{"link/", 0}, `create "link/" create EEXIST`},
	{nil, "mkdirat", []any{junk | 3, "dir", 0}, `create 3:"dir" create EEXIST`},
	{nil, "mknod", []any{"miss", 0o20666, 0x103}, `create "miss" create mode=020666`},
	{nil, "mknod", []any{"miss/", 0o600}, `create "miss/" create mode=0600 ENOENT`},
	{nil, "mknodat", []any{3, "miss", 0x7ff0000 | 0o60600, 0}, `create 3:"miss" create mode=060600`},
	{nil, "mknodat", []any{3, "miss", 0o40755, 0}, `create 3:"miss" create mode=040755 EPERM`},
	{nil, "mknodat", []any{3, "miss", 0o120755, 0}, `create 3:"miss" create mode=0120755 EINVAL`},
	{arch.PPC64, "spu_create", []any{"miss", 0, 0, 0}, `create "miss" create`},
	{nil, "symlink", []any{"t", "miss"}, `create "miss" create`},
	{nil, "symlink", []any{"", "miss"}, `create "miss" create ENOENT`},
	{nil, "symlink", []any{99, "miss"}, `create "miss" create EFAULT`},
	{nil, "symlinkat", []any{"t", 3, "link"}, `create 3:"link" create EEXIST`},
	{nil, "link", []any{"link", "miss"}, `write "link"; create "miss" create`},
	{nil, "link", []any{"link/", "miss"}, `write "link/" follow ENOTDIR; create "miss" create ENOTDIR`},
	{nil, "linkat", []any{3, "f", 4, "miss", 0}, `write 3:"f"; create 4:"miss" create`},
	{nil, "linkat", []any{3, "link", 4, "miss", 0x400}, `write 3:"link" follow; create 4:"miss" create`},
	{nil, "linkat", []any{3, "", 4, "miss", 0x1000}, `write 3:"" empty; create 4:"miss" create`},
	{nil, "linkat", []any{3, "", 4, "miss", 0}, "ENOENT"},
	{nil, "linkat", []any{3, "f", 4, "miss", 0x100}, "EINVAL"},
	{nil, "linkat", []any{3, "dir", 4, "miss", 0}, `write 3:"dir" EPERM; create 4:"miss" create EPERM`},
	{nil, "bind", []any{3, sun(1, "miss"), 6}, `create "miss" create`},
	{nil, "bind", []any{3, sun(1, "f\x00x"), 5}, `create "f" create EADDRINUSE`},
	{nil, "bind", []any{3, sun(1, strings.Repeat("m", 108)), 110}, `create "` + strings.Repeat("m", 108) + `" create EADDRINUSE`},
	{nil, "bind", []any{3, sun(1, strings.Repeat("m", 109)), 111}, "EINVAL"},
	{nil, "bind", []any{3, sun(1, "miss"), junk | 6}, `create "miss" create`},
	{nil, "bind", []any{3, sun(1, "miss"), -1}, "EINVAL"},
	{nil, "bind", []any{3, sun(1, "miss"), 129}, "EINVAL"},
	{nil, "bind", []any{3, sun(1, "miss"), 8}, "EFAULT"},
	{nil, "bind", []any{3, sun(1, ""), 2}, ""},
	{nil, "bind", []any{3, sun(1, "\x00abstract"), 11}, ""},
	{nil, "bind", []any{3, sun(2, "inet"), 6}, ""},
	{nil, "bind", []any{3, 0, 0}, ""},
	{nil, "bind", []any{3, []byte{0, 1, 'm', 'i'}, 4}, ""}, // family 256: the tracee is little-endian
	{arch.S390X, "bind", []any{3, []byte{0, 1, 'm', 'i', 's', 's'}, 6}, `create "miss" create`},
	{arch.I386, "socketcall", []any{2, []byte("\x03\x00\x00\x00\x00\x00\x10\x00\x06\x00\x00\x00")}, "EFAULT"},
	{arch.I386, "socketcall", []any{3, 0}, ""},

	{nil, "unlink", []any{"f"}, `delete "f"`},
	{nil, "unlink", []any{"link/"}, `delete "link/" ENOTDIR`},
	{nil, "unlink", []any{"dir"}, `delete "dir" EISDIR`},
	{nil, "unlinkat", []any{3, "f", 0}, `delete 3:"f"`},
	{nil, "unlinkat", []any{3, "f", 0x200}, `delete 3:"f" ENOTDIR`},
	{nil, "unlinkat", []any{3, "dir", junk | 0x200}, `delete 3:"dir"`},
	{nil, "unlinkat", []any{3, "f", 1}, "EINVAL"},
	{nil, "rmdir", []any{"dir/"}, `delete "dir/"`},
	{nil, "rmdir", []any{"dir/."}, `delete "dir/." EINVAL`},
	{nil, "rename", []any{"f", "miss"}, `delete "f"; create "miss" create`},
	{nil, "rename", []any{"f", "g"}, `delete "f"; create|delete "g" create`},
	{nil, "rename", []any{"miss", "g"}, `delete "miss" ENOENT; create|delete "g" create ENOENT`},
	{nil, "renameat", []any{3, "link", cwd32, "miss"}, `delete 3:"link"; create "miss" create`},
	{nil, "renameat2", []any{3, "f", 4, "g", 0}, `delete 3:"f"; create|delete 4:"g" create`},
	{nil, "renameat2", []any{3, "f", 4, "g", 1}, `delete 3:"f" EEXIST; create|delete 4:"g" create EEXIST`},
	{nil, "renameat2", []any{3, "f", 4, "g", 2}, `create|delete 3:"f"; create|delete 4:"g"`},
	{nil, "renameat2", []any{3, "f", 4, "miss", 4}, `create|delete 3:"f"; create 4:"miss" create`},
	{nil, "renameat2", []any{3, "f", 4, "g", 3}, "EINVAL"},
	{nil, "renameat2", []any{3, "f", 4, "g", 8}, "EINVAL"},

	{nil, "truncate", []any{"f", 0}, `write "f" follow`},
	{nil, "truncate", []any{"dir", 0}, `write "dir" follow EISDIR`},
	{arch.I386, "truncate64", []any{"f", 0, 0}, `write "f" follow`},
	{nil, "chmod", []any{"link", 0}, `attr "link" follow`},
	{nil, "fchmod", []any{junk | 3, 0}, `attr fd 3`},
	{nil, "fchmodat", []any{3, "link", 0, 0x100}, `attr 3:"link" follow`},
	{nil, "fchmodat2", []any{3, "link", 0, 0x100}, `attr 3:"link"`},
	{nil, "fchmodat2", []any{3, "link/", 0, 0x100}, `attr 3:"link/" follow ENOTDIR`},
	{nil, "fchmodat2", []any{3, "", 0, 0x1000}, `attr 3:"" follow empty`},
	{nil, "fchmodat2", []any{3, "f", 0, 0x400}, "EINVAL"},
	{nil, "chown", []any{"link", 0, 0}, `attr "link" follow`},
	{arch.I386, "chown32", []any{"link", 0, 0}, `attr "link" follow`},
	{nil, "lchown", []any{"link", 0, 0}, `attr "link"`},
	{arch.I386, "lchown32", []any{"link", 0, 0}, `attr "link"`},
	{nil, "fchown", []any{3, 0, 0}, `attr fd 3`},
	{arch.I386, "fchown32", []any{3, 0, 0}, `attr fd 3`},
	{nil, "fchownat", []any{3, "link", 0, 0, 0}, `attr 3:"link" follow`},
	{nil, "fchownat", []any{3, "link", 0, 0, 0x100}, `attr 3:"link"`},
	{nil, "fchownat", []any{3, "", 0, 0, 0x1000}, `attr 3:"" follow empty`},
	{nil, "utime", []any{"link", 0}, `attr "link" follow`},
	{nil, "utimes", []any{"link", 0}, `attr "link" follow`},
	{nil, "utimes", []any{0, 0}, "EFAULT"},
	{nil, "futimesat", []any{3, "link", 0}, `attr 3:"link" follow`},
	{nil, "futimesat", []any{3, 0, 0}, `attr fd 3`},
	{nil, "futimesat", []any{cwd32, 0, 0}, "EFAULT"},
	{nil, "utimensat", []any{3, "link", 0, 0}, `attr 3:"link" follow`},
	{nil, "utimensat", []any{3, "link", 0, 0x100}, `attr 3:"link"`},
	{nil, "utimensat", []any{3, "", 0, 0x1000}, `attr 3:"" follow empty`},
	{nil, "utimensat", []any{3, 0, 0, 0}, `attr fd 3`},
	{nil, "utimensat", []any{3, 0, 0, 0x100}, "EINVAL"},
	{nil, "utimensat", []any{cwd32, 0, 0, 0}, "EFAULT"},
	{arch.I386, "utimensat_time64", []any{3, 0, 0, 0}, `attr fd 3`},
	{nil, "setxattr", []any{"link", "n", 0, 0, 0}, `attr "link" follow`},
	{nil, "lsetxattr", []any{"link", "n", 0, 0, 0}, `attr "link"`},
	{nil, "fsetxattr", []any{3, "n", 0, 0, 0}, `attr fd 3`},
	{nil, "setxattrat", []any{3, "link", 0, "n", 0, 0}, `attr 3:"link" follow`},
	{nil, "setxattrat", []any{3, "link", 0x100, "n", 0, 0}, `attr 3:"link"`},
	{nil, "setxattrat", []any{3, 0, 0x1000, "n", 0, 0}, `attr 3:"" follow empty`},
	{nil, "setxattrat", []any{3, 0, 0, "n", 0, 0}, "EFAULT"},
	{nil, "removexattr", []any{"link", "n"}, `attr "link" follow`},
	{nil, "lremovexattr", []any{"link", "n"}, `attr "link"`},
	{nil, "fremovexattr", []any{3, "n"}, `attr fd 3`},
	{nil, "removexattrat", []any{3, "", 0x1000, "n"}, `attr 3:"" follow empty`},
	{nil, "getxattr", []any{"link", "n", 0, 0}, `stat "link" follow`},
	{nil, "lgetxattr", []any{"link", "n", 0, 0}, `stat "link"`},
	{nil, "getxattrat", []any{3, "link", 0x100, "n", 0, 0}, `stat 3:"link"`},
	{nil, "getxattrat", []any{3, "", 0x1000, "n", 0, 0}, ""},
	{nil, "listxattr", []any{"link", 0, 0}, `stat "link" follow`},
	{nil, "llistxattr", []any{"link", 0, 0}, `stat "link"`},
	{nil, "listxattrat", []any{3, "link", 0x100, 0, 0}, `stat 3:"link"`},
	{nil, "listxattrat", []any{3, 0, 0x1000, 0, 0}, ""},
	{nil, "file_setattr", []any{3, "link", 0, 24, 0x100}, `attr 3:"link"`},
	{nil, "file_setattr", []any{3, "", 0, 24, 0x1000}, `attr 3:"" follow empty`},
	{nil, "file_getattr", []any{3, "link", 0, 24, 0}, `stat 3:"link" follow`},
	{nil, "ioctl", []any{3, 0x5401, 0}, ""},
	{nil, "ioctl", []any{3, junk | 0x40086602, 0}, `attr fd 3`},
	{arch.I386, "ioctl", []any{3, 0x40046602, 0}, `attr fd 3`},
	{arch.MIPS64, "ioctl", []any{3, 0x80086602, 0}, `attr fd 3`},
	{arch.MIPS64, "ioctl", []any{3, 0x40086602, 0}, ""},
	{nil, "ioctl", []any{3, 0x5000940e, volArgs(9, 0, "miss", false)}, `create 3:"miss" create`},
	{nil, "ioctl", []any{3, 0x5000940e, volArgs(9, 0, "dir", false)}, `create 3:"dir" create EEXIST`},
	{nil, "ioctl", []any{3, 0x50009418, volArgs(9, 0, "miss", true)}, `create 3:"miss" create`},
	{nil, "ioctl", []any{3, 0x50009401, volArgs(9, 0, "miss", false)}, `create 3:"miss" create; read fd 9`},
	{nil, "ioctl", []any{3, 0x50009417, volArgs(9, 0, "miss", true)}, `create 3:"miss" create; read fd 9`},
	{nil, "ioctl", []any{3, 0x5000940f, volArgs(0, 0, "dir", false)}, `delete 3:"dir"`},
	{nil, "ioctl", []any{3, 0x5000943f, volArgs(0, 0, "dir", true)}, `delete 3:"dir"`},
	{nil, "ioctl", []any{3, 0x5000943f, volArgs(0, 16, "", true)}, "ENOTSUP"},
	{nil, "ioctl", []any{3, 0x5000940e, volArgs(0, 0, "a/b", false)}, "EINVAL"},
	{nil, "ioctl", []any{3, 0x5000940e, volArgs(0, 0, "..", false)}, "EINVAL"},

	{nil, "access", []any{"link", 0}, `stat "link" follow`},
	{nil, "faccessat", []any{3, "link", 0, 0x100}, `stat 3:"link" follow`},
	{nil, "faccessat2", []any{3, "link", 0, 0x300}, `stat 3:"link"`},
	{nil, "faccessat2", []any{3, "", 0, 0x1000}, `stat 3:"" follow empty`},
	{nil, "faccessat2", []any{3, "f", 0, 1}, "EINVAL"},
	{nil, "stat", []any{"link", 0}, `stat "link" follow`},
	{nil, "stat", []any{"miss", 0}, `stat "miss" follow ENOENT`},
	{nil, "stat", []any{"err", 0}, `stat "err" follow ELOOP`},
	{arch.I386, "stat64", []any{"link", 0}, `stat "link" follow`},
	{arch.I386, "oldstat", []any{"link", 0}, `stat "link" follow`},
	{nil, "lstat", []any{"link", 0}, `stat "link"`},
	{nil, "lstat", []any{"dirlink/", 0}, `stat "dirlink/" follow`},
	{nil, "lstat", []any{"link/.", 0}, `stat "link/."`},
	{arch.I386, "lstat64", []any{"link", 0}, `stat "link"`},
	{arch.I386, "oldlstat", []any{"link", 0}, `stat "link"`},
	{nil, "newfstatat", []any{3, "link", 0, 0}, `stat 3:"link" follow`},
	{nil, "newfstatat", []any{3, "link", 0, 0x900}, `stat 3:"link"`},
	{nil, "newfstatat", []any{3, "", 0, 0x1000}, ""},
	{nil, "newfstatat", []any{3, 0, 0, 0x1000}, ""},
	{nil, "newfstatat", []any{cwd32, "", 0, 0x1000}, `stat "" follow empty`},
	{nil, "newfstatat", []any{cwd32, 0, 0, 0x1000}, `stat "" follow empty`},
	{nil, "newfstatat", []any{3, 0, 0, 0}, "EFAULT"},
	{nil, "newfstatat", []any{3, "", 0, 0}, "ENOENT"},
	{nil, "newfstatat", []any{3, "f", 0, 0x10}, "EINVAL"},
	{arch.I386, "fstatat64", []any{cwd, "link", 0, 0x100}, `stat "link"`},
	{nil, "statx", []any{3, "link", 0x6100, 0xfff, 0}, `stat 3:"link"`},
	{nil, "statx", []any{3, "", 0x1000, 0xfff, 0}, ""},
	{nil, "statfs", []any{"link", 0}, `stat "link" follow`},
	{arch.I386, "statfs64", []any{"link", 84, 0}, `stat "link" follow`},
	{nil, "readlink", []any{"link", 0, 9}, `stat "link"`},
	{nil, "readlink", []any{"f", 0, 9}, `stat "f" EINVAL`},
	{nil, "readlink", []any{"", 0, 9}, "ENOENT"},
	{nil, "readlinkat", []any{3, "link", 0, 9}, `stat 3:"link" empty`},
	{nil, "readlinkat", []any{3, "", 0, 9}, `stat 3:"" empty ENOENT`},
	{nil, "name_to_handle_at", []any{3, "link", 0, 0, 0}, `stat 3:"link"`},
	{nil, "name_to_handle_at", []any{3, "link", 0, 0, 0x400}, `stat 3:"link" follow`},
	{nil, "name_to_handle_at", []any{3, "", 0, 0, 0x1201}, `stat 3:"" empty`},
	{nil, "inotify_add_watch", []any{3, "link", 0xfff}, `stat "link" follow`},
	{nil, "inotify_add_watch", []any{3, "link", 0x02000fff}, `stat "link"`},
	{nil, "inotify_add_watch", []any{3, "f", 0x01000fff}, `stat "f" follow ENOTDIR`},
	{nil, "fanotify_mark", []any{3, 0x1, 0, 4, "link"}, `stat 4:"link" follow`},
	{nil, "fanotify_mark", []any{3, 0x5, 0, 4, "link"}, `stat 4:"link"`},
	{nil, "fanotify_mark", []any{3, 0x1, 0, 4, 0}, `stat fd 4`},
	{nil, "fanotify_mark", []any{3, 0x80, 0, 4, 0}, ""},
	{arch.I386, "fanotify_mark", []any{3, 0x1, 0, 0, 4, "link"}, `stat 4:"link" follow`},
	{nil, "chdir", []any{"dir"}, `stat "dir" follow`},
	{nil, "chdir", []any{"f"}, `stat "f" follow ENOTDIR`},
	{nil, "fchdir", []any{junk | 3}, `stat fd 3 ENOTDIR`},
	{nil, "chroot", []any{"dir"}, `stat "dir" follow`},

	{nil, "execve", []any{"link", 0, 0}, `exec "link" follow`},
	{nil, "execve", []any{"dir", 0, 0}, `exec "dir" follow EACCES`},
	{arch.Sparc64, "execv", []any{"f", 0}, `exec "f" follow`},
	{nil, "execveat", []any{3, "link", 0, 0, 0}, `exec 3:"link" follow`},
	{nil, "execveat", []any{3, "link", 0, 0, 0x100}, `exec 3:"link" ELOOP`},
	{nil, "execveat", []any{3, "", 0, 0, 0x1000}, `exec 3:"" follow empty`},
	{nil, "execveat", []any{3, "f", 0, 0, 0x10000}, `exec 3:"f" follow`},
	{nil, "execveat", []any{3, "f", 0, 0, 0x200}, "EINVAL"},
	{nil, "uselib", []any{"f"}, `read "f" follow`},

	{nil, "acct", []any{"f"}, `write "f" follow`},
	{nil, "acct", []any{0}, ""},
	{nil, "swapon", []any{"f", 0}, `write "f" follow`},
	{nil, "swapoff", []any{"f"}, `write "f" follow`},
	{nil, "quotactl", []any{0, "f", 0, 0}, `write "f" follow`},
	{nil, "quotactl", []any{0, 0, 0, 0}, ""},
	{nil, "quotactl_fd", []any{3, 0, 0, 0}, `write fd 3`},
	{nil, "mount", []any{"s", "dir", "tmpfs", 0, 0}, `write "dir" follow`},
	{arch.I386, "umount", []any{"dir"}, `write "dir" follow`},
	{nil, "umount2", []any{"link", 8}, `write "link"`},
	{nil, "pivot_root", []any{"dir", "dir2"}, `write "dir" follow; write "dir2" follow`},
	{nil, "move_mount", []any{3, "", 4, "link", 0x4}, `write 3:"" empty; write 4:"link"`},
	{nil, "move_mount", []any{3, "link", 4, "", 0x41}, `write 3:"link" follow; write 4:"" empty`},
	{nil, "move_mount", []any{3, "f", 4, "g", 0x8000}, "EINVAL"},
	{nil, "mount_setattr", []any{3, "link", 0x8100, 0, 0}, `write 3:"link"`},
	{nil, "open_tree", []any{3, "link", 0x80101}, `stat 3:"link"`},
	{nil, "open_tree_attr", []any{3, "dir", 0, 0, 0}, `write 3:"dir" follow`},
	{nil, "fspick", []any{3, "link", 2}, `write 3:"link"`},

	{nil, "read", []any{3, 0, 0}, ""},
	{nil, "fstat", []any{3, 0}, ""},
}

// short writes a call for a failure's message.
func short(call string, args []any) string { return fmt.Sprintf("%.80s", fmt.Sprintf("%s%q", call, args)) }

func TestDescribe(t *testing.T) {
	var out Accesses
	seen := map[string]bool{}
	for _, c := range describeCases {
		seen[c.call] = true
		abi := c.abi
		if abi == nil {
			abi = arch.X86_64
		}
		inv, mem := call(t, abi, c.call, c.args...)
		got := ""
		if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != 0 {
			got = errnoName(errno)
			if out.N != 0 {
				t.Errorf("%s %s: %s, yet N is %d", abi, short(c.call, c.args), got, out.N)
			}
		} else {
			got = text(&out)
		}
		if got != c.want {
			t.Errorf("%s %s:\n got  %s\n want %s", abi, short(c.call, c.args), got, c.want)
		}
	}
	for name := range calls {
		if !seen[name] {
			t.Errorf("no test for %s", name)
		}
	}
}

// TestUnreadable takes each piece of memory away from every case: the call must then fail with EFAULT, or be described
// without what that piece says.
func TestUnreadable(t *testing.T) {
	var out, whole Accesses
	for _, c := range describeCases {
		abi := c.abi
		if abi == nil {
			abi = arch.X86_64
		}
		inv, mem := call(t, abi, c.call, c.args...)
		if Describe(inv, mem, &fakeResolver{}, &whole) != 0 || whole.N == 0 {
			continue
		}
		names := 0
		for addr := range mem {
			_, less := call(t, abi, c.call, c.args...)
			delete(less, addr)
			switch errno := Describe(inv, less, &fakeResolver{}, &out); {
			case errno == syscall.EFAULT:
				names++
			case errno == whole.List[0].Natural && errno != 0: // an empty symlink text goes first
				names++
			case errno != 0:
				t.Errorf("%s: %v without the memory at %#x", short(c.call, c.args), errno, addr)
			case out.List[0].Natural == syscall.EFAULT: // the text of a symlink is no object
			case text(&out) != text(&whole):
				t.Errorf("%s: described as %q without the memory at %#x", short(c.call, c.args), text(&out), addr)
			}
		}
		for i := range whole.N {
			if n := &whole.List[i].Name; !n.FD && len(n.UnsafePath) > 0 && names <= i && specOf(inv.Call).shape != fileIoctl {
				t.Errorf("%s: only %d pieces of memory matter", short(c.call, c.args), names)
			}
		}
	}
}

func TestSocketcallBind(t *testing.T) {
	for _, c := range []struct {
		abi  *arch.ABI
		want string
	}{{arch.I386, `create "miss" create`}, {arch.S390X, `create "miss" create`}, {arch.PPC, `create "miss" create`}} {
		inv, mem := call(t, c.abi, "socketcall", 2, 0x200000)
		block := make([]byte, 0, 24)
		for _, w := range []uint64{3, 0x300000, 6} {
			switch {
			case c.abi.WordSize == 8:
				block = binary.BigEndian.AppendUint64(block, w)
			case c.abi.BigEndian:
				block = binary.BigEndian.AppendUint32(block, uint32(w))
			default:
				block = binary.LittleEndian.AppendUint32(block, uint32(w))
			}
		}
		mem[0x200000] = block
		mem[0x300000] = []byte("\x01\x00miss")
		if c.abi.BigEndian {
			mem[0x300000] = []byte("\x00\x01miss")
		}
		var out Accesses
		if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != 0 || text(&out) != c.want {
			t.Errorf("%s: %v, %s", c.abi, errno, text(&out))
		}
		delete(mem, 0x300000)
		if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != syscall.EFAULT {
			t.Errorf("%s: %v without the address", c.abi, errno)
		}
		delete(mem, 0x200000)
		if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != syscall.EFAULT {
			t.Errorf("%s: %v without the arguments", c.abi, errno)
		}
	}
}

func TestTmpfileIsBelowItsDirectory(t *testing.T) {
	var out Accesses
	inv, mem := call(t, arch.X86_64, "openat", cwd, "dir", 0x410002)
	if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != 0 {
		t.Fatal(errno)
	}
	if o := &out.List[0].Object; string(o.Path) != "/r/dir/#tmpfile" || o.Kind != Missing {
		t.Errorf("judged as %s, kind %d", o.Path, o.Kind)
	}
}

// TestEveryFileCallIsDescribed keeps this package's table and that of package syscalls together.
func TestEveryFileCallIsDescribed(t *testing.T) {
	for _, name := range syscalls.Names() {
		c := syscalls.ByName(name)
		if (c.Class == syscalls.File || c.Class == syscalls.Exec) && specOf(c) == nil {
			t.Errorf("%s names a file, but what it does is not described", name)
		}
	}
	for name, s := range calls {
		c := syscalls.ByName(name)
		if c == nil {
			t.Errorf("%s is described, but no ABI has it", name)
			continue
		}
		if c.Class == syscalls.Harmless {
			t.Errorf("%s is described, but classed as harmless", name)
		}
		for _, a := range []struct {
			at    arg
			kinds []syscalls.Kind
		}{
			{s.dirfd, []syscalls.Kind{syscalls.Dirfd, syscalls.FD}},
			{s.dirfd2, []syscalls.Kind{syscalls.Dirfd}},
			{s.path, []syscalls.Kind{syscalls.Path, syscalls.Sockaddr}},
			{s.path2, []syscalls.Kind{syscalls.Path}},
		} {
			if a.at == none || s.shape == socketcall || s.null == nullIsAnyFD {
				continue
			}
			ok := false
			for _, k := range a.kinds {
				ok = ok || c.Args[a.at.of()] == k
			}
			if !ok {
				t.Errorf("%s: argument %d is of kind %d in package syscalls", name, a.at.of(), c.Args[a.at.of()])
			}
		}
	}
}

func TestDescribeAllocatesNothing(t *testing.T) {
	var out Accesses
	res := &fakeResolver{}
	for _, c := range []struct {
		call string
		args []any
	}{
		{"openat", []any{cwd, "f", 0x241}},
		{"openat", []any{cwd, "dir", 0x410001}},
		{"openat2", []any{cwd, "f", how(binary.LittleEndian, make([]byte, 40), 0x41, 0o644, 0), 64}},
		{"rename", []any{"f", "g"}},
		{"renameat2", []any{3, "f", 4, "g", 2}},
		{"newfstatat", []any{3, "f", 0, 0x100}},
		{"bind", []any{3, sun(1, "miss"), 6}},
		{"ioctl", []any{3, 0x50009401, volArgs(9, 0, "miss", false)}},
	} {
		inv, mem := call(t, arch.X86_64, c.call, c.args...)
		var memory Memory = mem
		if n := testing.AllocsPerRun(100, func() { Describe(inv, memory, res, &out) }); n != 0 {
			t.Errorf("%s allocates %v times", c.call, n)
		}
	}
}

func BenchmarkDescribeOpenat(b *testing.B) {
	var out Accesses
	inv, mem := call(b, arch.X86_64, "openat", cwd, "usr/include/stdio.h", 0x80000)
	var memory Memory = mem
	res := &fakeResolver{}
	for b.Loop() {
		Describe(inv, memory, res, &out)
	}
}
