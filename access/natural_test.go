package access

import (
	"encoding/binary"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestNaturalErrnoOfOneName(t *testing.T) {
	t.Chdir(t.TempDir())
	home, err := unix.Open(".", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(home)
	o := &oracle{t: t}
	plant(t)
	asked, natural := 0, 0
	for _, c := range oracleCalls(t) {
		for _, name := range append([]string{"/", "//"}, oracleNames...) {
			if c.notRoot && strings.Trim(name, "/") == "" && name != "" {
				continue
			}
			if c.mode()&unix.S_IFMT != 0 && (name == "" || len(name) > 4095) {
				continue // two things wrong: the kernel minds the type first, Describe the name
			}
			said, did := o.ask(c.name, c.nr, !c.fatal, c.with(name)...)
			if did == unix.ENOSYS && probedMissing(c.nr) {
				break
			}
			asked++
			if said != 0 {
				natural++
			}
			if said != did && (said != 0 || !slices.Contains(c.besides, did)) {
				t.Errorf("%s: said %v, did %v", short(c.name, c.with(name)), said, did)
			}
			if did == 0 {
				if c.name == "chdir" {
					if err := unix.Fchdir(home); err != nil {
						t.Fatal(err)
					}
				}
				if changes(c.name) {
					plant(t)
				}
			}
		}
	}
	if natural < 100 || asked-natural < 100 {
		t.Errorf("of %d questions %d have a natural errno: the test has lost its names", asked, natural)
	}
}

func TestNaturalErrnoOfTwoNames(t *testing.T) {
	t.Chdir(t.TempDir())
	o := &oracle{t: t}
	plant(t)
	for _, c := range []struct {
		name    string
		nr      uintptr
		flags   int
		besides []syscall.Errno
	}{
		{"linkat", unix.SYS_LINKAT, 0, nil},
		{"linkat", unix.SYS_LINKAT, unix.AT_SYMLINK_FOLLOW, nil},
		{"linkat", unix.SYS_LINKAT, unix.AT_SYMLINK_NOFOLLOW, nil},
		{"renameat2", unix.SYS_RENAMEAT2, 0, []syscall.Errno{unix.ENOTEMPTY}},
		{"renameat2", unix.SYS_RENAMEAT2, unix.RENAME_NOREPLACE, nil},
		{"renameat2", unix.SYS_RENAMEAT2, unix.RENAME_EXCHANGE, nil},
		{"renameat2", unix.SYS_RENAMEAT2, unix.RENAME_EXCHANGE | unix.RENAME_NOREPLACE, nil},
		{"renameat2", unix.SYS_RENAMEAT2, unix.RENAME_WHITEOUT, []syscall.Errno{unix.ENOTEMPTY, unix.EINVAL, unix.EPERM}},
		{"renameat2", unix.SYS_RENAMEAT2, 8, nil},
	} {
		for i, from := range oracleNames {
			for j, to := range oracleNames {
				if i > 38 && j > 38 && i != j {
					continue // long names with each other add nothing
				}
				args := []any{cwd, from, cwd, to, c.flags}
				said, did := o.ask(c.name, c.nr, true, args...)
				if c.name == "renameat2" && said == unix.ENAMETOOLONG && did != 0 {
					continue // two things wrong: that a file system takes no such name shows late
				}
				if said == unix.ENOTDIR && did == unix.ENOTEMPTY && strings.HasPrefix(from, to) && strings.HasSuffix(to, "/") {
					continue // two things wrong: Linux 7.2 finds out last that what is moved is no directory
				}
				if said != did && (said != 0 || !slices.Contains(c.besides, did)) {
					t.Errorf("%s: said %v, did %v", short(c.name, args), said, did)
				}
				if did == 0 {
					plant(t)
				}
			}
		}
	}
}

func TestNaturalErrnoOfBind(t *testing.T) {
	t.Chdir(t.TempDir())
	o := &oracle{t: t}
	plant(t)
	for _, name := range append([]string{"/"}, oracleNames...) {
		if len(name) > 107 {
			name = name[:109] // one more than fits
		}
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		family := unsafe.Slice((*byte)(unsafe.Pointer(&[]uint16{unix.AF_UNIX}[0])), 2)
		addr := append(slices.Clone(family), name...)
		said, did := o.ask("bind", unix.SYS_BIND, true, fd, addr, len(addr))
		unix.Close(fd)
		if said != did {
			t.Errorf("bind %.60q: said %v, did %v", name, said, did)
		}
		if did == 0 {
			plant(t)
		}
	}
}

// TestOpenHowErrnos asks the kernel about structures that are wrong in themselves.
func TestOpenHowErrnos(t *testing.T) {
	if probedMissing(unix.SYS_OPENAT2) {
		t.Skip("this kernel has no openat2")
	}
	asks := func(flags, resolve uint64) syscall.Errno {
		how := nativeHow(flags, 0, resolve)
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT2, ^uintptr(99), uintptr(unsafe.Pointer(&[]byte("/\x00")[0])),
			uintptr(unsafe.Pointer(&how[0])), uintptr(len(how)), 0, 0)
		if errno == 0 {
			unix.Close(int(fd))
		}
		return errno
	}
	// Before 5.14 the upper half of the flags was dropped unseen, and before 5.12 nobody had heard of RESOLVE_CACHED
	// (0x20). Describe says what later kernels do: it refuses more than these.
	besides := map[uint64]syscall.Errno{}
	const upper, cached = 1 << 40, 0x20
	if asks(upper, 0) == 0 {
		besides[upper] = 0
	}
	if asks(0, cached) == unix.EINVAL {
		besides[cached] = unix.EINVAL
	}
	t.Chdir(t.TempDir())
	o := &oracle{t: t}
	plant(t)
	const f = "f"
	for _, c := range []struct {
		path any
		how  []byte
		size int
	}{
		{f, nativeHow(0, 0, 0), 24},
		{f, nativeHow(0, 0, 0), 0},
		{f, nativeHow(0, 0, 0), 23},
		{f, nativeHow(0, 0, 0, 0), 32},
		{f, nativeHow(0, 0, 0, 1), 32},
		{f, nativeHow(0, 0, 0, 1), 25},
		{f, nativeHow(make([]uint64, 512)...), 4096},
		{f, nativeHow(1<<40, 0, 0), 24},
		{f, nativeHow(1<<30, 0, 0), 24},
		{f, nativeHow(0, 0o644, 0), 24},
		{"new", nativeHow(unix.O_CREAT, 0o7777, 0), 24},
		{"new2", nativeHow(unix.O_CREAT, 0o10000, 0), 24},
		{"new3", nativeHow(unix.O_CREAT, 1<<40, 0), 24},
		{f, nativeHow(unix.O_PATH|unix.O_RDWR, 0, 0), 24},
		{f, nativeHow(unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0, 0), 24},
		{f, nativeHow(0, 0, 0x40), 24},
		{f, nativeHow(0, 0, 1<<40), 24},
		{f, nativeHow(0, 0, unix.RESOLVE_BENEATH|unix.RESOLVE_IN_ROOT), 24},
		{f, nativeHow(0, 0, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS), 24},
		{f, nativeHow(unix.O_TRUNC, 0, 0x20), 24},
		{"", nativeHow(0, 0, 0), 24},
		{1, nativeHow(0, 0, 0), 24},          // EFAULT
		{1, nativeHow(0, 1, 0), 24},          // EINVAL goes first
		{f, nativeHow(0, 0, 0), 4096 * 1024}, // more than a page
	} {
		said, did := o.ask("openat2", unix.SYS_OPENAT2, true, cwd, c.path, c.how, c.size)
		flags, resolve := binary.NativeEndian.Uint64(c.how), binary.NativeEndian.Uint64(c.how[16:])
		older, known := besides[flags]
		if !known {
			older, known = besides[resolve]
		}
		if said != did && (!known || did != older || said == 0) {
			t.Errorf("openat2 %q %x size %d: said %v, did %v", c.path, c.how[:24], c.size, said, did)
		}
	}
	if errno, did := o.ask("openat2", unix.SYS_OPENAT2, true, cwd, f, 1, 24); errno != unix.EFAULT || did != unix.EFAULT {
		t.Errorf("an unreadable structure: said %v, did %v", errno, did)
	}
}

// TestDescriptorCalls asks about calls that name an open descriptor, by themselves or with an empty or NULL path.
func TestDescriptorCalls(t *testing.T) {
	t.Chdir(t.TempDir())
	o := &oracle{t: t}
	plant(t)
	open := func(name string, flags int) int {
		fd, err := unix.Open(name, flags|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		return fd
	}
	file, dir, link := open("f", unix.O_RDONLY), open("d", unix.O_RDONLY), open("lf", unix.O_PATH|unix.O_NOFOLLOW)
	const bad = 9999
	older := []syscall.Errno{unix.EFAULT} // a NULL path with AT_EMPTY_PATH before 6.11
	for _, c := range []struct {
		name    string
		nr      uintptr
		args    []any
		besides []syscall.Errno
	}{
		{"openat", unix.SYS_OPENAT, []any{bad, "", 0, 0}, nil},
		{"openat", unix.SYS_OPENAT, []any{bad, "f", 0, 0}, nil},
		{"openat", unix.SYS_OPENAT, []any{file, "f", 0, 0}, nil},
		{"fchdir", unix.SYS_FCHDIR, []any{file}, nil},
		{"fchdir", unix.SYS_FCHDIR, []any{bad}, nil},
		{"fchmod", unix.SYS_FCHMOD, []any{file, 0o644}, nil},
		{"fchmod", unix.SYS_FCHMOD, []any{bad, 0o644}, nil},
		{"fchownat", unix.SYS_FCHOWNAT, []any{file, "", os.Getuid(), os.Getgid(), unix.AT_EMPTY_PATH}, nil},
		{"fchownat", unix.SYS_FCHOWNAT, []any{bad, "", os.Getuid(), os.Getgid(), unix.AT_EMPTY_PATH}, nil},
		{"fchownat", unix.SYS_FCHOWNAT, []any{file, 0, os.Getuid(), os.Getgid(), unix.AT_EMPTY_PATH}, nil},
		{"utimensat", unix.SYS_UTIMENSAT, []any{file, 0, 0, 0}, nil},
		{"utimensat", unix.SYS_UTIMENSAT, []any{file, 0, 0, unix.AT_SYMLINK_NOFOLLOW}, nil},
		{"utimensat", unix.SYS_UTIMENSAT, []any{cwd, 0, 0, 0}, nil},
		{"utimensat", unix.SYS_UTIMENSAT, []any{bad, 0, 0, 0}, nil},
		{"utimensat", unix.SYS_UTIMENSAT, []any{file, "", 0, unix.AT_EMPTY_PATH}, []syscall.Errno{unix.EINVAL}}, // 5.8
		{"statx", unix.SYS_STATX, []any{cwd, 0, unix.AT_EMPTY_PATH, 1, make([]byte, 512)}, older},
		{"statx", unix.SYS_STATX, []any{file, 0, unix.AT_EMPTY_PATH, 1, make([]byte, 512)}, older},
		{"statx", unix.SYS_STATX, []any{file, 0, 0, 1, make([]byte, 512)}, nil},
		{"statx", unix.SYS_STATX, []any{file, "", 0, 1, make([]byte, 512)}, nil},
		{"readlinkat", unix.SYS_READLINKAT, []any{link, "", make([]byte, 8), 8}, nil},
		{"readlinkat", unix.SYS_READLINKAT, []any{file, "", make([]byte, 8), 8}, nil},
		{"readlinkat", unix.SYS_READLINKAT, []any{cwd, "", make([]byte, 8), 8}, nil},
		{"readlinkat", unix.SYS_READLINKAT, []any{file, 0, make([]byte, 8), 8}, nil},
		{"linkat", unix.SYS_LINKAT, []any{bad, "", dir, "new", unix.AT_EMPTY_PATH}, nil},
		{"linkat", unix.SYS_LINKAT, []any{file, "", dir, "new", 0}, nil},
		{"unlinkat", unix.SYS_UNLINKAT, []any{dir, "", 0}, nil},
		{"symlinkat", unix.SYS_SYMLINKAT, []any{0, dir, "new"}, nil},
		{"symlinkat", unix.SYS_SYMLINKAT, []any{"text", dir, 0}, nil},
		{"truncate", unix.SYS_TRUNCATE, []any{0, 0}, nil},
		{"ioctl", unix.SYS_IOCTL, []any{bad, uint64(unix.FS_IOC_SETFLAGS), 0}, nil},
	} {
		said, did := o.ask(c.name, c.nr, true, c.args...)
		if did == unix.ENOSYS {
			continue // a kernel without the call
		}
		if said != did && (said != 0 || !slices.Contains(c.besides, did)) {
			t.Errorf("%s: said %v, did %v", short(c.name, c.args), said, did)
		}
	}
}
