package tracer

import (
	"maps"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReapLeavesStops: who looks for zombies takes no stop of a task that lives, which nobody would let go on then.
func TestReapLeavesStops(t *testing.T) {
	r := start(t, sleepers(t), "nanosleep", "60000")
	onEndingThread(func() {
		if errno := ptraceSeize(r.pid, watchOptions); errno != 0 {
			t.Error(errno)
			return
		}
		_ = ptrace(unix.PTRACE_INTERRUPT, r.pid, 0, 0) // ESRCH: it is gone, as is seen below
		stopped := func() bool { return readStatus(r.pid).state('t') }
		waitFor(t, stopped)
		elsewhere := make(chan bool)
		go func() { elsewhere <- reapZombie(r.pid) }()
		if <-elsewhere {
			t.Error("a stopped task was taken for one that has ended")
		}
		if pid, ws, errno := poll(); pid != r.pid || !ws.Stopped() {
			t.Errorf("wait4: %d, status %#x, %v", pid, uint32(ws), errno)
		}
		_ = unix.Kill(r.pid, unix.SIGKILL)
		waitFor(t, func() bool { return readStatus(r.pid).ended() })
		go func() { elsewhere <- reapZombie(r.pid) }()
		if !<-elsewhere { // a tracer hears of the end first, and waits for it
			t.Error("a task that has ended was not reaped")
		}
	})
}

// TestAttachReusedNumbers: a descendant that has ended is forgotten, and whoever has its PID now is left alone, while
// orphans that are still there are remembered.
func TestAttachReusedNumbers(t *testing.T) {
	const root, shell, orphan, ended, reused, stranger = 10, 11, 12, 13, 14, 1
	known := map[int]life{root: {1, 100}, shell: {root, 101}, orphan: {shell, 102}, ended: {shell, 103}, reused: {shell, 104}}
	of := map[int]int{root: root, shell: root, orphan: root, ended: root, reused: root}
	now := map[int]life{stranger: {0, 1}, root: {1, 100}, shell: {root, 101}, orphan: {1, 102}, reused: {1, 999}, 20: {reused, 1000}}
	forgetEnded(of, known, now)
	list := descendants(now, of)
	slices.Sort(list)
	if want := []int{root, shell, orphan}; !slices.Equal(list, want) {
		t.Errorf("descendants %d, should be %d", list, want)
	}
	if want := slices.Sorted(maps.Keys(of)); !slices.Equal(list, want) {
		t.Errorf("still known: %d", want)
	}
}

// TestLife: a name cannot say what a process is.
func TestLife(t *testing.T) {
	stat := "7 (a) S 1 2 (3) 4) R 42 7 7 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 5150 1 1"
	if l := parseLife([]byte(stat)); l != (life{42, 5151}) {
		t.Errorf("%+v", l)
	}
	if l := parseLife([]byte("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 0 0 0")); l != (life{0, 1}) {
		t.Errorf("%+v of what started with the system", l)
	}
	if l := parseLife([]byte("7 (a")); l != (life{}) {
		t.Errorf("%+v of too little", l)
	}
	own := readLife(os.Getpid())
	if own.parent != os.Getppid() || own.started == 0 || own != readLife(os.Getpid()) {
		t.Errorf("this process: %+v", own)
	}
}
