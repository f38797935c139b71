package syscalls

import (
	"slices"
	"testing"

	"sydbox/arch"
)

// TestEveryNameIsClassified fails for a call of any ABI that the table of meanings does not have or does not classify,
// and for a meaning that belongs to no call or is given twice.
func TestEveryNameIsClassified(t *testing.T) {
	used := map[string]bool{}
	for abi, table := range tables {
		for _, n := range table.numbers {
			used[n.name] = true
			call := ByName(n.name)
			if call == nil {
				t.Errorf("%s call %d %q is not in the table of meanings", abi, n.nr, n.name)
			} else if call.Class == Unclassified {
				t.Errorf("%s is not classified", n.name)
			}
		}
		if got := len(All(abi)); got != len(table.numbers) {
			t.Errorf("%s: %d entries for %d numbers", abi, got, len(table.numbers))
		}
	}
	for _, abi := range arch.All() {
		if tables[abi] == nil {
			t.Errorf("%s has no numbers", abi)
		}
	}
	seen := map[string]bool{}
	for _, calls := range themes {
		for _, call := range calls {
			if seen[call.Name] {
				t.Errorf("%s is twice in the table of meanings", call.Name)
			}
			if seen[call.Name] = true; !used[call.Name] {
				t.Errorf("%s is in the table of meanings but no ABI has it", call.Name)
			}
		}
	}
}

// refusals are the names that policies and people use. A new one must also be documented.
var refusals = []string{
	"acct", "bpf", "clock", "clone3", "core", "devices", "fanotify", "handles", "hostname", "io_uring", "kcmp", "kexec",
	"keys",
	"lookup_dcookie", "memfd_secret", "modules", "mount", "move_pages", "notify", "obsolete", "outsiders", "perf", "personality",
	"pidfd_getfd", "ports", "prctl_mm", "ptrace", "quota", "reboot", "sockets", "swap", "syslog", "tiocsti",
	"userfaultfd", "userns", "vhangup", "vm_read", "vm_write",
}

func TestRefusals(t *testing.T) {
	used := map[string]bool{}
	for _, name := range Names() {
		call := ByName(name)
		if call.Class == Refused && call.Refusal == "" {
			t.Errorf("%s is refused under no name", name)
		}
		if call.Refusal != "" && !slices.Contains(refusals, call.Refusal) {
			t.Errorf("%s is refused as %q, which is not in the list", name, call.Refusal)
		}
		used[call.Refusal] = true
	}
	for _, refusal := range refusals {
		if !used[refusal] {
			t.Errorf("nothing is refused as %q", refusal)
		}
	}
	// Refused for some arguments only: each needs its own test of registers.
	var partly []string
	for _, name := range Names() {
		if call := ByName(name); call.Refusal != "" && call.Class != Refused {
			partly = append(partly, name)
		}
	}
	want := []string{
		"clone", "fcntl", "fcntl64", "ioctl", "ioprio_set", "kill", "mknod", "mknodat", "personality", "pidfd_send_signal",
		"prctl", "prlimit64", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "sched_set_affinity", "sched_setaffinity",
		"sched_setattr", "sched_setparam", "sched_setscheduler", "seccomp", "setpriority", "setrlimit", "socket",
		"socketcall", "socketpair", "tgkill", "tkill", "unshare",
	}
	if !slices.Equal(partly, want) {
		t.Errorf("refused in part: %v, want %v", partly, want)
	}
}

// TestArgumentsMakeSense holds the kinds of each call against each other.
func TestArgumentsMakeSense(t *testing.T) {
	for _, name := range Names() {
		call := ByName(name)
		objects := 0
		ended := false
		for i, kind := range call.Args {
			next := Unused
			if i < 5 {
				next = call.Args[i+1]
			}
			if kind != Unused && ended {
				t.Errorf("%s: an argument after an unused one", name)
			}
			ended = kind == Unused
			switch kind {
			case Path, FD, Sockaddr:
				objects++
			case Dirfd:
				if next != Path {
					t.Errorf("%s: argument %d is a directory for no path", name, i)
				}
			}
			if kind == Sockaddr && next != Int {
				t.Errorf("%s: the length of the address in argument %d does not follow it", name, i)
			}
			if call.Class == Harmless && (kind == Path || kind == Dirfd || kind == Sockaddr) {
				t.Errorf("%s is harmless and has a path or an address", name)
			}
		}
		if (call.Class == File || call.Class == Exec) && objects == 0 {
			t.Errorf("%s is of class %s and names no object", name, call.Class)
		}
	}
}

// TestTwins holds the variants of a call for wider or newer types against the original.
func TestTwins(t *testing.T) {
	for _, suffix := range []string{"64", "32", "_time64"} {
		for _, name := range Names() {
			original := ByName(name[:max(0, len(name)-len(suffix))])
			if original == nil || original.Name+suffix != name || original.Name == "clone3" {
				continue
			}
			twin := ByName(name)
			if twin.Class != original.Class || twin.Refusal != original.Refusal {
				t.Errorf("%s is %s %q, %s is %s %q", name, twin.Class, twin.Refusal,
					original.Name, original.Class, original.Refusal)
			}
			if twin.Args[0] != original.Args[0] {
				t.Errorf("%s and %s differ in their first argument", name, original.Name)
			}
		}
	}
}
