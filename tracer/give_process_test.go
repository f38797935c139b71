package tracer

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/tracer/launch"
)

// Tests of giving in a tracer's process of its own: below filters that are not ours, and as another user.

// giveMain prepares the run of a taker in such a process, and says on stdout what came of it.
func giveMain(options string, plan *launch.Plan, opt *Options) Handler {
	if strings.Contains(options, "below") {
		if err := outerFilter(strings.Contains(options, "listener")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(125)
		}
	}
	var err error
	if plan.Filter, err = givingFilter(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
	plan.NoNewPrivs, plan.Listener = launch.Required, true
	opt.Dumpable = strings.Contains(options, "dumpable")
	g := &giving{fake: newFake(nil), dir: plan.Args[2]}
	g.onCall = g.call
	gives := false
	g.onBirth = func(parent, child *Task) { gives = child.Gives() }
	g.onDeath = func(*Task, unix.WaitStatus) {
		if len(g.live) == 0 {
			fmt.Printf("gives %v gave %v\n", gives, g.gave > 0)
		}
	}
	return g
}

// outerFilter puts all threads of this process below a filter as a container's: calls that it does not know fail, but
// for those that only 32-bit arm has, far behind all others (set_tls, 0xf0005). With a listener it keeps the only one that
// there may be.
func outerFilter(listener bool) error {
	prog := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: 0xf0000, Jt: 2},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: 1000, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	flags := uintptr(unix.SECCOMP_FILTER_FLAG_TSYNC)
	if listener {
		flags |= unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&fprog)))
	if errno != 0 {
		return errno
	}
	return nil
}

// giveProcess runs a taker's mode in a tracer's process with options and returns what that says.
func giveProcess(t *testing.T, uid int, options, path, mode string, args ...string) (said string, status int) {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, dir + "/.."} {
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd := boxed("give "+options, append([]string{path, mode, dir}, args...)...)
	if uid != os.Getuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	out, err := cmd.Output()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out)), cmd.ProcessState.ExitCode()
}

// users are root, if this is root, and somebody else.
func users() []int {
	if os.Getuid() == 0 {
		return []int{0, 1000}
	}
	return []int{os.Getuid()}
}

// Below a filter that does not know the private number descriptors are given all the same; where somebody else has the
// listener none are, and the target starts.
func TestGiveBelowAnotherFilter(t *testing.T) {
	needsGive(t)
	paths := ofEachSize(t, taker64, taker32)
	for _, uid := range users() {
		for _, c := range []struct{ options, path, mode, want string }{
			{"", taker64(t), "plain", "gives true gave true"},
			{"below", taker64(t), "plain", "gives true gave true"},
			{"below", paths["32"], "plain", "gives true gave true"},
			{"below", taker64(t), "fifo", "gives true gave true"},
			{"below listener", taker64(t), "nothing", "gives false gave false"},
		} {
			if c.path == "" {
				continue // the kernel runs no such programs
			}
			said, status := giveProcess(t, uid, c.options, c.path, c.mode)
			if said != c.want || status != 0 {
				t.Errorf("user %d, %q: %s says %q with status %d, want %q", uid, c.options, c.mode, said, status, c.want)
			}
		}
	}
}

// TestClosedToOthers: a task of the tree that has our user cannot look into this process, but could if it were left open.
func TestClosedToOthers(t *testing.T) {
	const user = 1000
	if os.Getuid() != 0 {
		t.Skipf("only root becomes another user, and root looks in anywhere; this is user %d", os.Getuid())
	}
	for options, want := range map[string]syscall.Errno{"dumpable": 0, "": unix.EACCES} {
		if said, status := giveProcess(t, user, options, taker64(t), "spy"); status != int(want) {
			t.Errorf("%q: looking at the tracer ends with %q, want %v (%s)", options, syscall.Errno(status), want, said)
		}
	}
}

// TestDumpableIsRestored: closed during a run, and as it was after the last one.
func TestDumpableIsRestored(t *testing.T) {
	dumpable := func() int {
		n, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := dumpable()
	for _, open := range []bool{false, true} {
		during := -1
		b := newBox(t, nil, victim64(t), "ok")
		b.opt.Dumpable = open
		b.opt.Started = func() { during = dumpable() }
		b.exits(0)
		want := 0
		if open {
			want = before
		}
		if after := dumpable(); during != want || after != before {
			t.Errorf("Dumpable %v: %d before, %d during and %d after the run", open, before, during, after)
		}
	}
}

// TestNoTargetWithListener: a target that cannot be executed is told as such though the listener came first, and nothing
// stays open.
func TestNoTargetWithListener(t *testing.T) {
	before := descriptors(t)
	b, _ := newGivingAnyhow(t, "/nonexistent", "nothing")
	_, err := Run(&b.plan, b.fake, b.opt)
	if e, ok := err.(*launch.ExecError); !ok || e.Err != unix.ENOENT {
		t.Errorf("%v, want ENOENT from the exec", err)
	}
	eventually(t, func() error { return sameDescriptors(t, before) })
}
