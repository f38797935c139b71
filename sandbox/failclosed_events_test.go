package sandbox

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer"
	"sydbox/tracer/launch"
	"sydbox/tracer/seccomp"
)

// TestUnexpectedStops has the kernel report events that the tracer has not asked for: exits, ends of vforks, and
// interruptions in the middle of anything. They are passed over; every call is still judged.
func TestUnexpectedStops(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	rules := []policy.RuleFlag{{Section: "write", Action: "deny", Pattern: w.dir}}
	p, err := policy.Load(Host(), policy.Options{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	prog, err := seccomp.Compile(p.Filter(arch.Native(), policy.FilterOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	// Each mkdir is a process that is vforked or forked, executes, is judged and exits.
	script := "i=0; while [ $i -lt 40 ]; do mkdir " + w.dir + "/made && exit 9; i=$((i+1)); done; exit 7"
	for _, nosy := range []int{0, unix.PTRACE_O_TRACEEXIT | unix.PTRACE_O_TRACEVFORKDONE} {
		h := &meddler{t: t, options: nosy}
		null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		plan := &launch.Plan{Path: sh, Args: []string{"sh", "-c", script}, Env: os.Environ(), Stdin: null, Stdout: null,
			Stderr: null, NoNewPrivs: launch.Required, Filter: prog, SelfPath: w.sydbox}
		result, err := tracer.Run(plan, h, tracer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !result.Root.Exited() || result.Root.ExitStatus() != 7 {
			t.Errorf("options %#x: wait status %#x", nosy, uint32(result.Root))
		}
		if h.denied != 40 || len(h.alive) != 0 {
			t.Errorf("options %#x: %d calls were judged, %d tasks are left in the books", nosy, h.denied, len(h.alive))
		}
		if nosy != 0 && h.meddled == 0 {
			t.Error("no option was set: nothing was shown")
		}
	}
	if _, err := os.Stat(w.dir + "/made"); err == nil {
		t.Error("a call got through")
	}
}

// meddler denies every mkdir, and changes what the kernel reports of the tasks that it sees.
type meddler struct {
	t       *testing.T
	options int
	alive   map[int]bool
	denied  int
	meddled int
}

func (m *meddler) Syscall(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	// Only the tracer's thread may; a Handler is called on it.
	if _, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_INTERRUPT, uintptr(t.TID), 0, 0, 0, 0); errno != 0 {
		m.t.Errorf("PTRACE_INTERRUPT: %v", errno)
	}
	if strings.HasPrefix(inv.Call.Name, "mkdir") {
		m.denied++
		return tracer.Deny(unix.EACCES)
	}
	return tracer.Action{}
}

func (m *meddler) SyscallExit(*tracer.Task, *syscalls.Invocation, int64) {}

func (m *meddler) Followed(*tracer.Task, *syscalls.Invocation) tracer.Action { return tracer.Action{} }

func (m *meddler) Exec(t *tracer.Task, _ bool) tracer.Action {
	if m.options != 0 {
		const needed = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACEFORK |
			unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_TRACESECCOMP
		if err := unix.PtraceSetOptions(t.TID, needed|m.options); err != nil {
			m.t.Errorf("PTRACE_SETOPTIONS: %v", err)
		}
		m.meddled++
	}
	return tracer.Action{}
}

func (m *meddler) Birth(_, child *tracer.Task) {
	if m.alive == nil {
		m.alive = map[int]bool{}
	}
	m.alive[child.TID] = true
}

func (m *meddler) Death(t *tracer.Task, _ unix.WaitStatus) { delete(m.alive, t.TID) }
