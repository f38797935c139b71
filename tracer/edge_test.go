package tracer

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// TestStopsAllocateNothing: between the launch and the death, stops leave the Go heap alone.
func TestStopsAllocateNothing(t *testing.T) {
	const stops = 20000
	for _, info := range []bool{true, false} {
		if !info {
			needsRegisters(t)
		}
		made := fewestObjects(t, stops/1000, func(begin, end func()) {
			b := newBox(t, []string{"access"}, victim64(t), "busy", "20000")
			b.opt.NoSyscallInfo = !info
			var buf [unix.PathMax]byte
			n := 0
			h := &counting{box: b, call: func(task *Task, inv *syscalls.Invocation) {
				if _, errno := task.ReadString(inv.Pointer(pathAt(inv)), buf[:]); errno != 0 {
					t.Error(errno)
				}
				switch n++; n {
				case 100:
					begin()
				case stops - 100:
					end()
				}
			}}
			if _, err := Run(&b.plan, h, b.opt); err != nil || n != stops {
				t.Fatalf("%d stops, want %d: %v", n, stops, err)
			}
		})
		if made > stops/1000 {
			t.Errorf("info %v: %d stops made %d objects", info, stops, made)
		}
	}
}

// counting is a Handler without books, so that it allocates nothing itself.
type counting struct {
	nothing
	box  *box
	call func(*Task, *syscalls.Invocation)
}

func (c *counting) Syscall(task *Task, inv *syscalls.Invocation) Action {
	c.call(task, inv)
	return Action{}
}

// TestReadMemory reads the tracee's strings through either interface.
func TestReadMemory(t *testing.T) {
	defer noVMReadv.Store(false)
	for _, fallback := range []bool{false, true} {
		noVMReadv.Store(fallback)
		b := newBox(t, []string{"access"}, victim64(t), "pageend")
		var got []string
		b.onCall = func(task *Task, inv *syscalls.Invocation) Action {
			var buf [unix.PathMax]byte
			n, errno := task.ReadString(inv.Pointer(pathAt(inv)), buf[:])
			got = append(got, string(buf[:n])+":"+errnoName(errno))
			if errno = task.Read(inv.Pointer(pathAt(inv)), buf[:5]); errno == 0 {
				got = append(got, string(buf[:4]))
			}
			return Action{}
		}
		b.exits(0)
		if s := strings.Join(got, " "); s != "/tmp:ok /tmp :EFAULT xxxx :EFAULT :ENAMETOOLONG yyyy" {
			t.Errorf("fallback %v: %s", fallback, s)
		}
	}
}

func errnoName(errno syscall.Errno) string {
	if errno == 0 {
		return "ok"
	}
	return unix.ErrnoName(errno)
}

// TestSkipByInfo returns results by PTRACE_SET_SYSCALL_INFO, as on a port whose registers nobody has written down.
func TestSkipByInfo(t *testing.T) {
	if !hasSyscallInfo(t) {
		t.Skip("no PTRACE_GET_SYSCALL_INFO (Linux 5.3): a port without registers is refused")
	}
	abi := arch.Native()[0]
	saved := abi.Regs
	defer func() { abi.Regs = saved }()
	for _, c := range []struct {
		mode  string
		value int64
	}{{"deny", -int64(unix.EROFS)}, {"inject", 4242}} {
		path := victim64(t)
		b := newBox(t, []string{"mkdir"}, path, c.mode, filepath.Join(t.TempDir(), "made"), "30")
		supported := true
		b.onCall = func(task *Task, _ *syscalls.Invocation) Action {
			var info syscallInfo
			if errno := getSyscallInfo(task.TID, &info); errno != 0 {
				t.Error(errno)
			}
			supported = setSyscallInfo(task.TID, &info) != unix.EIO
			return Action{Kind: Return, Value: c.value}
		}
		b.opt.Started = func() { abi.Regs = nil }
		result := b.run()
		abi.Regs = saved
		// Without the request (before 6.16) the call must not happen either: the task is killed.
		if supported && result.Root.ExitStatus() != 0 || !supported && !killed(result.Root) {
			t.Errorf("%s: wait status %#x, supported %v", c.mode, uint32(result.Root), supported)
		}
	}
}

// TestUndumpable: a tracer without CAP_SYS_PTRACE may not look into a task that made itself undumpable, and is told so. One
// that had it when it attached still may, by PTRACE_PEEKDATA: the kernel asks for the rights of that moment
// (ptracer_capable, kernel/capability.c).
func TestUndumpable(t *testing.T) {
	b := newBox(t, []string{"access"}, victim64(t), "undumpable")
	var got syscall.Errno
	b.onCall = func(task *Task, inv *syscalls.Invocation) Action {
		withoutPtraceCapability(t, func() {
			var buf [64]byte
			_, got = task.ReadString(inv.Pointer(pathAt(inv)), buf[:])
		})
		return Deny(unix.EACCES)
	}
	b.exits(int(unix.EACCES))
	want := syscall.Errno(unix.EPERM)
	if os.Geteuid() == 0 {
		want = 0
	}
	if got != want {
		t.Errorf("reading the path: %v, want %v", got, want)
	}
}

// withoutPtraceCapability calls f on this thread without effective capabilities.
func withoutPtraceCapability(t *testing.T, f func()) {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var had, none [2]unix.CapUserData
	if err := unix.Capget(&hdr, &had[0]); err != nil {
		t.Error(err)
		return
	}
	none = had
	none[0].Effective, none[1].Effective = 0, 0
	if err := unix.Capset(&hdr, &none[0]); err != nil {
		t.Error(err)
		return
	}
	f()
	if err := unix.Capset(&hdr, &had[0]); err != nil {
		t.Error(err)
	}
}

// TestOthersKeepTheirChildren: runs beside each other and beside os/exec, in one process.
func TestOthersKeepTheirChildren(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 5 {
				b := newBox(t, []string{"access"}, victim64(t), "vforks")
				b.exits(0)
			}
		})
		wg.Go(func() {
			for range 20 {
				cmd := exec.Command(victim64(t), "leader_exit")
				if err := cmd.Run(); cmd.ProcessState.ExitCode() != 7 {
					t.Errorf("%d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestThreadWithChildren: a thread that has children is not taken for the tracer.
func TestThreadWithChildren(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(victim64(t), "stubborn")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if childless() {
		t.Error("this thread has a child and does not know")
	}
	b := newBox(t, nil, victim64(t), "ok")
	b.exits(0)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if !childless() {
		t.Error("this thread has no child and does not know")
	}
}

// TestSIGCHLD: it is away during a run, or kept without that of stops, and the runtime's own action comes back.
func TestSIGCHLD(t *testing.T) {
	var before, during, after sigaction
	if errno := actionOf(unix.SIGCHLD, &before); errno != 0 {
		t.Fatal(errno)
	}
	for _, keep := range []bool{false, true} {
		b := newBox(t, nil, victim64(t), "ok")
		b.opt.KeepSIGCHLD = keep
		b.opt.Started = func() { _ = actionOf(unix.SIGCHLD, &during) }
		b.exits(0)
		want := sigaction{}
		if keep {
			want = before
			want[1] |= saNoCLDStop
		}
		if during[0] != want[0] || during[1]&saNoCLDStop != want[1]&saNoCLDStop {
			t.Errorf("keep %v: action %x during the run, want %x", keep, during, want)
		}
		if _ = actionOf(unix.SIGCHLD, &after); after != before {
			t.Errorf("keep %v: action %x after the run, was %x", keep, after, before)
		}
	}
}

// dead says whether tid is gone, or a zombie that its parent has not reaped yet.
func dead(tid int) bool {
	status := string(readStatus(tid))
	return status == "" || strings.Contains(status, "\nState:\tZ")
}

// BenchmarkStop is the cost of a stop that ends in Continue, wall time of both sides.
func BenchmarkStop(b *testing.B) {
	box := newBox(b, []string{"access"}, victim64(b), "busy", "20000")
	for b.Loop() {
		if _, err := Run(&box.plan, nothing{}, box.opt); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20000, "ns/stop")
}
