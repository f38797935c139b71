package tracer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// Behaviour that must be the same with and without a tracer. The victims check it themselves.
func TestVictimsBehaveAsNatively(t *testing.T) {
	for _, c := range []struct {
		mode   string
		status int
		births int
		execs  int // the launch too
	}{
		{"ok", 0, 1, 1}, {"threads", 0, 201, 1}, {"forks", 0, 2001, 1}, {"vforks", 0, 51, 51},
		{"clone_parent", 0, 2, 1}, {"exec_thread", 0, 7, 2}, {"leader_exit", 7, 2, 1}, {"groupstop", 0, 2, 1},
		{"siginfo", 0, 1, 1}, {"restart", 0, 4, 1}, {"pageend", 0, 1, 1},
	} {
		for _, bits := range []string{"64", "32"} {
			for _, info := range []bool{true, false} {
				name := fmt.Sprintf("%s/%s/info=%v", c.mode, bits, info)
				t.Run(name, func(t *testing.T) {
					path := victim64(t)
					if bits == "32" {
						path = victim32(t)
					}
					if got := native(t, path, c.mode); got != c.status {
						t.Fatalf("exits with %d without a tracer, want %d", got, c.status)
					}
					b := newBox(t, []string{"access"}, path, c.mode)
					b.opt.NoSyscallInfo = !info
					// Half of the runs see every exit stop as well.
					b.onCall = func(_ *Task, inv *syscalls.Invocation) Action {
						return Action{Exit: b.calls["access"]%2 == 0}
					}
					b.onExit = func(_ *Task, inv *syscalls.Invocation, result int64) {
						if oldName(inv.Call.Name) != "access" || result > 0 || result < -maxErrno {
							t.Errorf("%s returned %d", inv.Call.Name, result)
						}
					}
					b.exits(c.status)
					if b.births != c.births || b.execs != c.execs {
						t.Errorf("%d births and %d execs, want %d and %d", b.births, b.execs, c.births, c.execs)
					}
				})
			}
		}
	}
}

// One call is denied, or gets an invented result, in every ABI and with and without PTRACE_GET_SYSCALL_INFO.
func TestReturn(t *testing.T) {
	for _, c := range []struct {
		mode  string
		bits  string
		value int64
	}{
		{"deny", "64", -int64(unix.EACCES)},
		{"deny", "32", -int64(unix.EROFS)},
		{"deny80", "64", -int64(unix.EPERM)},
		{"deny80", "32", -int64(unix.EPERM)},
		{"inject", "64", 4242},
		{"inject", "32", 4242},
	} {
		abi := arch.Native()[0]
		if i := slices.IndexFunc(arch.Native(), isNarrow); i >= 0 && (c.bits == "32" || c.mode == "deny80") {
			abi = arch.Native()[i]
		}
		for _, info := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%s/info=%v", c.mode, c.bits, info), func(t *testing.T) {
				if c.mode == "deny80" && (!hasNarrow(t) || abi != arch.I386) {
					t.Skip("this kernel or machine has no int 0x80")
				}
				path := victim64(t)
				if c.bits == "32" {
					path = victim32(t)
				}
				dir := filepath.Join(t.TempDir(), "made")
				b := newBox(t, []string{"mkdir"}, path, c.mode, dir, strconv.Itoa(int(-c.value)))
				b.opt.NoSyscallInfo = !info
				var typed string
				b.onCall = func(task *Task, inv *syscalls.Invocation) Action {
					var buf [unix.PathMax]byte
					n, errno := task.ReadString(inv.Pointer(pathAt(inv)), buf[:])
					typed = fmt.Sprint(string(buf[:n]), " ", errno, " ", inv.Uint(pathAt(inv)+1))
					return Action{Kind: Return, Value: c.value}
				}
				b.exits(0)
				if b.calls["mkdir"] != 1 || b.last.ABI != abi {
					t.Errorf("%d calls of mkdir, the last by %v; want one by %s", b.calls["mkdir"], b.last.ABI, abi)
				}
				if want := fmt.Sprint(dir, " ", syscall.Errno(0), " ", 0o755); typed != want {
					t.Errorf("mkdir of %q, want %q", typed, want)
				}
			})
		}
	}
}

// TestFirstCall: the very first instruction of the target is the call, and it must never get through.
func TestFirstCall(t *testing.T) {
	path := compile(t, "first.c", "-static", "-nostdlib")
	dir := t.TempDir()
	if got := native(t, path, filepath.Join(dir, "natively")); got != 0 {
		t.Fatalf("exits with %d without a tracer", got)
	}
	made := filepath.Join(dir, "made")
	for range 200 {
		b := newBox(t, []string{"mkdir", "mkdirat"}, path, made)
		b.onCall = func(*Task, *syscalls.Invocation) Action { return Deny(unix.EROFS) }
		b.exits(int(unix.EROFS))
	}
	if _, err := os.Lstat(made); err == nil {
		t.Error("a call got through")
	}
}

// TestLaunchIsPrivate: the shim's own calls and its exec are nobody's business; the first exec is the launch.
func TestLaunchIsPrivate(t *testing.T) {
	b := newBox(t, []string{"execve", "access", "close", "write", "mmap", "futex"}, victim64(t), "ok")
	first := true
	b.onCall = func(_ *Task, inv *syscalls.Invocation) Action {
		if first {
			t.Errorf("%s was judged before the launch", inv.Call.Name)
		}
		return Action{}
	}
	started := 0
	b.opt.Started = func() { started++ }
	b.onExec = func(task *Task, launch bool) Action {
		exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", task.TID))
		if err != nil || exe != victim64(t) || !launch || !first || started != 0 {
			t.Errorf("exec of %s (%v), launch %v, started %d", exe, err, launch, started)
		}
		first = false
		return Action{}
	}
	b.exits(0)
	if b.execs != 1 || started != 1 {
		t.Errorf("%d execs, started %d times", b.execs, started)
	}
}

func TestExecCanKill(t *testing.T) {
	b := newBox(t, nil, victim64(t), "vforks")
	b.onExec = func(_ *Task, launch bool) Action {
		if launch {
			return Action{}
		}
		return Action{Kind: KillProcess}
	}
	b.exits(99) // its child did not exit with 0
	if b.execs != 2 {
		t.Errorf("%d execs, want 2", b.execs)
	}
	b = newBox(t, nil, victim64(t), "ok")
	b.onExec = func(*Task, bool) Action { return Action{Kind: KillTree} }
	if r := b.run(); !killed(r.Root) {
		t.Errorf("wait status %#x of a target that was killed at its start", uint32(r.Root))
	}
}

func TestKillProcessAndTree(t *testing.T) {
	for _, kind := range []ActionKind{KillProcess, KillTree} {
		b := newBox(t, []string{"access"}, victim64(t), "storm", "9")
		b.onCall = func(task *Task, _ *syscalls.Invocation) Action {
			if kind == KillTree && b.calls["access"] > 50 || kind == KillProcess && task.Process.Parent == nil {
				return Action{Kind: kind}
			}
			return Action{}
		}
		if kind == KillTree {
			if r := b.run(); !killed(r.Root) {
				t.Errorf("wait status %#x, want SIGKILL", uint32(r.Root))
			}
		}
	}
}

// TestStorm kills random tasks, which die in the middle of births, stops and execs; the books must balance and the run
// must end.
func TestStorm(t *testing.T) {
	for _, info := range []bool{true, false} {
		b := newBox(t, []string{"access", "execve", "execveat"}, victim64(t), "storm", "4")
		b.opt.NoSyscallInfo = !info
		done := make(chan struct{})
		control := NewControl()
		b.opt.Control = control
		var born atomic.Int64
		b.onBirth = func(_, _ *Task) { born.Add(1) }
		go func() {
			for left := int64(0); ; {
				select {
				case <-done:
					return
				case <-time.After(3 * time.Millisecond):
				}
				if born.Load() < left+3 {
					continue // so that on a busy machine, too, there are more births than deaths
				}
				left = born.Load()
				control.mu.Lock()
				for pid := range control.procs {
					if pid != control.root {
						_ = unix.Kill(pid, unix.SIGKILL)
						break
					}
				}
				control.mu.Unlock()
			}
		}()
		n := 0
		b.onCall = func(task *Task, _ *syscalls.Invocation) Action {
			if n++; n%50 == 0 && task.Process.Parent != nil {
				// It dies in its stop: every request from now on is ESRCH.
				_ = unix.Kill(task.Process.TGID, unix.SIGKILL)
			}
			task.Follow(n % 4)
			return Action{Exit: n%3 == 0}
		}
		b.onFollowed = func(task *Task, _ *syscalls.Invocation) Action {
			if n++; n%70 == 0 && task.Process.Parent != nil {
				_ = unix.Kill(task.Process.TGID, unix.SIGKILL)
			}
			return Action{Exit: n%3 == 0}
		}
		b.exits(0)
		close(done)
		if b.births < 20 {
			t.Errorf("only %d births", b.births)
		}
	}
}

func TestWait(t *testing.T) {
	for _, root := range []bool{false, true} {
		mark := filepath.Join(t.TempDir(), "mark")
		after := "0"
		if root {
			after = "60"
		}
		b := newBox(t, nil, victim64(t), "daemonise", mark, after)
		b.opt.WaitRoot = root
		var born []int
		b.onBirth = func(_, child *Task) { born = append(born, child.TID) }
		b.exits(5)
		_, err := os.Stat(mark)
		if (err == nil) == root {
			t.Errorf("WaitRoot %v: stat of what the daemon leaves behind says %v", root, err)
		}
		for _, tid := range born {
			if len(born) != 3 || !dead(tid) {
				t.Errorf("WaitRoot %v: task %d of %d is alive", root, tid, len(born))
			}
		}
	}
}

func TestControl(t *testing.T) {
	control := NewControl()
	b := newBox(t, nil, victim64(t), "stubborn")
	b.opt.Control = control
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	b.plan.Stdout = w
	go func() {
		if _, err := r.Read(make([]byte, 1)); err != nil { // it says when it is ready to ignore
			t.Error(err)
		}
		if err := control.Signal(unix.SIGTERM); err != nil {
			t.Error(err)
		}
		control.KillTree()
	}()
	if r := b.run(); !killed(r.Root) {
		t.Errorf("wait status %#x, want SIGKILL", uint32(r.Root))
	}
	if err := control.Signal(unix.SIGTERM); !errors.Is(err, unix.ESRCH) {
		t.Errorf("a signal to a tree that is gone: %v", err)
	}
	// Killed before the start: nothing runs.
	b = newBox(t, nil, victim64(t), "ok")
	b.opt.Control = control
	if _, err := Run(&b.plan, b.fake, b.opt); err == nil || b.execs != 0 {
		t.Errorf("a run that was killed before its start: %v, %d execs", err, b.execs)
	}
}
