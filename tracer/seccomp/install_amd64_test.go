package seccomp

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// foreignVariable leaves i386 out of the child's filter.
const foreignVariable = "SYDBOX_TEST_SECCOMP_FOREIGN"

func childFilter() *syscalls.Filter {
	f := &syscalls.Filter{
		Foreign: syscalls.Verdict{Kind: syscalls.Kill},
		ABIs: []syscalls.ABIFilter{
			childTable(arch.ByName("x86_64"), unix.SYS_DUP, "dup", unix.SYS_GETPPID, "getppid",
				unix.SYS_GETPGID, "getpgid", unix.SYS_GETSID, "getsid", unix.SYS_PERSONALITY, "personality", 5000, "unknown"),
			{ABI: arch.ByName("x32"), Unknown: fail(unix.ENOTNAM)},
		},
	}
	if os.Getenv(foreignVariable) == "" {
		// Numbers of i386: asm/unistd_32.h.
		f.ABIs = append(f.ABIs, childTable(arch.ByName("i386"),
			64, "getppid", 136, "personality", 147, "getsid", 5000, "unknown"))
	}
	return f
}

var childCalls = []childCall{
	{"dup-low", unix.SYS_DUP, 1, 0},
	{"dup-high", unix.SYS_DUP, 1<<40 | 1, unix.ENOANO},
	{"dup-other-high", unix.SYS_DUP, 1<<41 | 1, 0}, // the kernel reads 32 bits
	{"getppid", unix.SYS_GETPPID, 0, unix.EXDEV},
	{"getpgid", unix.SYS_GETPGID, ^uintptr(0), 0}, // ESRCH if it were run
	{"getsid", unix.SYS_GETSID, 0, unix.ENOSYS},
	{"personality-query", unix.SYS_PERSONALITY, 0xffffffff, 0},
	{"personality-query-wide", unix.SYS_PERSONALITY, 0x1_ffffffff, 0},
	{"personality-set", unix.SYS_PERSONALITY, 8, unix.ENOTBLK},
	{"getuid", unix.SYS_GETUID, 0, 0},
	{"unknown", 5000, 0, unix.ELOOP},
	{"x32", 0x40000000 | unix.SYS_GETUID, 0, unix.ENOTNAM},
}

// calls386 builds the program in testdata. It skips the test on a kernel that cannot run it.
func calls386(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "calls386")
	build := exec.Command("go", "build", "-o", program, "./testdata/calls386")
	build.Env = append(os.Environ(), "GOARCH=386", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := exec.Command(program).Run(); errors.Is(err, unix.ENOEXEC) {
		t.Skip("this kernel runs no i386 programs (CONFIG_IA32_EMULATION is off):", err)
	} else if err != nil {
		t.Fatal(err)
	}
	return program
}

func TestKernelAnswersI386(t *testing.T) {
	got, err := below(t, calls386(t))
	if err != nil {
		t.Fatalf("%v: %v", err, got)
	}
	for name, want := range map[string]string{
		"getppid": "18", "personality-query": "0", "personality-set": "15", "getsid": "38", "unknown": "40",
	} {
		if got[name] != want {
			t.Errorf("%s: errno %q, want %s", name, got[name], want)
		}
	}
}

func TestKernelKillsForeign(t *testing.T) {
	program := calls386(t)
	t.Setenv(foreignVariable, "1")
	out, err := below(t, program)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("%v, want death by SIGSYS; output %v", err, out)
	}
	if status := exit.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != unix.SIGSYS {
		t.Errorf("%v, want death by SIGSYS; output %v", err, out)
	}
}
