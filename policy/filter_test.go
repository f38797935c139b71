package policy

import (
	"slices"
	"syscall"
	"testing"
	"testing/fstest"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/syscalls"
)

// filterPolicy polices operations and lifts refusals, by whatever rules.
func filterPolicy(polices access.Op, lifted ...string) *Policy {
	p := &Policy{polices: polices, lifted: map[string]place{}}
	for _, name := range lifted {
		p.lifted[name] = place{}
	}
	return p
}

func buildPolicy(t *testing.T) *Policy {
	t.Helper()
	p, err := Load(&System{
		FS: fstest.MapFS{}, Cwd: "/home/a/src", Home: "/home/a",
		Getenv: func(string) string { return "" },
	}, Options{Rules: []RuleFlag{{Section: "write", Action: "allow", Pattern: "/srv", Flag: "-w"}}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRefusalsAreComplete(t *testing.T) {
	used := map[string]bool{}
	for _, abi := range arch.All() {
		for _, e := range syscalls.All(abi) {
			conditions := conditionsOf(abi, e.Call)
			own := e.Call.Refusal == ""
			for i := range conditions {
				c := &conditions[i]
				if LookupRefusal(c.refusal) == nil {
					t.Fatalf("%s: refusal %q does not exist", e.Call.Name, c.refusal)
				}
				if len(c.tests) == 0 && len(conditions) > 1 {
					t.Errorf("%s: a condition without tests beside others", e.Call.Name)
				}
				used[c.refusal] = true
				own = own || c.refusal == e.Call.Refusal
			}
			if !own {
				t.Errorf("%s: package syscalls says refusal %q, which no condition has", e.Call.Name, e.Call.Refusal)
			}
			if e.Call.Class == syscalls.Refused && len(conditions) == 0 {
				t.Errorf("%s is of class Refused and nothing refuses it", e.Call.Name)
			}
		}
	}
	for name := range conditional() {
		if syscalls.ByName(name) == nil {
			t.Errorf("conditions of %q, which is no call", name)
		}
	}
	for i, r := range Refusals {
		if !used[r.Name] && r.Name != "net_admin" { // no call: capabilities are dropped
			t.Errorf("refusal %q has no call", r.Name)
		}
		if r.Errno == 0 && r.Name != "core" || r.Why == "" || r.Breaks == "" {
			t.Errorf("refusal %q lacks its errno, reason or cost", r.Name)
		}
		if i > 0 && Refusals[i-1].Name >= r.Name {
			t.Errorf("refusal %q is not in order", r.Name)
		}
		if slices.Contains(RefusalNames(), r.Name) == r.Fixed {
			t.Errorf("refusal %q: Fixed is %t and [syscalls] allow thinks otherwise", r.Name, r.Fixed)
		}
	}
}

func TestFilterUnknown(t *testing.T) {
	f := filterPolicy(0, RefusalNames()...).Filter(arch.ForGOARCH("amd64"), FilterOptions{})
	var args [6]uint64
	enosys := syscalls.Verdict{Kind: syscalls.Fail, Errno: uint16(syscall.ENOSYS)}
	for _, c := range []struct {
		name      string
		audit, nr uint32
		want      syscalls.Verdict
	}{
		{"past the table", arch.X86_64.Audit, 4000, enosys},
		{"-1", arch.X86_64.Audit, ^uint32(0), enosys},
		{"i386 past the table", arch.I386.Audit, 4000, enosys},
		{"x32 getpid", arch.X86_64.Audit, 0x40000000 | 39, enosys},
		{"aarch64", arch.AArch64.Audit, 0, syscalls.Verdict{Kind: syscalls.Kill}},
		{"getpid", arch.X86_64.Audit, 39, syscalls.Verdict{}},
	} {
		if got := f.Judge(c.audit, c.nr, &args); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// Whatever is policed, these must never stop: the tracer takes part in none of them.
func TestAlwaysFree(t *testing.T) {
	p := filterPolicy(access.AllOps)
	for _, abi := range arch.All() {
		f := p.Filter([]*arch.ABI{abi}, FilterOptions{})
		for _, table := range f.ABIs {
			for _, row := range table.Rows {
				switch row.Name {
				case "restart_syscall", "rt_sigreturn", "sigreturn", "exit", "exit_group", "read", "write", "futex", "mmap":
					if len(row.Clauses) != 0 || row.Else != (syscalls.Verdict{}) {
						t.Errorf("%s %s does not run free: %+v", abi, row.Name, row)
					}
				}
			}
		}
	}
}

// What single calls meet under the build profile.
func TestFilterOfBuild(t *testing.T) {
	const (
		free  = -1
		stops = -2
		af    = syscall.EAFNOSUPPORT
		cloex = 0x80000
	)
	f := buildPolicy(t).Filter(arch.ForGOARCH("amd64"), FilterOptions{})
	garbage := uint64(0xdeadbeef) << 32
	for _, c := range []struct {
		abi  *arch.ABI
		call string
		args [6]uint64
		want int // errno, free or stops
	}{
		{arch.X86_64, "openat", [6]uint64{0xffffff9c, 1, 0}, free},
		{arch.X86_64, "openat", [6]uint64{0xffffff9c, 1, garbage | cloex}, free},
		{arch.X86_64, "openat", [6]uint64{0xffffff9c, 1, 1}, stops},
		{arch.X86_64, "openat", [6]uint64{0xffffff9c, 1, 3}, stops},
		{arch.X86_64, "openat", [6]uint64{0xffffff9c, 1, 0x40}, stops},
		{arch.X86_64, "openat", [6]uint64{0xffffff9c, 1, 0x200}, stops},
		{arch.X86_64, "openat", [6]uint64{0xffffff9c, 1, 0x400000 | 0x10000 | 2}, stops},
		{arch.X86_64, "openat2", [6]uint64{0xffffff9c, 1, 2, 24}, stops},
		{arch.X86_64, "newfstatat", [6]uint64{0xffffff9c, 1, 2}, free},
		{arch.X86_64, "mkdir", [6]uint64{1, 0o755}, stops},
		{arch.X86_64, "read", [6]uint64{0, 1, 2}, free},

		{arch.X86_64, "clone", [6]uint64{0x01200011}, free}, // fork as glibc makes it
		{arch.X86_64, "clone", [6]uint64{0x3d0f00}, free},   // pthread_create
		{arch.X86_64, "clone", [6]uint64{0x4111}, free},     // vfork
		{arch.X86_64, "clone", [6]uint64{0x80 | 0x11}, free},
		{arch.X86_64, "clone", [6]uint64{0x10000000 | 17}, int(syscall.EPERM)},
		{arch.X86_64, "clone", [6]uint64{garbage | 0x20000}, int(syscall.EPERM)},
		{arch.X86_64, "clone", [6]uint64{0x800000}, int(syscall.EPERM)},
		{arch.X86_64, "clone", [6]uint64{0x2000}, int(syscall.EPERM)},
		{arch.X86_64, "clone", [6]uint64{0, 0x20000}, free}, // the stack
		{arch.X86_64, "clone3", [6]uint64{}, int(syscall.ENOSYS)},
		{arch.X86_64, "unshare", [6]uint64{0x200 | 0x400}, free}, // CLONE_FS, CLONE_FILES
		{arch.X86_64, "unshare", [6]uint64{0x80}, int(syscall.EPERM)},
		{arch.X86_64, "unshare", [6]uint64{0x20000}, int(syscall.EPERM)},
		{arch.X86_64, "unshare", [6]uint64{0x100000}, int(syscall.EPERM)}, // UNSHARE_EMPTY_MNTNS
		{arch.X86_64, "unshare", [6]uint64{1 << 37}, int(syscall.EPERM)},
		{arch.X86_64, "setns", [6]uint64{3}, int(syscall.EPERM)},

		{arch.X86_64, "seccomp", [6]uint64{1, 0, 0x1000}, free},
		{arch.X86_64, "seccomp", [6]uint64{1, 8, 0x1000}, int(syscall.EPERM)},
		{arch.X86_64, "seccomp", [6]uint64{garbage | 1, garbage | 0x18, 0x1000}, int(syscall.EPERM)},
		{arch.X86_64, "seccomp", [6]uint64{2, 8, 0x1000}, free}, // GET_ACTION_AVAIL: EINVAL by itself
		{arch.X86_64, "prctl", [6]uint64{22, 2}, free},
		{arch.X86_64, "prctl", [6]uint64{35, 13}, int(syscall.EPERM)},
		{arch.X86_64, "ioctl", [6]uint64{0, 0x5401}, free},
		{arch.X86_64, "ioctl", [6]uint64{0, 0x5412}, int(syscall.EPERM)},
		{arch.X86_64, "ioctl", [6]uint64{0, garbage | 0x5412}, int(syscall.EPERM)},
		{arch.X86_64, "ioctl", [6]uint64{0, 0x541c}, int(syscall.EPERM)},
		{arch.X86_64, "ioctl", [6]uint64{0, 0x40086602}, stops},
		{arch.X86_64, "personality", [6]uint64{0xffffffff}, free},
		{arch.X86_64, "personality", [6]uint64{0x40000}, free},
		{arch.X86_64, "personality", [6]uint64{8}, free},
		{arch.X86_64, "personality", [6]uint64{0x400000}, int(syscall.EPERM)}, // READ_IMPLIES_EXEC
		{arch.X86_64, "personality", [6]uint64{1}, int(syscall.EPERM)},
		{arch.X86_64, "personality", [6]uint64{0xfffffffe}, int(syscall.EPERM)},
		{arch.X86_64, "move_pages", [6]uint64{0}, free},
		{arch.X86_64, "move_pages", [6]uint64{1}, int(syscall.EPERM)},

		{arch.X86_64, "socket", [6]uint64{1, 1 | cloex}, free},
		{arch.X86_64, "socket", [6]uint64{2, 1 | cloex | 0x800, 6}, free},
		{arch.X86_64, "socket", [6]uint64{10, 2, 58}, free},
		{arch.X86_64, "socket", [6]uint64{16, 3, 0}, free},
		{arch.X86_64, "socket", [6]uint64{16, 3, 9}, int(syscall.EPROTONOSUPPORT)},
		{arch.X86_64, "socket", [6]uint64{2, 3 | cloex, 1}, int(syscall.EPERM)},
		{arch.X86_64, "socket", [6]uint64{2, 10, 3}, int(syscall.EPERM)},
		{arch.X86_64, "socket", [6]uint64{2, 5}, int(syscall.ESOCKTNOSUPPORT)},
		{arch.X86_64, "socket", [6]uint64{2, 1, 262}, int(syscall.EPROTONOSUPPORT)},
		{arch.X86_64, "socket", [6]uint64{10, 1, 132}, int(syscall.EPROTONOSUPPORT)},
		{arch.X86_64, "socket", [6]uint64{10, 2, 115}, int(syscall.EPROTONOSUPPORT)},
		{arch.X86_64, "socket", [6]uint64{garbage | 38, 5}, int(af)},
		{arch.X86_64, "socket", [6]uint64{17, 3}, int(af)},
		{arch.X86_64, "socketpair", [6]uint64{1, 1}, free},
		{arch.X86_64, "socketpair", [6]uint64{30, 1}, int(af)},
		{arch.I386, "socketcall", [6]uint64{1, 1}, stops},
		{arch.I386, "socketcall", [6]uint64{8, 1}, stops},
		{arch.I386, "socketcall", [6]uint64{9, 1}, free}, // send
		{arch.I386, "socket", [6]uint64{38, 5}, int(af)},
		{arch.I386, "socketcall", [6]uint64{3, 1}, stops},  // connect
		{arch.I386, "socketcall", [6]uint64{4, 1}, stops},  // listen
		{arch.I386, "socketcall", [6]uint64{5, 1}, free},   // accept
		{arch.I386, "socketcall", [6]uint64{11, 1}, stops}, // sendto
		{arch.I386, "socketcall", [6]uint64{14, 1}, stops}, // setsockopt
		{arch.I386, "socketcall", [6]uint64{15, 1}, free},  // getsockopt

		{arch.X86_64, "connect", [6]uint64{3, 1, 16}, stops},
		{arch.X86_64, "bind", [6]uint64{3, 1, 16}, stops},
		{arch.X86_64, "listen", [6]uint64{3, 1}, stops},
		{arch.X86_64, "accept4", [6]uint64{3, 1, 16}, free},
		{arch.X86_64, "sendto", [6]uint64{3, 1, 5, 0, 1, 16}, stops},
		{arch.X86_64, "sendto", [6]uint64{3, 1, 5, 0, 0, 16}, free},
		{arch.X86_64, "sendmsg", [6]uint64{3, 1}, stops},
		{arch.X86_64, "sendmmsg", [6]uint64{3, 1, 2}, stops},
		{arch.X86_64, "recvmsg", [6]uint64{3, 1}, free},
		{arch.X86_64, "getsockopt", [6]uint64{3, 0, 4}, free},
		{arch.X86_64, "setsockopt", [6]uint64{3, 1, 2}, free},   // SO_REUSEADDR
		{arch.X86_64, "setsockopt", [6]uint64{3, 6, 1}, free},   // TCP_NODELAY
		{arch.X86_64, "setsockopt", [6]uint64{3, 0, 8}, free},   // IP_PKTINFO: asks for what comes
		{arch.X86_64, "setsockopt", [6]uint64{3, 0, 32}, free},  // IP_MULTICAST_IF
		{arch.X86_64, "setsockopt", [6]uint64{3, 41, 26}, free}, // IPV6_V6ONLY
		{arch.X86_64, "setsockopt", [6]uint64{3, 41, 49}, free}, // IPV6_RECVPKTINFO
		{arch.X86_64, "setsockopt", [6]uint64{3, 41, 5}, free},  // IPV6_2292RTHDR: asks for what comes
		{arch.X86_64, "setsockopt", [6]uint64{3, garbage, garbage | 4}, int(syscall.EPERM)},
		{arch.X86_64, "setsockopt", [6]uint64{3, 0, 50}, int(syscall.EPERM)},
		{arch.X86_64, "setsockopt", [6]uint64{3, 1, 25}, int(syscall.EPERM)},
		{arch.X86_64, "setsockopt", [6]uint64{3, 1, 62}, int(syscall.EPERM)},
		{arch.X86_64, "setsockopt", [6]uint64{3, 41, 6}, int(syscall.EPERM)},
		{arch.X86_64, "setsockopt", [6]uint64{3, 41, 32}, int(syscall.EPERM)},
		{arch.X86_64, "setsockopt", [6]uint64{3, 41, 50}, int(syscall.EPERM)},
		{arch.X86_64, "setsockopt", [6]uint64{3, 41, 57}, int(syscall.EPERM)},
		{arch.X86_64, "setsockopt", [6]uint64{3, 41, 76}, int(syscall.EPERM)},
		{arch.I386, "setsockopt", [6]uint64{3, 0, 4}, int(syscall.EPERM)},

		{arch.X86_64, "mknod", [6]uint64{1, 0o020644}, stops},

		{arch.X86_64, "kill", [6]uint64{0, 15}, stops}, // its group, not itself
		{arch.X86_64, "tgkill", [6]uint64{1, 1, 23}, stops},
		{arch.X86_64, "pidfd_open", [6]uint64{1}, free},
		{arch.X86_64, "pidfd_send_signal", [6]uint64{3, 15}, stops},
		{arch.X86_64, "process_mrelease", [6]uint64{3}, int(syscall.EPERM)},
		{arch.X86_64, "sched_setaffinity", [6]uint64{garbage}, free},
		{arch.X86_64, "sched_setaffinity", [6]uint64{1}, stops},
		{arch.X86_64, "setpriority", [6]uint64{0, garbage}, free},
		{arch.X86_64, "setpriority", [6]uint64{0, 1}, stops},
		{arch.X86_64, "setpriority", [6]uint64{1, 0}, stops}, // its group
		{arch.X86_64, "ioprio_set", [6]uint64{1, 0}, free},
		{arch.X86_64, "ioprio_set", [6]uint64{1, 1}, stops},
		{arch.X86_64, "ioprio_set", [6]uint64{3, 0}, stops}, // every process of its user
		{arch.X86_64, "prlimit64", [6]uint64{0, 7, 1, 1}, free},
		{arch.X86_64, "prlimit64", [6]uint64{1, 7, 0, 1}, free},
		{arch.X86_64, "prlimit64", [6]uint64{1, 7, 1 << 40, 0}, stops},
		{arch.X86_64, "get_robust_list", [6]uint64{0}, free},
		{arch.X86_64, "get_robust_list", [6]uint64{1}, int(syscall.EPERM)},
		{arch.X86_64, "prctl", [6]uint64{62, 1, 1}, int(syscall.EINVAL)},
		{arch.X86_64, "fcntl", [6]uint64{0, 8, 0}, free},
		{arch.X86_64, "fcntl", [6]uint64{0, 8, 1}, stops},
		{arch.X86_64, "fcntl", [6]uint64{0, 15, 1}, int(syscall.EINVAL)},
		{arch.X86_64, "fcntl", [6]uint64{0, garbage | 1040, 1}, int(syscall.EINVAL)},
		{arch.X86_64, "fcntl", [6]uint64{0, 4, 0x802}, free},
		{arch.X86_64, "fcntl", [6]uint64{0, 4, garbage | 0x2802}, int(syscall.EPERM)},
		{arch.I386, "fcntl64", [6]uint64{0, 4, 0x2000}, int(syscall.EPERM)},
		{arch.X86_64, "ioctl", [6]uint64{0, 0x8901}, int(syscall.EPERM)},
		{arch.X86_64, "ioctl", [6]uint64{0, 0x5452}, int(syscall.EPERM)},

		{arch.X86_64, "ptrace", [6]uint64{0}, int(syscall.EPERM)},
		{arch.X86_64, "io_uring_setup", [6]uint64{}, int(syscall.ENOSYS)},
		{arch.X86_64, "keyctl", [6]uint64{}, int(syscall.ENOSYS)},
		{arch.X86_64, "mount", [6]uint64{}, int(syscall.EPERM)},
	} {
		nr, ok := syscalls.Number(c.abi, c.call)
		if !ok {
			t.Fatalf("%s has no %s", c.abi, c.call)
		}
		want := syscalls.Verdict{}
		switch c.want {
		case free:
		case stops:
			want.Kind = syscalls.Trace
		default:
			want.Kind, want.Errno = syscalls.Fail, uint16(c.want)
		}
		if got := f.Judge(c.abi.Audit, nr, &c.args); got != want {
			t.Errorf("%s %s(%#x): %+v, want %+v", c.abi, c.call, c.args, got, want)
		}
	}
}
