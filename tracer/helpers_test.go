package tracer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
	"sydbox/tracer/launch"
	"sydbox/tracer/seccomp"
)

// scratch holds the compiled victims of a test run.
var scratch string

func TestMain(m *testing.M) {
	launch.Init()
	runtime.GOMAXPROCS(leftFree + 2) // some of what runs side by side waits raw, and some does not
	os.Exit(func() int {
		if tracerMain() {
			return 0
		}
		var err error
		if scratch, err = os.MkdirTemp("", "tracer"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(scratch)
		// The victims of tests that run under another user must be reachable.
		if err := os.Chmod(scratch, 0o755); err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

var compiled sync.Map // name → func() (string, error)

// compile returns the program made by gcc from source below testdata with flags.
func compile(t testing.TB, source string, flags ...string) string {
	t.Helper()
	name := source + fmt.Sprint(flags)
	build, _ := compiled.LoadOrStore(name, sync.OnceValues(func() (string, error) {
		out, err := os.CreateTemp(scratch, source)
		if err != nil {
			return "", err
		}
		out.Close()
		args := append([]string{"-O1", "-Wall", "-Werror", "-o", out.Name()}, flags...)
		msg, err := exec.Command("gcc", append(args, filepath.Join("testdata", source))...).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("gcc %s: %w\n%s", source, err, msg)
		}
		return out.Name(), os.Chmod(out.Name(), 0o755)
	}))
	path, err := build.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func victim64(t testing.TB) string { return compile(t, "victim.c", "-static", "-pthread") }
func victim32(t testing.TB) string { return narrow(t, "victim.c") }

// filter traces the named calls in every ABI of this machine and allows the rest.
func filter(t testing.TB, names ...string) []unix.SockFilter {
	return compileFilter(t, syscalls.Verdict{}, names)
}

// traceUnknown traces the numbers that no table knows.
func traceUnknown(t testing.TB) []unix.SockFilter {
	return compileFilter(t, syscalls.Verdict{Kind: syscalls.Trace}, nil)
}

func compileFilter(t testing.TB, unknown syscalls.Verdict, names []string) []unix.SockFilter {
	t.Helper()
	prog, err := seccomp.Compile(filterTable(unknown, names))
	if err != nil {
		t.Fatal(err)
	}
	return prog
}

// filterTable traces the named calls in every ABI of this machine and allows the rest. Names are old ones (oldName).
func filterTable(unknown syscalls.Verdict, names []string) *syscalls.Filter {
	f := &syscalls.Filter{Foreign: syscalls.Verdict{Kind: syscalls.Kill}}
	for _, abi := range arch.Native() {
		a := syscalls.ABIFilter{ABI: abi, Unknown: unknown}
		for _, e := range syscalls.All(abi) {
			row := syscalls.Row{Nr: e.Nr, Name: e.Call.Name}
			if slices.Contains(names, oldName(row.Name)) {
				row.Else.Kind = syscalls.Trace
			}
			a.Rows = append(a.Rows, row)
		}
		f.ABIs = append(f.ABIs, a)
	}
	return f
}

// hasSyscallInfo says whether the kernel knows PTRACE_GET_SYSCALL_INFO.
func hasSyscallInfo(t testing.TB) bool {
	t.Helper()
	syscallInfoOnce.Do(func() { syscallInfoFound = findSyscallInfo(t) })
	return syscallInfoFound
}

var (
	syscallInfoOnce  sync.Once
	syscallInfoFound bool
)

// findSyscallInfo asks a stopped tracee: no other can tell.
func findSyscallInfo(t testing.TB) bool {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(victim64(t), "stubborn")
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true} // it stops at its exec
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = cmd.Process.Kill(), cmd.Wait() }()
	var status unix.WaitStatus
	if _, err := unix.Wait4(cmd.Process.Pid, &status, unix.WALL, nil); err != nil || !status.Stopped() {
		t.Fatalf("no stop: %v, %#x", err, uint32(status))
	}
	var info syscallInfo
	errno := getSyscallInfo(cmd.Process.Pid, &info)
	if errno != 0 && errno != unix.EIO {
		t.Fatal(errno)
	}
	return errno == 0
}

// fake is a Handler that keeps books: every birth must have its death.
type fake struct {
	t          testing.TB
	live       map[int]*Task
	births     int
	adopts     bool // births without a parent are no surprise
	calls      map[string]int
	execs      int
	last       syscalls.Invocation
	onCall     func(*Task, *syscalls.Invocation) Action
	onFollowed func(*Task, *syscalls.Invocation) Action
	onExit     func(*Task, *syscalls.Invocation, int64)
	onExec     func(*Task, bool) Action
	onBirth    func(parent, child *Task)
	onDeath    func(*Task, unix.WaitStatus)
}

func newFake(t testing.TB) *fake {
	return &fake{t: t, live: map[int]*Task{}, calls: map[string]int{}}
}

func (f *fake) Syscall(t *Task, inv *syscalls.Invocation) Action {
	f.known(t, "a call")
	f.calls[oldName(inv.Call.Name)]++
	f.last = *inv
	if f.onCall != nil {
		return f.onCall(t, inv)
	}
	return Action{}
}

func (f *fake) SyscallExit(t *Task, inv *syscalls.Invocation, result int64) {
	f.known(t, "an exit")
	if f.onExit != nil {
		f.onExit(t, inv, result)
	}
}

func (f *fake) Followed(t *Task, inv *syscalls.Invocation) Action {
	f.known(t, "a followed call")
	if f.onFollowed != nil {
		return f.onFollowed(t, inv)
	}
	return Action{}
}

func (f *fake) Exec(t *Task, launch bool) Action {
	f.known(t, "an exec")
	if t.TID != t.Process.TGID || t.Process.Tasks != 1 {
		f.t.Errorf("exec of task %d in process %d with %d tasks", t.TID, t.Process.TGID, t.Process.Tasks)
	}
	f.execs++
	if f.onExec != nil {
		return f.onExec(t, launch)
	}
	return Action{}
}

func (f *fake) Birth(parent, child *Task) {
	f.births++
	if child.TID <= 0 {
		f.t.Errorf("task %d is born", child.TID) // to kill it would be to kill our own process group
	}
	if (parent == nil) != (f.births == 1) && !f.adopts {
		f.t.Errorf("birth %d has parent %v", f.births, parent)
	}
	if f.live[child.TID] != nil {
		f.t.Errorf("task %d is born twice", child.TID)
	}
	f.live[child.TID] = child
	if f.onBirth != nil {
		f.onBirth(parent, child)
	}
}

func (f *fake) Death(t *Task, ws unix.WaitStatus) {
	f.known(t, "a death")
	delete(f.live, t.TID)
	if f.onDeath != nil {
		f.onDeath(t, ws)
	}
}

func (f *fake) known(t *Task, what string) {
	if f.live[t.TID] != t {
		f.t.Errorf("%s of task %d, which is not alive", what, t.TID)
	}
}

// box is one run of a test.
type box struct {
	*fake
	plan launch.Plan
	opt  Options
}

// newBox prepares a run of path with args under a filter that traces calls.
func newBox(t testing.TB, calls []string, path string, args ...string) *box {
	t.Helper()
	b := &box{fake: newFake(t)}
	b.plan = launch.Plan{
		Path: path, Args: append([]string{path}, args...), Env: os.Environ(), NoNewPrivs: launch.Required,
		Filter: filter(t, calls...), Stdout: os.Stdout, Stderr: os.Stderr,
	}
	return b
}

// run runs it and checks that nothing is left in the books.
func (b *box) run() *Result {
	b.t.Helper()
	if b.opt.NoSyscallInfo || b.opt.registersTell {
		needsRegisters(b.t)
	}
	result, err := Run(&b.plan, b.fake, b.opt)
	if err != nil {
		b.t.Fatal(err)
	}
	if len(b.live) != 0 {
		b.t.Errorf("%d of %d tasks never died: %v", len(b.live), b.births, b.live)
	}
	return result
}

// exits runs it and checks the target's exit status.
func (b *box) exits(status int) {
	b.t.Helper()
	if r := b.run(); !r.Root.Exited() || r.Root.ExitStatus() != status {
		b.t.Errorf("wait status %#x, want exit status %d", uint32(r.Root), status)
	}
}

// native runs the same without a tracer and returns its exit status.
func native(t testing.TB, path string, args ...string) int {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Stderr = os.Stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

func killed(ws unix.WaitStatus) bool { return ws.Signaled() && ws.Signal() == syscall.SIGKILL }

// nothing is a Handler that lets everything run.
type nothing struct{}

func (nothing) Syscall(*Task, *syscalls.Invocation) Action     { return Action{} }
func (nothing) SyscallExit(*Task, *syscalls.Invocation, int64) {}
func (nothing) Followed(*Task, *syscalls.Invocation) Action    { return Action{} }
func (nothing) Exec(*Task, bool) Action                        { return Action{} }
func (nothing) Birth(_, _ *Task)                               {}
func (nothing) Death(*Task, unix.WaitStatus)                   {}
