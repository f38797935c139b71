package landlock

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

var ownGroup = &syscall.SysProcAttr{Setpgid: true}

// outsider starts a process outside of any domain and returns it when it runs.
func outsider(t *testing.T, attr *syscall.SysProcAttr) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{childName, spellRuleset(&Ruleset{}), "last"}
	cmd.SysProcAttr = attr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// survived ends the outsider and says whether it was alive until then: the kernel notes the first fatal signal when it
// is sent, however late the process comes to die of it.
func survived(t *testing.T, cmd *exec.Cmd) bool {
	t.Helper()
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the error is how it died
	return cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() == unix.SIGTERM
}

var scoped = &Ruleset{Scoped: ScopeSignal}

// Signals to processes outside are EPERM by whatever call, and nothing without the scope.
func TestSignalScope(t *testing.T) {
	supported(t, WriteFile, ScopeSignal)
	victim := outsider(t, ownGroup)
	pid := strconv.Itoa(victim.Process.Pid)
	for _, c := range [][]string{
		{"kill", pid, "0"}, {"kill", pid, "18"}, {"kill", "-" + pid, "18"}, {"tgkill", pid}, {"pidfd", pid},
	} {
		if got := tryIn(t, scoped, nil, c[0], c[1:]...); got != unix.EPERM {
			t.Errorf("%q with the scope: %v", c, got)
		}
		if got := tryIn(t, &Ruleset{Handled: MakeFIFO}, nil, c[0], c[1:]...); got != 0 {
			t.Errorf("%q without the scope: %v", c, got)
		}
	}
}

// SIGIO of an outsider who was made the owner of a descriptor kills it; with the scope it does not arrive, and F_SETOWN
// says nothing.
func TestSignalOfOwner(t *testing.T) {
	supported(t, WriteFile, ScopeSignal)
	for _, c := range []struct {
		r        *Ruleset
		survives bool
	}{{scoped, true}, {&Ruleset{Handled: MakeFIFO}, false}} {
		victim := outsider(t, ownGroup)
		if got := tryIn(t, c.r, nil, "owner", strconv.Itoa(victim.Process.Pid)); got != 0 {
			t.Errorf("%+v: %v", c.r, got)
		}
		if survived(t, victim) != c.survives {
			t.Errorf("%+v: the owner survives: %v", c.r, !c.survives)
		}
	}
}

// kill(0) reaches the members of the group that are inside, and passes over those outside.
func TestSignalOfGroup(t *testing.T) {
	supported(t, WriteFile, ScopeSignal)
	for _, c := range []struct {
		r        *Ruleset
		survives bool
	}{{scoped, true}, {&Ruleset{Handled: MakeFIFO}, false}} {
		victim := outsider(t, ownGroup)
		cmd := exec.Command("/proc/self/exe")
		cmd.Args = []string{childName, spellRuleset(c.r), "group"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: victim.Process.Pid}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%+v: %v\n%s", c.r, err, out)
		}
		if survived(t, victim) != c.survives {
			t.Errorf("%+v: the outsider of the group survives: %v", c.r, !c.survives)
		}
	}
}

// Inside, everything is as ever: a shell's jobs and a child's parent, the threads of a process, also those that were
// there before the domain, and processes in domains of their own.
func TestSignalsInside(t *testing.T) {
	supported(t, WriteFile, ScopeSignal)
	for _, attempt := range []string{"children", "threads", "nested"} {
		if got := tryIn(t, scoped, nil, attempt); got != 0 {
			t.Errorf("%s: %v", attempt, got)
		}
	}
}

// Any domain keeps its members from looking into processes outside, whatever their rights.
func TestOutsiders(t *testing.T) {
	supported(t, WriteFile, 0)
	for name, attr := range map[string]*syscall.SysProcAttr{"as we are": ownGroup, "as an ordinary user": ordinary()} {
		victim := outsider(t, attr)
		pid := strconv.Itoa(victim.Process.Pid)
		try := func(r *Ruleset, what ...string) unix.Errno {
			t.Helper()
			return tryAs(t, attr, r, nil, what[0], what[1:]...)
		}
		closed := map[unix.Errno][][]string{
			unix.EACCES: {
				{"read", "/proc/" + pid + "/mem"}, {"read", "/proc/" + pid + "/exe"},
				{"read", "/proc/" + pid + "/cwd/"},
				{"read", "/proc/" + pid + "/root/"}, {"read", "/proc/" + pid + "/fd/0"},
			},
			unix.EPERM: {{"attach", pid}, {"getfd", pid}},
		}
		// Linux 6.13 and later show these to whoever has CAP_PERFMON or CAP_SYS_ADMIN, in a domain or not
		// (may_access_mm).
		if attr.Credential != nil || os.Getuid() != 0 {
			for _, file := range []string{"environ", "maps", "auxv", "smaps"} {
				closed[unix.EACCES] = append(closed[unix.EACCES], []string{"content", "/proc/" + pid + "/" + file})
			}
		}
		for want, list := range closed {
			for _, what := range list {
				if got := try(&Ruleset{Handled: MakeFIFO}, what...); got != want {
					t.Errorf("%s, %q: %v, want %v", name, what, got, want)
				}
				if got := try(&Ruleset{}, what...); got != 0 && !yamaForbids(what[0], got) {
					t.Errorf("%s, %q without a domain: %v", name, what, got)
				}
			}
		}
		for _, free := range []string{"status", "stat", "cmdline", "comm"} {
			if got := try(&Ruleset{Handled: MakeFIFO}, "content", "/proc/"+pid+"/"+free); got != 0 {
				t.Errorf("%s, %s: %v", name, free, got)
			}
		}
	}
}

// yamaForbids says that attaching to a process that is no child is forbidden on this machine anyway.
func yamaForbids(attempt string, errno unix.Errno) bool {
	scope, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope")
	forbids := err == nil && strings.TrimSpace(string(scope)) != "0"
	return forbids && errno == unix.EPERM && (attempt == "attach" || attempt == "getfd")
}
