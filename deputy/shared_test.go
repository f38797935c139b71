package deputy

import (
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestUmaskIsGivenBack makes a Deputy where unshare(2) is refused, as containers do.
func TestUmaskIsGivenBack(t *testing.T) {
	const outer, task = 0o027, 0o077
	old := unix.Umask(outer)
	defer unix.Umask(old)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the filter goes with the thread
		if err := refuseUnshare(); err != nil {
			t.Error(err)
			return
		}
		d, err := New(Options{})
		if err != nil {
			t.Error(err)
			return
		}
		defer d.Close()
		if !d.shared {
			t.Error("unshare was not refused")
		}
		for range 2 {
			d.tid, d.taskUmask = unix.Gettid(), task
			if errno := d.takeUmask(); errno != 0 {
				t.Error(errno)
			}
			if now := umaskOf(); now != task {
				t.Errorf("umask %#o while the task is acted for, want %#o", now, task)
			}
			d.returnUmask()
			if now := umaskOf(); now != outer {
				t.Errorf("umask %#o afterwards, want %#o", now, outer)
			}
		}
	}()
	<-done
}

func umaskOf() int {
	now := setUmask(0)
	setUmask(now)
	return now
}

// refuseUnshare puts the calling thread under a filter that answers EPERM to unshare(2).
func refuseUnshare() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	prog := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_UNSHARE, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	return filter(prog)
}

// filter puts the calling thread under a seccomp filter.
func filter(prog []unix.SockFilter) error {
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	if _, _, errno := unix.Syscall(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER,
		uintptr(unsafe.Pointer(&fprog))); errno != 0 {
		return errno
	}
	return nil
}
