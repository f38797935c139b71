//go:build amd64 || arm64

package tracer

import (
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTell: the handler notes who is named, and what it interrupts goes on.
func TestTell(t *testing.T) {
	defer quietSIGCHLD(false)()
	listens, ok := listenSIGCHLD(tellPC())
	if !ok {
		t.Fatal("this program cannot listen")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if errno := setAction(unix.SIGCHLD, &listens); errno != 0 {
		t.Fatal(errno)
	}
	for range 2*toldSize + 1 {
		before := atomic.LoadUint32(&told.count)
		if err := unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGCHLD); err != nil {
			t.Fatal(err)
		}
		if count := atomic.LoadUint32(&told.count); count != before+1 {
			t.Fatalf("%d signals were told of", count-before)
		}
		if pid := told.pids[before%toldSize]; int(pid) != unix.Getpid() {
			t.Fatalf("%d was named, not %d", pid, unix.Getpid())
		}
	}
	var drops sigaction
	if errno := setAction(unix.SIGCHLD, &drops); errno != 0 {
		t.Fatal(errno)
	}
}
