package deputy

import (
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// domainOf makes a ruleset that allows reading, writing and making files in dir and nowhere else.
func domainOf(t *testing.T, dir string) int {
	t.Helper()
	const handled = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_READ_DIR
	attr := uint64(handled)
	ruleset, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), 8, 0)
	if errno != 0 {
		t.Skip("no Landlock: ", errno)
	}
	t.Cleanup(func() { unix.Close(int(ruleset)) })
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	rule := unix.LandlockPathBeneathAttr{Allowed_access: handled, Parent_fd: int32(fd)}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, ruleset, unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
		t.Fatal(errno)
	}
	return int(ruleset)
}

// TestHandIsInItsDomain has calls done for a task in a Landlock domain that does not include /proc.
func TestHandIsInItsDomain(t *testing.T) {
	dir := publicDir(t)
	inside, outside := filepath.Join(dir, "inside"), filepath.Join(dir, "outside")
	for _, name := range []string{inside, outside} {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	hand, err := NewHand(Options{}, []int{domainOf(t, inside)})
	if err != nil {
		t.Fatal(err)
	}
	defer hand.Close()
	for _, w := range []who{{name: "same"}, anyone()} {
		if w.name == "same" || os.Geteuid() != 0 {
			w.uid, w.gid = uint32(os.Geteuid()), uint32(os.Getegid())
		}
		t.Run(w.name, func(t *testing.T) {
			b, tk := newBench(t), startTask(t, w)
			do := func(call string, args ...any) Outcome {
				t.Helper()
				inv := tk.invocation(arch.Native()[0], call, args)
				if errno := b.judge(tk, &inv); errno != 0 {
					t.Fatal(errno)
				}
				if errno := b.d.Own(); errno != 0 {
					t.Fatal(errno)
				}
				out := hand.Do(tk.pid, &inv, tk, b.res, &b.acc)
				if out.Kind == Opened {
					unix.Close(out.FD)
				}
				return out
			}
			const creat = unix.O_CREAT | unix.O_WRONLY
			for _, c := range []struct {
				what string
				out  Outcome
				want unix.Errno
			}{
				{"make inside", do("openat", unix.AT_FDCWD, inside+"/"+w.name, creat, 0o600), 0},
				{"open inside", do("openat", unix.AT_FDCWD, inside+"/"+w.name, unix.O_RDWR, 0), 0},
				{"make outside", do("openat", unix.AT_FDCWD, outside+"/"+w.name, creat, 0o600), unix.EACCES},
				{"read outside", do("openat", unix.AT_FDCWD, "/etc/passwd", unix.O_RDONLY, 0), unix.EACCES},
				{"read its own entry", do("openat", unix.AT_FDCWD, "/proc/self/maps", unix.O_RDONLY, 0), unix.EACCES},
				{"make a directory", do("mkdirat", unix.AT_FDCWD, outside+"/dir-"+w.name, 0o700), 0},
				{"look outside", do("faccessat", unix.AT_FDCWD, "/etc/passwd", unix.R_OK), 0},
			} {
				got := unix.Errno(0)
				if c.out.Kind == Done && c.out.Value < 0 {
					got = unix.Errno(-c.out.Value)
				}
				if c.out.Kind != Done && c.out.Kind != Opened || got != c.want {
					t.Errorf("%s: kind %d, %v, want %v", c.what, c.out.Kind, got, c.want)
				}
			}
			var st unix.Stat_t
			if err := unix.Lstat(inside+"/"+w.name, &st); err != nil || st.Uid != w.uid {
				t.Errorf("made by %d, %v", st.Uid, err)
			}
		})
	}
}
