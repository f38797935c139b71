package tracer

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
	"sydbox/tracer/seccomp"
)

func sender64(t testing.TB) string { return compile(t, "sender.c", "-static", "-pthread") }
func sender32(t testing.TB) string { return narrow(t, "sender.c") }

// doing is a Handler that sends and connects in its tracees' place.
type doing struct {
	*fake
	// whenCancelled is what a Do makes of its cancellation.
	whenCancelled           func(try func() bool) bool
	asked, began, ended     atomic.Int64
	interrupted, stubbornly atomic.Int64
}

// prompt gives up at once; slow takes its time to say so; stubborn does what it was asked for all the same.
func prompt(func() bool) bool { return false }

func slow(func() bool) bool {
	time.Sleep(3 * time.Millisecond)
	return false
}

func stubborn(try func() bool) bool {
	for range 60000 {
		if try() {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

func newDoing(t testing.TB, path, mode string) (*box, *doing) {
	t.Helper()
	needsGive(t)
	b := newBox(t, nil, path, mode, t.TempDir())
	unknown := syscalls.Verdict{Kind: syscalls.Fail, Errno: uint16(unix.ENOSYS)}
	var err error
	if b.plan.Filter, err = seccomp.Compile(WithGive(filterTable(unknown, []string{"sendto", "connect"}))); err != nil {
		t.Fatal(err)
	}
	b.plan.Listener = true
	d := &doing{fake: b.fake, whenCancelled: prompt}
	b.onCall = d.call
	return b, d
}

func (d *doing) call(task *Task, inv *syscalls.Invocation) Action {
	var try func(fd int) error
	switch inv.Call.Name {
	case "sendto":
		buf := make([]byte, inv.Args[2])
		if errno := task.Read(inv.Pointer(1), buf); errno != 0 {
			return Deny(errno)
		}
		try = func(fd int) error { return unix.Sendmsg(fd, buf, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL) }
	case "connect":
		buf := make([]byte, inv.Args[2])
		if errno := task.Read(inv.Pointer(1), buf); errno != 0 {
			return Deny(errno)
		}
		if binary.NativeEndian.Uint16(buf) != unix.AF_UNIX {
			return d.until(int64(buf[2]))
		}
		path, _, _ := strings.Cut(string(buf[2:]), "\x00")
		try = func(fd int) error { return connectNow(fd, path) }
	default:
		return Action{}
	}
	pidfd, err := unix.PidfdOpen(task.Process.TGID, 0)
	if err != nil {
		return Deny(err.(syscall.Errno))
	}
	defer unix.Close(pidfd)
	fd, err := unix.PidfdGetfd(pidfd, int(inv.Int(0)), 0)
	if err != nil {
		return Deny(err.(syscall.Errno))
	}
	flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	timeout, _ := unix.GetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO)
	n := int64(0)
	if inv.Call.Name == "sendto" {
		n = int64(inv.Args[2])
	}
	d.asked.Add(1)
	return Action{Kind: Wait, Do: func(cancel <-chan struct{}) int64 {
		d.began.Add(1)
		defer d.ended.Add(1)
		defer unix.Close(fd)
		var result int64
		once := func() bool {
			switch err := try(fd).(type) {
			case nil:
				result = n
				return true
			case syscall.Errno:
				result = -int64(err)
				return err != unix.EAGAIN || flags&unix.O_NONBLOCK != 0
			default:
				panic(err)
			}
		}
		for {
			select {
			case <-cancel:
				d.interrupted.Add(1)
				if d.whenCancelled(once) {
					d.stubbornly.Add(1)
					return result
				}
				if *timeout != (unix.Timeval{}) {
					return Interrupted
				}
				return -int64(unix.EINTR)
			default:
			}
			if once() {
				return result
			}
			time.Sleep(200 * time.Microsecond)
		}
	}}
}

// until answers a task that waits until n calls are being done.
func (d *doing) until(n int64) Action {
	if d.asked.Load()-d.ended.Load() != n {
		return Deny(unix.EAGAIN)
	}
	return Deny(unix.EBADF) // as natively
}

// connectNow connects a copy of a task's socket without waiting. The flag is the task's too, so it is put back at once.
func connectNow(fd int, path string) error {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return err
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags|unix.O_NONBLOCK); err != nil {
		return err
	}
	err = unix.Connect(fd, &unix.SockaddrUnix{Name: path})
	if _, e := unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags); e != nil {
		return e
	}
	return err
}

// needsCopies skips where a tracer cannot copy a task's descriptors.
func needsCopies(t *testing.T) {
	if _, err := unix.PidfdGetfd(-1, 0, 0); err == unix.ENOSYS {
		t.Skip("no pidfd_getfd (before Linux 5.6)")
	}
}

// Every mode of the sender comes out as natively: in both ABIs, by number and by mark, however soon a Do ends that was
// cancelled.
func TestWaits(t *testing.T) {
	needsCopies(t)
	for _, mode := range []string{
		"eintr", "restart", "once", "reply", "patience", "connects", "jumps", "threads", "replaced", "crowd", "stops",
		"queued", "registers", "confined", "taken", "again",
	} {
		for bits, path := range ofEachSize(t, sender64, sender32) {
			name := fmt.Sprintf("%s/%s", mode, bits)
			t.Run(name+"/native", func(t *testing.T) {
				t.Parallel()
				if got := native(t, path, mode, t.TempDir()); got != 0 {
					t.Fatalf("exits with %d without a tracer", got)
				}
			})
			for _, how := range []string{"number", "mark", "typed", "late number", "late mark", "late typed"} {
				t.Run(name+"/"+how, func(t *testing.T) {
					t.Parallel()
					b, d := newDoing(t, path, mode)
					b.opt.restartTyped = strings.HasSuffix(how, "typed")
					b.opt.markOnly = strings.HasSuffix(how, "mark")
					if strings.HasPrefix(how, "late") {
						b.opt.impatient = true
						d.whenCancelled = slow
					}
					b.exits(0)
					d.check(t)
				})
			}
		}
	}
}

// check looks whether each Do was called once and has ended.
func (d *doing) check(t *testing.T) {
	t.Helper()
	if d.asked.Load() == 0 {
		t.Error("nothing waited")
	}
	eventually(t, func() error {
		if a, b, e := d.asked.Load(), d.began.Load(), d.ended.Load(); a != b || a != e {
			return fmt.Errorf("asked %d times, began %d times, ended %d times", a, b, e)
		}
		return nil
	})
}

// TestWaitHoldsGood: what a Do has done in spite of its cancellation is what the call returns, and is not done again.
func TestWaitHoldsGood(t *testing.T) {
	needsCopies(t)
	for bits, path := range ofEachSize(t, sender64, sender32) {
		for _, mode := range []string{"reply", "restart", "eintr", "threads", "stops"} {
			for _, how := range []string{"number", "mark", "typed"} {
				for _, impatient := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s/%s/%s/%v", mode, bits, how, impatient), func(t *testing.T) {
						t.Parallel()
						b, d := newDoing(t, path, mode)
						b.opt.restartTyped, b.opt.markOnly, b.opt.impatient = how == "typed", how == "mark", impatient
						d.whenCancelled = stubborn
						b.exits(0)
						d.check(t)
						if mode == "reply" && d.stubbornly.Load() == 0 {
							t.Error("none was done in spite of its cancellation")
						}
					})
				}
			}
		}
	}
}

// TestWaitWithout: a Handler that lets a call wait where it cannot must not let it run; its Do is cancelled from the
// start.
func TestWaitWithout(t *testing.T) {
	needsCopies(t)
	for what, prepare := range map[string]func(*box){
		"no listener":            func(b *box) { b.plan.Listener = false },
		"a call without a place": func(b *box) { b.opt.markOnly = true; b.plan.Filter = filter(t, "setitimer") },
	} {
		b, _ := newDoing(t, sender64(t), "once")
		cancelled := make(chan bool, 8)
		b.onCall = func(*Task, *syscalls.Invocation) Action {
			return Action{Kind: Wait, Do: func(cancel <-chan struct{}) int64 {
				select {
				case <-cancel:
					cancelled <- true
				default:
					cancelled <- false
				}
				return 0
			}}
		}
		prepare(b)
		if r := b.run(); !killed(r.Root) {
			t.Errorf("%s: wait status %#x, want SIGKILL", what, uint32(r.Root))
		}
		select {
		case c := <-cancelled:
			if !c {
				t.Errorf("%s: Do was called as if somebody waited", what)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s: Do was not called", what)
		}
	}
}

// TestWaitValues: results are what Do says, whatever it is.
func TestWaitValues(t *testing.T) {
	for _, value := range []int64{0, 4, 1 << 20, -int64(unix.EPIPE), -maxErrno} {
		b, _ := newDoing(t, sender64(t), "result")
		b.onCall = func(*Task, *syscalls.Invocation) Action {
			return Action{Kind: Wait, Do: func(<-chan struct{}) int64 { return value }}
		}
		b.plan.Args = []string{sender64(t), "result", fmt.Sprint(value)}
		b.exits(0)
	}
}

// TestWaitsEnd: the end of a run ends what waits.
func TestWaitsEnd(t *testing.T) {
	needsCopies(t)
	before, goroutines := descriptors(t), runtime.NumGoroutine()
	b, d := newDoing(t, sender64(t), "lonely")
	b.opt.WaitRoot = true
	b.exits(0)
	d.check(t)
	eventually(t, func() error { return sameDescriptors(t, before) })
	eventually(t, func() error { return noMoreGoroutines(goroutines) })
}
