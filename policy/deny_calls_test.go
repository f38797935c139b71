package policy

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/syscalls"
)

// TestCallGroups: each group names calls that there are, and that can be denied.
func TestCallGroups(t *testing.T) {
	for _, group := range CallGroups() {
		calls := CallGroup(group)
		if !strings.HasPrefix(group, "@") || len(calls) == 0 || !slices.IsSorted(calls) {
			t.Errorf("%s: %v", group, calls)
		}
		for _, name := range calls {
			if syscalls.ByName(name) == nil || slices.Contains(needed, sameCall(name)) {
				t.Errorf("%s: %q is no call, or one that cannot be denied", group, name)
			}
		}
	}
	for name, one := range otherNames {
		if syscalls.ByName(name) == nil || syscalls.ByName(one) == nil || sameCall(one) != one {
			t.Errorf("%q stands for %q", name, one)
		}
	}
	for _, m := range multiplexed {
		for _, name := range m.calls {
			if syscalls.ByName(name) == nil {
				t.Errorf("%q is no call", name)
			}
		}
	}
}

// alone are calls of 32 bits that do nothing which a call of 64 bits of another name does.
var alone = strings.Fields(`access arm_sync_file_range bdflush break breakpoint cacheflush chmod chown creat dup2
	epoll_create epoll_wait select eventfd fork ftime futimesat get_tls getdents getpgrp gtty idle inotify_init ipc lchown
	link lock lstat mkdir mknod mpx nice open pause pipe poll prof profil readdir readlink recv rename rmdir send set_tls
	sgetmask signal signalfd socketcall ssetmask stat stime stty symlink sysfs ulimit unlink uselib usr26 usr32 ustat
	utimes vfork vm86 vm86old vserver waitpid _sysctl pciconfig_iobase pciconfig_read pciconfig_write`)

// TestSameCall: whatever a 32-bit ABI calls differently than the 64-bit one beside it is known to be the same call, or
// has no counterpart.
func TestSameCall(t *testing.T) {
	for _, pair := range [][2]*arch.ABI{{arch.I386, arch.X86_64}, {arch.ARM, arch.AArch64}} {
		for _, e := range syscalls.All(pair[0]) {
			name := e.Call.Name
			if _, known := syscalls.Number(pair[1], name); known || slices.Contains(alone, name) {
				continue
			}
			if _, known := syscalls.Number(pair[1], sameCall(name)); !known && !slices.Contains(alone, sameCall(name)) {
				t.Errorf("%s: nothing of %s is the same as %s", pair[0], pair[1], name)
			}
		}
	}
}

func loadHarden(t *testing.T, files map[string]string, name string) *Policy {
	t.Helper()
	p, err := Load(host(files), Options{Policies: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestDenyCalls: a name counts more than a group, then the nearer layer, then deny; what is denied is so in all widths.
func TestDenyCalls(t *testing.T) {
	files := map[string]string{
		"/far.toml": "[harden]\ndeny_calls = ['@clock', 'ptrace', 'mount']\nkeep_calls = ['adjtimex', '@reboot']\n",
		"/near.toml": "extends = ['/far.toml']\n[harden]\ndeny_calls = ['bpf', '@reboot']\n" +
			"keep_calls = ['ptrace', 'bpf', '@mount']\n",
	}
	p := loadHarden(t, files, "/near.toml")
	names, errno, level := p.DeniedCalls()
	want := strings.Fields(`bpf clock_adjtime clock_adjtime64 clock_settime clock_settime64 kexec_file_load kexec_load mount
		reboot settimeofday stime`)
	if !slices.Equal(names, want) || errno != syscall.EPERM || level != "required" {
		t.Errorf("%v, %v, %s", names, errno, level)
	}
	files["/errno.toml"] = "extends = ['/near.toml']\n[harden]\ndeny_errno = 'ENOSYS'\ndeny_list = 'off'\n"
	p = loadHarden(t, files, "/errno.toml")
	if _, errno, level := p.DeniedCalls(); errno != syscall.ENOSYS || level != "off" {
		t.Errorf("%v, %s", errno, level)
	}
	inv := &syscalls.Invocation{ABI: arch.X86_64, Call: syscalls.ByName("reboot")}
	if _, denied := p.Denies(inv); denied {
		t.Error("a list that is off denies")
	}
	if names, _, level := buildPolicy(t).DeniedCalls(); names != nil || level != "off" {
		t.Errorf("nothing is asked for: %v, %s", names, level)
	}
}

// TestDenyCallsTakesAway: for every ABI, every call and all sorts of arguments the filter with a list refuses what is on
// it, and answers to all else as the filter without. A call that is refused for good keeps its errno.
func TestDenyCallsTakesAway(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 8))
	all := slices.DeleteFunc(syscalls.Names(), func(n string) bool { return slices.Contains(needed, sameCall(n)) })
	for range 12 {
		p := filterPolicy(access.Op(r.Uint32()), RefusalNames()[r.IntN(len(RefusalNames()))])
		with := *p
		for range 1 + r.IntN(60) {
			with.settings.calls.entries = append(with.settings.calls.entries, callEntry{text: all[r.IntN(len(all))]})
		}
		with.settings.calls.entries = append(with.settings.calls.entries,
			callEntry{text: "sendmsg"}, callEntry{text: "bind"})
		with.settings.calls.finish()
		abis := arch.All()
		plain, listed := p.Filter(abis, FilterOptions{}), with.Filter(abis, FilterOptions{})
		free := with.Filter(abis, FilterOptions{FreeCalls: true})
		for _, abi := range abis {
			for _, e := range syscalls.All(abi) {
				for range 6 {
					args := filterArgs(r)
					if abi.WordSize == 4 {
						for i := range args {
							args[i] = uint64(uint32(args[i]))
						}
					}
					judge := func(f *syscalls.Filter) syscalls.Verdict { return f.Judge(abi.Audit, e.Nr, &args) }
					before, got := judge(plain), judge(listed)
					if judge(free) != before {
						t.Fatalf("%s: %s(%#x): left out it makes a difference", abi, e.Call.Name, args)
					}
					inv := &syscalls.Invocation{ABI: abi, Call: e.Call, Args: args}
					errno, denied := with.Denies(inv)
					switch {
					case !served(abi), !denied:
						if got != before {
							t.Fatalf("%s: %s(%#x) is %v, without the list %v", abi, e.Call.Name, args, got, before)
						}
					case got.Kind == syscalls.Fail && (got.Errno == uint16(errno) || got == before):
					case got.Kind == syscalls.Trace && stops(e.Call.Name, args[0]):
					default:
						t.Fatalf("%s: %s(%#x) is denied and gets %v", abi, e.Call.Name, args, got)
					}
				}
			}
		}
	}
}

// stops says whether the shim makes that call, too.
func stops(name string, arg uint64) bool {
	const sendmsg = 16
	return slices.Contains(stopped, name) || name == "socketcall" && uint32(arg) == sendmsg
}

// TestMultiplexed: what is denied by name is denied through the call that stands for many.
func TestMultiplexed(t *testing.T) {
	files := map[string]string{"/p.toml": "extends = ['open']\n[harden]\ndeny_calls = ['connect', 'shmat']\n"}
	f := loadHarden(t, files, "/p.toml").Filter([]*arch.ABI{arch.I386}, FilterOptions{})
	for _, c := range []struct {
		nr   uint32
		arg  uint64
		want syscalls.VerdictKind
	}{
		{102, 3, syscalls.Fail}, {102, 3 | 1<<40, syscalls.Fail},
		{102, 13, syscalls.Allow}, {102, 3 | 1<<16, syscalls.Allow},
		{117, 21, syscalls.Fail}, {117, 1<<16 | 21, syscalls.Fail}, {117, 22, syscalls.Allow}, {362, 0, syscalls.Fail},
	} {
		if got := f.Judge(arch.I386.Audit, c.nr, &[6]uint64{c.arg}); got.Kind != c.want {
			t.Errorf("%d(%#x): %v", c.nr, c.arg, got)
		}
	}
}

// TestDeniesAllocatesNothing: it is asked at each stop.
func TestDeniesAllocatesNothing(t *testing.T) {
	p := loadHarden(t, map[string]string{"/p.toml": "[harden]\ndeny_calls = ['sendmsg']\n"}, "/p.toml")
	inv := &syscalls.Invocation{ABI: arch.I386, Call: syscalls.ByName("socketcall"), Args: [6]uint64{16}}
	if n := testing.AllocsPerRun(100, func() { p.Denies(inv) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestShowCalls: what is in a group is said.
func TestShowCalls(t *testing.T) {
	const text = "[harden]\ndeny_calls = ['@swap']\nkeep_calls = ['bpf']\ndeny_errno = 'ENOSYS'\n"
	p := loadHarden(t, map[string]string{"/p.toml": text}, "/p.toml")
	var b strings.Builder
	if err := p.Show(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{`deny_calls = "@swap"`, "swapoff swapon", `keep_calls = "bpf"`, `deny_errno = "ENOSYS"`} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("%s is not in\n%s", line, b.String())
		}
	}
	if len(slices.Collect(maps.Keys(p.settings.calls.denied))) != 2 {
		t.Errorf("%v", p.settings.calls.denied)
	}
}
