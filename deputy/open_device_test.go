package deputy

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pseudoTerminal makes one and returns its master and the name of its slave.
func pseudoTerminal(t *testing.T) (master int, slave string) {
	t.Helper()
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(master) })
	n, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	return master, fmt.Sprintf("/dev/pts/%d", n)
}

// TestControllingTerminal opens /dev/tty for a task that has another one than the tracer, or none.
func TestControllingTerminal(t *testing.T) {
	b, tk := newBench(t), startTask(t, anyone())
	if r := tk.native("setsid", nil); r.Errno != 0 {
		t.Fatal(r.Errno)
	}
	if got := b.openErrno(tk, "/dev/tty", unix.O_RDWR); got != unix.ENXIO {
		t.Errorf("without a terminal: %v", got)
	}
	master, slave := pseudoTerminal(t)
	if os.Geteuid() == 0 {
		if err := os.Chown(slave, 1000, 1000); err != nil {
			t.Fatal(err)
		}
	}
	// The deputy's own open makes nobody the terminal's session, neither the task nor the tracer.
	out := b.openAs(tk, slave, unix.O_RDWR)
	if out.Kind != Blocks {
		t.Fatalf("%s: kind %d", slave, out.Kind)
	}
	fd, errno := out.Open(nil)
	if errno != 0 {
		t.Fatal(errno)
	}
	unix.Close(fd)
	if _, dev, ok := b.d.terminalOf(tk.pid); !ok || dev != 0 {
		t.Errorf("the task has terminal %#x", dev)
	}
	r := tk.native("open", []any{slave, unix.O_RDWR}) // a leader of a session acquires it
	if r.Errno != 0 {
		t.Fatal(r.Errno)
	}
	if r := tk.native("close", []any{int(r.Value)}); r.Errno != 0 {
		t.Fatal(r.Errno)
	}
	out = b.openAs(tk, "/dev/tty", unix.O_RDWR|unix.O_CLOEXEC)
	if out.Kind != Blocks || !out.CloseOnExec {
		t.Fatalf("/dev/tty: kind %d, %d", out.Kind, out.Value)
	}
	fd, errno = out.Open(nil)
	if errno != 0 {
		t.Fatal(errno)
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, []byte("here")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 16)
	if n, err := unix.Read(master, buf); err != nil || string(buf[:n]) != "here" {
		t.Errorf("the terminal shows %q, %v", buf[:max(n, 0)], err)
	}
}

// TestDeviceNumbers looks at the names of terminals.
func TestDeviceNumbers(t *testing.T) {
	for _, c := range []struct {
		major, minor uint32
		want         string
	}{
		{136, 0, "pts/0"}, {136, 70000, "pts/70000"}, {137, 1, "pts/257"}, {4, 1, "tty1"}, {4, 64, "ttyS0"},
		{5, 1, "console"}, {188, 0, ""}, {144, 0, ""},
	} {
		if got := terminalName(unix.Mkdev(c.major, c.minor)); got != c.want {
			t.Errorf("%d:%d is %q, want %q", c.major, c.minor, got, c.want)
		}
	}
}

// TestOtherDevicesWait: an unknown device is not opened on the tracer's thread. The number belongs to nothing, so that
// the open fails where it is made.
func TestOtherDevicesWait(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root makes devices")
	}
	b, tk := newBench(t), startTask(t, who{})
	dir := publicDir(t)
	for _, kind := range []uint32{unix.S_IFCHR, unix.S_IFBLK} {
		path := filepath.Join(dir, fmt.Sprint(kind))
		if err := unix.Mknod(path, kind|0o666, int(unix.Mkdev(240, 77))); err != nil {
			t.Fatal(err)
		}
		for _, flags := range []int{unix.O_RDONLY, unix.O_RDWR | unix.O_NONBLOCK} {
			out := b.openAs(tk, path, flags)
			if out.Kind != Blocks {
				t.Fatalf("%#o: kind %d, %d", kind, out.Kind, out.Value)
			}
			if fd, errno := out.Open(nil); errno != unix.ENXIO && errno != unix.ENODEV {
				t.Errorf("%#o: %d, %v", kind, fd, errno)
			}
		}
	}
}

// TestTunStaysInside: a tun device remembers the network namespace of who opened it, and for a tree with one of its own that
// must not be the tracer.
func TestTunStaysInside(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root makes devices")
	}
	path := filepath.Join(publicDir(t), "tun")
	if err := unix.Mknod(path, unix.S_IFCHR|0o666, int(tun)); err != nil {
		t.Fatal(err)
	}
	for _, own := range []bool{false, true} {
		b, tk := newBenchWith(t, Options{OwnNetwork: own}), startTask(t, who{})
		for _, flags := range []int{unix.O_RDONLY, unix.O_RDWR} {
			out := b.openAs(tk, path, flags)
			if refused := out.Kind == Done && out.Value == -int64(unix.EPERM); refused != own {
				t.Errorf("own network %v, %#o: kind %d, %d", own, flags, out.Kind, out.Value)
			}
		}
	}
}

// TestWaitInADomain has an open that waits done for a task in a Landlock domain.
func TestWaitInADomain(t *testing.T) {
	handled := uint64(unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE)
	ruleset, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&handled)), 8, 0)
	if errno != 0 {
		t.Skip("no Landlock: ", errno)
	}
	defer unix.Close(int(ruleset))
	b, tk, path := newBench(t), startTask(t, anyone()), fifo(t)
	b.d.rulesets = []int{int(ruleset)}
	g, d, n := resources(t)
	out := b.openAs(tk, path, unix.O_RDONLY)
	if out.Kind != Blocks {
		t.Fatalf("kind %d, %d", out.Kind, out.Value)
	}
	cancel := make(chan struct{})
	done := start(out, cancel)
	if r := <-done; r.errno != unix.EACCES {
		t.Errorf("%d, %v", r.fd, r.errno)
	}
	b.res.Release()
	leftBehind(t, g, d, n)
}

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		text    string
		session uint64
		dev     uint64
		ok      bool
	}{
		{"12 (sh) S 1 12 7 34817 12 4194304\n", 7, unix.Mkdev(136, 1), true},
		{"12 (a) S 9 9 9 9) R 1 12 8 0 -1 0\n", 8, 0, true},
		{"12 () ) () S 1 12 8 1025\n", 8, unix.Mkdev(4, 1), true},
		{"12 (sh) S 1 12 7 1083393 12\n", 7, unix.Mkdev(136, 257), true},
		{"12 (sh) S 1 12\n", 0, 0, false},
		{"12 (sh)", 0, 0, false},
		{"", 0, 0, false},
	} {
		session, dev, ok := parseStat([]byte(c.text))
		if ok != c.ok || ok && (session != c.session || dev != c.dev) {
			t.Errorf("%q: session %d, device %#x, %v", c.text, session, dev, ok)
		}
	}
}

// FuzzParseStat: whatever a task calls itself, its terminal is read.
func FuzzParseStat(f *testing.F) {
	f.Add([]byte("sh"))
	f.Add([]byte(") S 1 2 3 4"))
	f.Fuzz(func(t *testing.T, name []byte) {
		text := append([]byte("12 ("), name...)
		text = append(text, ") S 1 12 7 34817 12 4194304\n"...)
		if session, dev, ok := parseStat(text); !ok || session != 7 || dev != unix.Mkdev(136, 1) {
			t.Errorf("%q: session %d, device %#x, %v", text, session, dev, ok)
		}
	})
}
