package seccomp

import (
	"fmt"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// notified is a number that no kernel has, which the listener's filter notifies.
const notified = 20000

// listenerChild runs in a process of its own: it installs the filter with a listener, twice.
func listenerChild() error {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	table := syscalls.ABIFilter{ABI: arch.Native()[0], Rows: []syscalls.Row{
		{Nr: notified, Else: syscalls.Verdict{Kind: syscalls.Notify}},
	}}
	prog, err := Compile(&syscalls.Filter{ABIs: []syscalls.ABIFilter{table}})
	if err != nil {
		return err
	}
	first, err := InstallListener(prog)
	if err != nil {
		return err
	}
	flags, err := unix.FcntlInt(uintptr(first), unix.F_GETFD, 0)
	fmt.Println("close-on-exec", flags == unix.FD_CLOEXEC, err)
	second, err := InstallListener(prog)
	fmt.Println("second", second, err)
	unix.Close(first)
	_, _, errno := unix.RawSyscall(notified, 0, 0, 0)
	fmt.Println("unanswered", errno == unix.ENOSYS)
	_, _, errno = unix.RawSyscall(unix.SYS_GETUID, 0, 0, 0)
	fmt.Println("allowed", errno == 0)
	return nil
}

// A listener comes close-on-exec. Where there is one already the filter is installed without, and a call that nobody
// can answer is ENOSYS.
func TestInstallListener(t *testing.T) {
	got, err := below(t, "listener")
	if err != nil {
		t.Fatalf("%v: %v", err, got)
	}
	first := "true <nil>"
	// A filter at address 0 is looked at after the flags: EFAULT where there are listeners, EINVAL before 5.0.
	if _, errno := setFilter(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, nil); errno == unix.EINVAL {
		first = "false bad file descriptor"
	}
	for name, want := range map[string]string{
		"close-on-exec": first, "second": "-1 <nil>", "unanswered": "true", "allowed": "true",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if _, err := InstallListener(nil); err == nil {
		t.Error("an empty filter was accepted")
	}
}
