package access

import (
	"os"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// oracleCall is a call on one name.
type oracleCall struct {
	name string
	nr   uintptr
	// args has the place of the name as a nil.
	args []any
	// besides are answers that the names do not foretell.
	besides []syscall.Errno
	// fatal: a success would harm this process, so the call is made only if it should fail.
	fatal bool
	// not names are left out: "/" where a success would change the machine.
	notRoot bool
}

func open1(flags int) oracleCall {
	besides := []syscall.Errno{unix.ENXIO, unix.EOPNOTSUPP}
	if flags&unix.O_ACCMODE == 3 {
		besides = append(besides, unix.EINVAL) // a FIFO that is neither read nor written
	}
	return oracleCall{name: "openat", nr: unix.SYS_OPENAT, args: []any{cwd, nil, flags | unix.O_NONBLOCK, 0o644},
		besides: besides, notRoot: flags&unix.O_TMPFILE == unix.O_TMPFILE}
}

func nativeHow(words ...uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))
}

func oracleCalls(t *testing.T) []oracleCall {
	me, group := os.Getuid(), os.Getgid()
	var statfs [1024]byte
	times := 0
	argv := make([]byte, 16)
	list := []oracleCall{
		{name: "mkdirat", nr: unix.SYS_MKDIRAT, args: []any{cwd, nil, 0o755}},
		{name: "mknodat", nr: unix.SYS_MKNODAT, args: []any{cwd, nil, unix.S_IFIFO | 0o644, 0}},
		{name: "mknodat", nr: unix.SYS_MKNODAT, args: []any{cwd, nil, 0o644, 0}},
		{name: "mknodat", nr: unix.SYS_MKNODAT, args: []any{cwd, nil, unix.S_IFDIR | 0o644, 0}},
		{name: "mknodat", nr: unix.SYS_MKNODAT, args: []any{cwd, nil, unix.S_IFLNK | 0o644, 0}},
		{name: "symlinkat", nr: unix.SYS_SYMLINKAT, args: []any{"text", cwd, nil}},
		{name: "symlinkat", nr: unix.SYS_SYMLINKAT, args: []any{"", cwd, nil}},
		{name: "symlinkat", nr: unix.SYS_SYMLINKAT, args: []any{1, cwd, nil}},
		{name: "unlinkat", nr: unix.SYS_UNLINKAT, args: []any{cwd, nil, 0}},
		{name: "unlinkat", nr: unix.SYS_UNLINKAT, args: []any{cwd, nil, unix.AT_REMOVEDIR},
			besides: []syscall.Errno{unix.ENOTEMPTY}},
		{name: "unlinkat", nr: unix.SYS_UNLINKAT, args: []any{cwd, nil, 0x400}},
		{name: "truncate", nr: unix.SYS_TRUNCATE, args: []any{nil, 0}},
		{name: "fchmodat", nr: unix.SYS_FCHMODAT, args: []any{cwd, nil, 0o755}, notRoot: true},
		{name: "fchownat", nr: unix.SYS_FCHOWNAT, args: []any{cwd, nil, me, group, 0}, notRoot: true},
		{name: "fchownat", nr: unix.SYS_FCHOWNAT, args: []any{cwd, nil, me, group, unix.AT_SYMLINK_NOFOLLOW}, notRoot: true},
		{name: "fchownat", nr: unix.SYS_FCHOWNAT, args: []any{cwd, nil, me, group, unix.AT_EMPTY_PATH}, notRoot: true},
		{name: "fchownat", nr: unix.SYS_FCHOWNAT, args: []any{cwd, nil, me, group, unix.AT_SYMLINK_FOLLOW}},
		{name: "utimensat", nr: unix.SYS_UTIMENSAT, args: []any{cwd, nil, times, 0}, notRoot: true},
		{name: "utimensat", nr: unix.SYS_UTIMENSAT, args: []any{cwd, nil, times, unix.AT_SYMLINK_NOFOLLOW}, notRoot: true},
		{name: "lgetxattr", nr: unix.SYS_LGETXATTR, args: []any{nil, "user.none", 0, 0},
			besides: []syscall.Errno{unix.ENODATA, unix.EOPNOTSUPP}},
		{name: "getxattr", nr: unix.SYS_GETXATTR, args: []any{nil, "user.none", 0, 0},
			besides: []syscall.Errno{unix.ENODATA, unix.EOPNOTSUPP}},
		{name: "faccessat", nr: unix.SYS_FACCESSAT, args: []any{cwd, nil, 0, 0}},
		{name: "statx", nr: unix.SYS_STATX, args: []any{cwd, nil, 0, unix.STATX_TYPE, make([]byte, 512)}},
		{name: "statx", nr: unix.SYS_STATX,
			args: []any{cwd, nil, unix.AT_SYMLINK_NOFOLLOW | unix.AT_EMPTY_PATH, unix.STATX_TYPE, make([]byte, 512)}},
		{name: "statx", nr: unix.SYS_STATX, args: []any{cwd, nil, 1, unix.STATX_TYPE, make([]byte, 512)}},
		{name: "statfs", nr: unix.SYS_STATFS, args: []any{nil, statfs[:]}},
		{name: "readlinkat", nr: unix.SYS_READLINKAT, args: []any{cwd, nil, make([]byte, 64), 64}},
		{name: "name_to_handle_at", nr: unix.SYS_NAME_TO_HANDLE_AT,
			args:    []any{cwd, nil, make([]byte, 136), make([]byte, 8), 0},
			besides: []syscall.Errno{unix.EOVERFLOW, unix.EOPNOTSUPP, unix.EPERM}},
		{name: "chdir", nr: unix.SYS_CHDIR, args: []any{nil}},
		{name: "chroot", nr: unix.SYS_CHROOT, args: []any{nil}, fatal: true},
		{name: "execveat", nr: unix.SYS_EXECVEAT, args: []any{cwd, nil, argv, argv, 0},
			besides: []syscall.Errno{unix.EACCES, unix.ENOEXEC}},
		{name: "execveat", nr: unix.SYS_EXECVEAT, args: []any{cwd, nil, argv, argv, unix.AT_SYMLINK_NOFOLLOW},
			besides: []syscall.Errno{unix.EACCES, unix.ENOEXEC}},
		{name: "execve", nr: unix.SYS_EXECVE, args: []any{nil, argv, argv},
			besides: []syscall.Errno{unix.EACCES, unix.ENOEXEC}},
	}
	inotify, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(inotify) })
	for _, mask := range []int{0, unix.IN_DONT_FOLLOW, unix.IN_ONLYDIR, unix.IN_ONLYDIR | unix.IN_DONT_FOLLOW} {
		list = append(list, oracleCall{name: "inotify_add_watch", nr: unix.SYS_INOTIFY_ADD_WATCH,
			args: []any{inotify, nil, unix.IN_DELETE_SELF | mask}})
	}
	for _, flags := range []int{
		unix.O_RDONLY, unix.O_WRONLY, unix.O_RDWR, 3, unix.O_TRUNC, unix.O_DIRECTORY, unix.O_NOFOLLOW,
		unix.O_DIRECTORY | unix.O_NOFOLLOW, unix.O_DIRECTORY | unix.O_WRONLY, unix.O_PATH, unix.O_PATH | unix.O_NOFOLLOW,
		unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW, unix.O_PATH | unix.O_CREAT | unix.O_EXCL,
		unix.O_CREAT, unix.O_CREAT | unix.O_WRONLY | unix.O_TRUNC, unix.O_CREAT | unix.O_EXCL, unix.O_EXCL,
		unix.O_CREAT | unix.O_NOFOLLOW, unix.O_TMPFILE | unix.O_RDWR,
		unix.O_TMPFILE | unix.O_WRONLY | unix.O_NOFOLLOW, unix.O_TMPFILE, unix.O_TMPFILE&^unix.O_DIRECTORY | unix.O_RDWR,
	} {
		list = append(list, open1(flags))
		if flags == unix.O_PATH|unix.O_CREAT|unix.O_EXCL {
			continue // EINVAL for openat2, asked below
		}
		how := nativeHow(uint64(flags|unix.O_NONBLOCK), 0, 0)
		if flags&unix.O_PATH != 0 {
			how = nativeHow(uint64(flags), 0, 0)
		}
		list = append(list, oracleCall{name: "openat2", nr: unix.SYS_OPENAT2, args: []any{cwd, nil, how, len(how)},
			besides: open1(flags).besides, notRoot: flags&unix.O_TMPFILE == unix.O_TMPFILE})
	}
	return list
}

func (c *oracleCall) with(name string) []any {
	args := slices.Clone(c.args)
	args[slices.IndexFunc(args, func(a any) bool { return a == nil })] = name
	return args
}

// mode returns the mode of a mknod.
func (c *oracleCall) mode() int {
	if c.name != "mknodat" {
		return 0
	}
	return c.args[2].(int)
}

// changes says whether a success may have changed the tree.
func changes(call string) bool {
	switch call {
	case "statx", "statfs", "readlinkat", "faccessat", "getxattr", "lgetxattr", "chdir", "inotify_add_watch":
		return false
	}
	return true
}

// probedMissing asks whether this kernel lacks a call altogether.
func probedMissing(nr uintptr) bool {
	_, _, errno := unix.Syscall6(nr, ^uintptr(0), 0, 0, 0, 0, 0)
	return errno == unix.ENOSYS
}
