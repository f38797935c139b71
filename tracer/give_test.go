package tracer

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
	"sydbox/tracer/seccomp"
)

func taker64(t testing.TB) string { return compile(t, "taker.c", "-static", "-pthread") }
func taker32(t testing.TB) string { return narrow(t, "taker.c") }

// giving is a Handler that opens what its tracees ask for and gives it to them. Only names in dir are.
type giving struct {
	*fake
	dir  string
	gave int
}

// needsGive skips where nothing can be handed over. What holds then: TestGives, TestGiveWithout, TestCanGive.
func needsGive(t testing.TB) {
	t.Helper()
	if why := cannotGive(); why != nil {
		t.Skip(why)
	}
}

// cannotGive is CanGive, asked once.
var cannotGive = sync.OnceValue(CanGive)

// newGiving prepares a run of the taker's mode.
func newGiving(t testing.TB, path, mode string, args ...string) (*box, *giving) {
	t.Helper()
	needsGive(t)
	return newGivingAnyhow(t, path, mode, args...)
}

// newGivingAnyhow is newGiving also where nothing can be handed over.
func newGivingAnyhow(t testing.TB, path, mode string, args ...string) (*box, *giving) {
	t.Helper()
	dir := t.TempDir()
	b := newBox(t, nil, path, append([]string{mode, dir}, args...)...)
	var err error
	if b.plan.Filter, err = givingFilter(); err != nil {
		t.Fatal(err)
	}
	b.plan.Listener = true
	g := &giving{fake: b.fake, dir: dir}
	b.onCall = g.call
	return b, g
}

func givingFilter() ([]unix.SockFilter, error) {
	unknown := syscalls.Verdict{Kind: syscalls.Fail, Errno: uint16(unix.ENOSYS)}
	return seccomp.Compile(WithGive(filterTable(unknown, marked)))
}

func (g *giving) call(task *Task, inv *syscalls.Invocation) Action {
	name, flags, mode := 0, inv.Int(1), inv.Uint(2)
	switch inv.Call.Name {
	case "openat":
		name, flags, mode = 1, inv.Int(2), inv.Uint(3)
	case "creat":
		flags, mode = unix.O_CREAT|unix.O_WRONLY|unix.O_TRUNC, inv.Uint(1)
	case "open":
	default:
		return Action{}
	}
	var buf [unix.PathMax]byte
	n, errno := task.ReadString(inv.Pointer(name), buf[:])
	path := string(buf[:n])
	if errno != 0 || !strings.HasPrefix(path, g.dir) {
		return Action{}
	}
	closeOnExec := flags&unix.O_CLOEXEC != 0
	reads := flags&unix.O_ACCMODE == unix.O_RDONLY
	if filepath.Base(path) == "fifo" {
		if reads {
			return Action{}
		}
		g.gave++
		return Action{Kind: Give, CloseOnExec: closeOnExec, Open: func(cancel <-chan struct{}) (int, syscall.Errno) {
			return openFIFO(path, cancel)
		}}
	}
	fd, err := unix.Open(path, int(flags)|unix.O_CLOEXEC, mode)
	if err != nil {
		return Deny(err.(syscall.Errno))
	}
	g.gave++
	return Action{Kind: Give, FD: fd, CloseOnExec: closeOnExec}
}

// openFIFO waits for a reader: ever longer, as a hundred that ask each millisecond leave a slow machine nothing else.
func openFIFO(path string, cancel <-chan struct{}) (int, syscall.Errno) {
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err == nil {
			return fd, 0
		}
		if err != unix.ENXIO {
			return -1, err.(syscall.Errno)
		}
		select {
		case <-cancel:
			return -1, unix.EINTR
		case <-time.After(pause):
		}
	}
}

// Every mode of the taker comes out as natively: in both ABIs, by private number and by mark, as on a machine where an
// interrupted call starts over under its own number, and where it takes long to learn that an open was cancelled.
func TestGive(t *testing.T) {
	needsGive(t)
	waits := map[string]bool{"fifo": true, "jumps": true, "crowd": true}
	for _, c := range []struct {
		mode string
		args []string
	}{
		{"plain", nil}, {"registers", nil}, {"full", nil}, {"signals", []string{"200", "2000"}}, {"threads", nil},
		{"threads", []string{"300"}}, {"children", nil}, {"fifo", nil}, {"write_and_run", nil}, {"jumps", nil},
		{"confined", []string{"prctl"}}, {"confined", []string{"seccomp"}}, {"crowd", nil},
		{"stops", nil}, {"queued", nil}, {"registers80", nil},
	} {
		if c.mode == "registers80" && !hasNarrow(t) {
			continue // the kernel has no int 0x80
		}
		for bits, path := range ofEachSize(t, taker64, taker32) {
			name := fmt.Sprintf("%s%s/%s", c.mode, strings.Join(c.args, ""), bits)
			t.Run(name+"/native", func(t *testing.T) {
				if got := native(t, path, append([]string{c.mode, t.TempDir()}, c.args...)...); got != 0 {
					t.Fatalf("exits with %d without a tracer", got)
				}
			})
			for _, how := range []string{"number", "mark", "typed", "late", "late mark", "late typed"} {
				if strings.HasPrefix(how, "late") && !waits[c.mode] {
					continue
				}
				t.Run(name+"/"+how, func(t *testing.T) {
					b, g := newGiving(t, path, c.mode, c.args...)
					b.opt.restartTyped = strings.HasSuffix(how, "typed")
					b.opt.markOnly = strings.HasSuffix(how, "mark")
					b.opt.impatient = strings.HasPrefix(how, "late")
					b.exits(0)
					if g.gave == 0 {
						t.Error("nothing was given")
					}
				})
			}
		}
	}
}

// A program that knows the private number and mark gains nothing by them.
func TestGiveHostile(t *testing.T) {
	for _, listener := range []bool{true, false} {
		for _, path := range ofEachSize(t, taker64, taker32) {
			b, g := newGivingAnyhow(t, path, "hostile")
			if b.plan.Listener = listener; listener && cannotGive() != nil {
				continue
			}
			if !listener {
				b.onCall = nil
			}
			b.exits(0)
			if listener && g.gave != 3 {
				t.Errorf("%d descriptors were given, want 3", g.gave)
			}
		}
	}
}

// TestGives: known from the launch on, and false where the run cannot.
func TestGives(t *testing.T) {
	for _, c := range []struct {
		what    string
		prepare func(*box)
		want    bool
	}{
		{"a plan with a listener", func(*box) {}, cannotGive() == nil},
		{"a plan without", func(b *box) { b.plan.Listener = false }, false},
		{"a kernel without PTRACE_GET_SYSCALL_INFO", func(b *box) { b.opt.NoSyscallInfo = true }, false},
	} {
		b, g := newGivingAnyhow(t, taker64(t), "nothing")
		births := 0
		b.onBirth = func(_, child *Task) {
			births++
			if child.Gives() != c.want {
				t.Errorf("%s: Gives is %v", c.what, child.Gives())
			}
		}
		c.prepare(b)
		b.exits(0)
		if births != 1 || g.gave != 0 {
			t.Errorf("%s: %d births, %d gifts", c.what, births, g.gave)
		}
	}
}

// TestGiveWithout: a Handler that gives where it cannot must not let the call run, and its descriptor is closed.
func TestGiveWithout(t *testing.T) {
	b, _ := newGivingAnyhow(t, taker64(t), "plain")
	b.plan.Listener = false
	before := descriptors(t)
	if r := b.run(); !killed(r.Root) {
		t.Errorf("wait status %#x, want SIGKILL", uint32(r.Root))
	}
	eventually(t, func() error { return sameDescriptors(t, before) })
	if _, err := os.Stat(filepath.Join(b.plan.Args[2], "b")); err == nil {
		t.Error("the call ran")
	}
}

// TestGiveManyWait: any number of opens may wait without holding up another, and the end of the run ends them all.
func TestGiveManyWait(t *testing.T) {
	before, goroutines := descriptors(t), runtime.NumGoroutine()
	b, _ := newGiving(t, taker64(t), "waiting")
	b.opt.WaitRoot = true
	b.exits(0)
	eventually(t, func() error { return sameDescriptors(t, before) })
	eventually(t, func() error { return noMoreGoroutines(goroutines) })
}

// TestGiveLeavesNothing: a hundred runs leave no goroutine, thread or descriptor.
func TestGiveLeavesNothing(t *testing.T) {
	run := func() {
		b, _ := newGiving(t, taker64(t), "plain")
		b.exits(0)
	}
	for range 5 {
		run()
	}
	before, goroutines := descriptors(t), runtime.NumGoroutine()
	var most error
	for range 5 { // the runtime keeps some threads for later, more on a busy machine, but not more and more
		had := threads(t)
		for range 100 {
			run()
		}
		if most = noMoreThreads(t, had+10); most == nil {
			break
		}
	}
	if most != nil {
		t.Error(most)
	}
	eventually(t, func() error { return sameDescriptors(t, before) })
	eventually(t, func() error { return noMoreGoroutines(goroutines) })
}

// TestListenerIsOurs: neither the target nor another child of this process has the listener.
func TestListenerIsOurs(t *testing.T) {
	var out strings.Builder
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	b, _ := newGiving(t, taker64(t), "seen")
	b.plan.Stdout = w
	b.plan.InheritFDs = true
	ours := ""
	b.opt.Started = func() {
		ours = strings.Join(descriptors(t), "\n")
		// A child of this very thread would be the tracer's: it must be another's.
		done := make(chan struct{})
		go func() {
			defer close(done)
			child, err := boxlessOutput(taker64(t), "seen", "")
			if err != nil {
				t.Error(err)
			}
			out.WriteString(child)
		}()
		<-done
	}
	b.exits(0)
	w.Close()
	buf := make([]byte, 1<<16)
	n, _ := r.Read(buf)
	r.Close()
	out.Write(buf[:n])
	if !strings.Contains(ours, "seccomp notify") {
		t.Fatalf("the tracer has no listener, so this shows nothing:\n%s", ours)
	}
	if strings.Contains(out.String(), "seccomp") || strings.Contains(out.String(), "socket") {
		t.Errorf("a child has what is the tracer's:\n%s", out.String())
	}
}
