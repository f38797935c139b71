package main

import (
	"errors"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// heldShell is a command that waits as countIn wants it, and then is the shell that runs a script.
func heldShell(script string) *exec.Cmd {
	return exec.Command("/bin/sh", "-c", held, "sh", "/bin/sh", "-c", script)
}

// countedIn skips the test where the kernel lets nobody count.
func countedIn(t *testing.T, events []event, script string) map[string]uint64 {
	t.Helper()
	got, err := countIn(heldShell(script), events)
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) {
		t.Skipf("the kernel does not let this user count: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Instructions are counted like this, where a CPU has counters: in the whole tree, from the command's own exec on.
func TestCountInTree(t *testing.T) {
	events := []event{{name: "faults", attr: unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_PAGE_FAULTS, Bits: unix.PerfBitInherit,
	}}}
	one := countedIn(t, events, "exit 0")["faults"]
	many := countedIn(t, events, "for i in 1 2 3 4 5 6 7 8; do (exit 0); done")["faults"]
	if one == 0 || many < 2*one {
		t.Errorf("%d page faults of a shell, %d with eight children", one, many)
	}
}

// Only the process itself counts, not its children.
func TestCountSyscalls(t *testing.T) {
	events, err := eventsOf(countSyscalls)
	if err != nil {
		t.Skipf("no tracepoints for this user: %v", err)
	}
	one := countedIn(t, events, "umask 022") // some shells ask before they set
	got := countedIn(t, events, "umask 022; umask 022; umask 022; (umask 022); (umask 022)")
	if one["umask"] == 0 || got["umask"] != 3*one["umask"] {
		t.Errorf("%d calls of umask, want three times %d: %v", got["umask"], one["umask"], got)
	}
	if got["execve"] != 0 {
		t.Errorf("the exec with which it begins is counted: %v", got)
	}
}

func TestCountFails(t *testing.T) {
	bad := []event{{name: "bad", attr: unix.PerfEventAttr{Type: unix.PERF_TYPE_TRACEPOINT, Config: 1 << 40}}}
	if _, err := countIn(heldShell("exit 0"), bad); err == nil {
		t.Error("an event that does not exist is counted")
	}
	s := &settings{count: countInstructions}
	if err := s.countable(); err == nil {
		// Where it can be, something is counted.
		events, err := eventsOf(countInstructions)
		if err != nil {
			t.Fatal(err)
		}
		if got := countedIn(t, events, "exit 0"); got[countInstructions] == 0 {
			t.Error("a shell has no instructions")
		}
	}
}
