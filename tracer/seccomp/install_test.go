package seccomp

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// childVariable makes the test binary install a filter and make calls below it instead of running tests. Its value is
// a program to become then; "-" for calls of its own.
const childVariable = "SYDBOX_TEST_SECCOMP_CHILD"

func TestMain(m *testing.M) {
	if program := os.Getenv(childVariable); program != "" {
		run := func() error { return child(program) }
		if program == "listener" {
			run = listenerChild
		}
		if err := run(); err != nil {
			fmt.Println("error", err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func fail(errno unix.Errno) syscalls.Verdict {
	return syscalls.Verdict{Kind: syscalls.Fail, Errno: uint16(errno)}
}

// childRow says what the test filter does with a call; the errnos are ones that the calls never give by themselves.
func childRow(name string) (row syscalls.Row) {
	const word = 0xffffffff
	switch row.Name = name; name {
	case "getppid":
		row.Else = fail(unix.EXDEV)
	case "getsid": // without a tracer this is ENOSYS
		row.Else = syscalls.Verdict{Kind: syscalls.Trace}
	case "getpgid":
		row.Else = fail(0)
	case "personality":
		row.Clauses = []syscalls.Clause{{
			Tests: []syscalls.Test{{Mask: word, Value: word, Not: true}}, Verdict: fail(unix.ENOTBLK)}}
	case "dup":
		row.Clauses = []syscalls.Clause{{
			Tests: []syscalls.Test{{Mask: 1<<40 | 0xff, Value: 1<<40 | 1}}, Verdict: fail(unix.ENOANO)}}
	default: // a number that no kernel has
		row.Else = fail(unix.ELOOP)
	}
	return row
}

// childTable has the rows above with the numbers of an ABI, which must be given in order.
func childTable(abi *arch.ABI, rows ...any) syscalls.ABIFilter {
	t := syscalls.ABIFilter{ABI: abi}
	for i := 0; i < len(rows); i += 2 {
		row := childRow(rows[i+1].(string))
		row.Nr = uint32(rows[i].(int))
		t.Rows = append(t.Rows, row)
	}
	return t
}

// child runs in a process of its own: installs the filter and makes calls or becomes another program.
func child(program string) error {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	prog, err := Compile(childFilter())
	if err != nil {
		return err
	}
	if err := Install(prog, 0); err != nil {
		return err
	}
	if program != "-" {
		return syscall.Exec(program, []string{program}, nil)
	}
	for _, c := range childCalls {
		_, _, errno := unix.RawSyscall(c.nr, c.arg, 0, 0)
		fmt.Println(c.name, int(errno))
	}
	return nil
}

type childCall struct {
	name string
	nr   uintptr
	arg  uintptr
	want unix.Errno
}

// below runs the test binary as child(program) and returns its lines as a map.
func below(t *testing.T, program string) (map[string]string, error) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childVariable+"="+program)
	out, err := cmd.CombinedOutput()
	lines := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		lines[name] = rest
	}
	return lines, err
}

func TestSupported(t *testing.T) {
	if err := Supported(); err != nil {
		t.Fatal(err) // every kernel that sydbox runs on has them
	}
}

func TestKernelAnswersAsTheTable(t *testing.T) {
	got, err := below(t, "-")
	if err != nil {
		t.Fatalf("%v: %v", err, got)
	}
	for _, c := range childCalls {
		if want := fmt.Sprint(int(c.want)); got[c.name] != want {
			t.Errorf("%s: errno %q, want %s", c.name, got[c.name], want)
		}
	}
}

func TestInstallRefuses(t *testing.T) {
	allow := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}}
	for _, flags := range []uintptr{unix.SECCOMP_FILTER_FLAG_TSYNC, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER} {
		if err := Install(allow, flags); err == nil {
			t.Errorf("flags %#x were accepted", flags)
		}
	}
	if err := Install(nil, 0); err == nil {
		t.Error("an empty filter was accepted")
	}
	// Falls off its end: the kernel says EINVAL, and nothing is installed.
	open := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}}
	if err := Install(open, 0); !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EACCES) {
		t.Errorf("a filter without a return: %v", err)
	}
}
