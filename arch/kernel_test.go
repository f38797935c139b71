package arch

import (
	"encoding/binary"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the kernel says about a call (PTRACE_GET_SYSCALL_INFO) against what the register set says: the layouts are
// measured again on every machine that runs the tests.

const ntPRStatus = 1

// callStop is one stop of a traced program at the entry or exit of a call.
type callStop struct {
	pid   int
	entry bool
	audit uint32
	ip    uint64
	sp    uint64
	nr    uint64    // entry
	args  [6]uint64 // entry
	rval  int64     // exit
	regs  Regs
	size  int // of the register set
}

// traceCalls starts a program and calls at for each stop of its first thread until at is false, then kills it. It
// returns its wait status. The error is that of the start.
func traceCalls(t *testing.T, path string, args []string, at func(s *callStop) bool) (unix.WaitStatus, error) {
	t.Helper()
	runtime.LockOSThread() // ptrace requests must come from the thread that started the tracee
	defer runtime.UnlockOSThread()
	cmd := exec.Command(path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	pid := cmd.Process.Pid
	wait := func() (status unix.WaitStatus) {
		for {
			if _, err := unix.Wait4(pid, &status, unix.WALL, nil); err != unix.EINTR {
				if err != nil {
					t.Fatalf("wait4: %v", err)
				}
				return status
			}
		}
	}
	if status := wait(); !status.Stopped() {
		t.Fatalf("no stop at the exec but status %#x", status)
	}
	if err := unix.PtraceSetOptions(pid, unix.PTRACE_O_TRACESYSGOOD|unix.PTRACE_O_EXITKILL); err != nil {
		t.Fatalf("PTRACE_SETOPTIONS: %v", err)
	}
	signal := 0
	for {
		if err := unix.PtraceSyscall(pid, signal); err != nil {
			t.Fatalf("PTRACE_SYSCALL: %v", err)
		}
		status := wait()
		if !status.Stopped() {
			return status, nil
		}
		if signal = int(status.StopSignal()); signal != int(unix.SIGTRAP)|0x80 {
			continue
		}
		signal = 0
		if s := readStop(t, pid); !at(s) {
			if err := unix.Kill(pid, unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			return wait(), nil
		}
	}
}

func readStop(t *testing.T, pid int) *callStop {
	t.Helper()
	var info [88]byte // struct ptrace_syscall_info (linux/ptrace.h, Linux 5.3)
	if _, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(pid), uintptr(len(info)),
		uintptr(unsafe.Pointer(&info)), 0, 0); errno == unix.EIO {
		_ = unix.Kill(pid, unix.SIGKILL)
		t.Skip("this kernel has no PTRACE_GET_SYSCALL_INFO to compare with (Linux 5.3)")
	} else if errno != 0 {
		t.Fatalf("PTRACE_GET_SYSCALL_INFO: %v", errno)
	}
	word := func(i int) uint64 { return binary.NativeEndian.Uint64(info[8*i:]) }
	s := &callStop{pid: pid, audit: binary.NativeEndian.Uint32(info[4:]), ip: word(1), sp: word(2)}
	switch info[0] {
	case unix.PTRACE_SYSCALL_INFO_ENTRY:
		s.entry, s.nr = true, word(3)
		for i := range s.args {
			s.args[i] = word(4 + i)
		}
	case unix.PTRACE_SYSCALL_INFO_EXIT:
		s.rval = int64(word(3))
	default:
		t.Fatalf("op %d at a stop in a call", info[0])
	}
	buf := s.regs.Buffer()
	iov := unix.Iovec{Base: &buf[0]}
	iov.SetLen(len(buf))
	s.regset(t, unix.PTRACE_GETREGSET, &iov)
	s.size = int(iov.Len)
	return s
}

// write puts the changed registers back.
func (s *callStop) write(t *testing.T) {
	t.Helper()
	buf := s.regs.Bytes()
	iov := unix.Iovec{Base: &buf[0]}
	iov.SetLen(len(buf))
	s.regset(t, unix.PTRACE_SETREGSET, &iov)
}

func (s *callStop) regset(t *testing.T, request uintptr, iov *unix.Iovec) {
	t.Helper()
	if _, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, request, uintptr(s.pid), ntPRStatus,
		uintptr(unsafe.Pointer(iov)), 0, 0); errno != 0 {
		t.Fatalf("ptrace request %#x: %v", request, errno)
	}
}

// compare binds the registers of a stop to the ABI of its call and says where they differ from what the kernel says.
func (s *callStop) compare(t *testing.T, abi *ABI) {
	t.Helper()
	if !s.regs.Bind(abi, s.size) {
		t.Fatalf("no layout for %s in a set of %d bytes", abi, s.size)
	}
	if s.regs.IP() != s.ip || s.regs.SP() != s.sp {
		t.Errorf("%s: ip %#x, sp %#x; the kernel says %#x, %#x", abi, s.regs.IP(), s.regs.SP(), s.ip, s.sp)
	}
	if !s.entry {
		if got, want := s.regs.Result(), abi.Result(uint64(s.rval)); got != want {
			t.Errorf("%s: result %d; the kernel says %d", abi, got, s.rval)
		}
		return
	}
	if got := s.regs.Number(); got != uint32(s.nr) {
		t.Errorf("%s: number %d; the kernel says %d", abi, got, s.nr)
	}
	for i, want := range s.args {
		if got, ok := s.regs.Arg(i); ok && got != want {
			t.Errorf("%s call %d: argument %d is %#x; the kernel says %#x", abi, s.nr, i, got, want)
		}
	}
}

func TestNativeLayout(t *testing.T) {
	native := Native()[0]
	if native.Regs == nil {
		t.Skipf("nobody has written down the registers of %s", native)
	}
	entries, exits := 0, 0
	_, err := traceCalls(t, "/proc/self/exe", []string{"-test.run=^$"}, func(s *callStop) bool {
		if got := Find(s.audit, s.nr); got != native {
			t.Errorf("ABI %v, want %s", got, native)
		}
		s.compare(t, native)
		if s.entry {
			entries++
		} else {
			exits++
		}
		return exits < 20 && !t.Failed()
	})
	if err != nil {
		t.Fatal(err)
	}
	if entries < 20 || exits < 20 {
		t.Errorf("compared %d entries and %d exits only", entries, exits)
	}
}
