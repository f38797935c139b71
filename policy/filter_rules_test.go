package policy

import (
	"syscall"
	"testing"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/syscalls"
)

// Lifting "userns" leaves CLONE_UNTRACED refused, and lifting "devices" leaves mknod to the rules.
func TestLifted(t *testing.T) {
	p := filterPolicy(0, "userns", "untraced", "devices", "mount")
	f := p.Filter([]*arch.ABI{arch.X86_64, arch.S390X}, FilterOptions{})
	judge := func(abi *arch.ABI, call string, args ...uint64) syscalls.VerdictKind {
		nr, _ := syscalls.Number(abi, call)
		var a [6]uint64
		copy(a[:], args)
		return f.Judge(abi.Audit, nr, &a).Kind
	}
	if judge(arch.X86_64, "clone", 0x10000000) != syscalls.Allow || judge(arch.X86_64, "setns", 3) != syscalls.Allow {
		t.Error("userns is not lifted")
	}
	if judge(arch.X86_64, "clone", 0x10800000) != syscalls.Fail {
		t.Error("untraced was lifted")
	}
	if judge(arch.S390X, "clone", 0x800000) != syscalls.Allow ||
		judge(arch.S390X, "clone", 0, 0x800000) != syscalls.Fail {
		t.Error("s390x has the flags of clone in its second argument")
	}
	if judge(arch.X86_64, "mknod", 1, 0o020644) != syscalls.Allow {
		t.Error("devices is not lifted")
	}
	if judge(arch.X86_64, "mount") != syscalls.Allow {
		t.Error("mount is not lifted")
	}
	nr, _ := syscalls.Number(arch.X86_64, "mount")
	judged := filterPolicy(access.Write, "mount").Filter([]*arch.ABI{arch.X86_64}, FilterOptions{})
	if judged.Judge(arch.X86_64.Audit, nr, &[6]uint64{}).Kind != syscalls.Trace {
		t.Error("a lifted mount must still be judged as a write")
	}
}

// Where signals are kept inside by other means, none of the calls that send them stops. Nor does any once the refusal is
// lifted.
func TestSignalsScoped(t *testing.T) {
	for _, abi := range arch.All() {
		scoped := filterPolicy(0).Filter([]*arch.ABI{abi}, FilterOptions{SignalsScoped: true})
		lifted := filterPolicy(0, outsiders).Filter([]*arch.ABI{abi}, FilterOptions{})
		for _, table := range scoped.ABIs {
			for _, row := range table.Rows {
				switch row.Name {
				case "fcntl", "fcntl64":
					if len(row.Clauses) != 1 || row.Clauses[0].Tests[0].Value != fSetdeleg || row.Else != (syscalls.Verdict{}) {
						t.Errorf("%s %s: %+v, want F_SETDELEG alone", abi, row.Name, row)
					}
				case "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal":
					if len(row.Clauses) != 0 || row.Else != (syscalls.Verdict{}) {
						t.Errorf("%s %s does not run free: %+v", abi, row.Name, row)
					}
				case "setpriority", "sched_setaffinity":
					if len(row.Clauses) == 0 {
						t.Errorf("%s %s: no signal, and it is free", abi, row.Name)
					}
				}
			}
		}
		for _, table := range lifted.ABIs {
			for _, row := range table.Rows {
				for _, c := range row.Clauses {
					if c.Why == outsiders {
						t.Errorf("%s %s: lifted, and %+v", abi, row.Name, c)
					}
				}
				if row.Why == outsiders {
					t.Errorf("%s %s: lifted, and %+v", abi, row.Name, row.Else)
				}
			}
		}
	}
}

func TestTraces(t *testing.T) {
	p := filterPolicy(access.Write | access.Exec)
	for name, want := range map[string]bool{
		"execve": true, "openat": true, "mkdir": false, "getpid": false, "no": false,
	} {
		if got := p.Traces(name); got != want {
			t.Errorf("Traces(%q) is %t", name, got)
		}
	}
}

func TestRefuses(t *testing.T) {
	p, socket := filterPolicy(0), syscalls.ByName("socket")
	alg, unix := [6]uint64{38, 5}, [6]uint64{1, 1}
	if r, errno := p.Refuses(arch.I386, socket, &alg); r == nil || r.Name != "sockets" || errno != syscall.EAFNOSUPPORT {
		t.Errorf("AF_ALG: %v, %v", r, errno)
	}
	if r, errno := p.Refuses(arch.I386, socket, &unix); r != nil || errno != 0 {
		t.Errorf("AF_UNIX: %v, %v", r, errno)
	}
	if r, _ := filterPolicy(0, "sockets").Refuses(arch.I386, socket, &alg); r != nil {
		t.Errorf("lifted: %v", r)
	}
	if n := testing.AllocsPerRun(100, func() { p.Refuses(arch.I386, socket, &alg) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
