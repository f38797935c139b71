package tracer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
	"sydbox/tracer/seccomp"
)

func followed64(t testing.TB) string { return compile(t, "followed.c", "-static", "-pthread") }
func followed32(t testing.TB) string { return narrow(t, "followed.c") }

// following is a Handler that follows a task when it asks for that, by the name it gives to access(2).
type following struct {
	*fake
	seen  []string // calls that were followed
	stops []string // and those that stopped
	// next is the name of the call to return value from.
	next  string
	value int64
}

func newFollowing(t testing.TB, path, mode string, args ...string) (*box, *following) {
	t.Helper()
	b := newBox(t, nil, path, append([]string{mode}, args...)...)
	f := &following{fake: b.fake}
	// What is not known runs, so that it can be followed.
	prog, err := seccomp.Compile(WithGive(filterTable(syscalls.Verdict{}, []string{"access"})))
	if err != nil {
		t.Fatal(err)
	}
	b.plan.Filter, b.onCall, b.onFollowed = prog, f.call, f.followed
	return b, f
}

func (f *following) call(task *Task, inv *syscalls.Invocation) Action {
	if oldName(inv.Call.Name) != "access" {
		return Action{}
	}
	var buf [64]byte
	n, errno := task.ReadString(inv.Pointer(pathAt(inv)), buf[:])
	if errno != 0 {
		f.t.Error(errno)
	}
	what, arg, _ := strings.Cut(string(buf[:n]), " ")
	f.stops = append(f.stops, what)
	switch what {
	case "follow":
		n, err := strconv.Atoi(arg)
		if err != nil {
			f.t.Error(err)
		}
		task.Follow(n)
	case "unfollow":
		task.Unfollow()
	case "return":
		f.next = arg
		task.Follow(1 << 20)
	}
	return Action{}
}

func (f *following) followed(task *Task, inv *syscalls.Invocation) Action {
	name := "?"
	if inv.Call != nil {
		name = inv.Call.Name
	}
	f.seen = append(f.seen, name)
	if name == f.next {
		f.next = ""
		task.Unfollow()
		return Action{Kind: Return, Value: f.value}
	}
	return Action{}
}

// needsFollow skips where nobody can be followed, as TestFollowWithoutInfo says.
func needsFollow(t *testing.T) {
	t.Helper()
	if !hasSyscallInfo(t) {
		t.Skip("no PTRACE_GET_SYSCALL_INFO (Linux 5.3): nobody is followed")
	}
}

// eachFollowed runs test for both word sizes.
func eachFollowed(t *testing.T, test func(t *testing.T, path string)) {
	needsFollow(t)
	for bits, path := range ofEachSize(t, followed64, followed32) {
		t.Run(bits, func(t *testing.T) { test(t, path) })
	}
}

// ends wants the program to be ended by one of the signals.
func (b *box) ends(signals ...syscall.Signal) {
	b.t.Helper()
	if r := b.run(); !r.Root.Signaled() || !slices.Contains(signals, r.Root.Signal()) {
		b.t.Errorf("wait status %#x, want one of the signals %v", uint32(r.Root), signals)
	}
}

// TestFollow: how many calls are seen, which, and whose.
func TestFollow(t *testing.T) {
	eachFollowed(t, func(t *testing.T, path string) {
		for mode, want := range map[string]string{
			"counts":  "getpid getpgid getppid gettid getsid",
			"unknown": "?",
		} {
			b, f := newFollowing(t, path, mode)
			b.exits(0)
			if got := strings.Join(f.seen, " "); got != want {
				t.Errorf("%s: %s were followed, want %s", mode, got, want)
			}
			if mode == "counts" && strings.Join(f.stops, " ") != "follow /tmp follow unfollow follow follow" {
				t.Errorf("%s: stopped at %v", mode, f.stops)
			}
		}
		b, f := newFollowing(t, path, "ends")
		b.exits(0)
		if slices.Contains(f.seen, "getpid") || !slices.Contains(f.seen, "execve") {
			t.Errorf("ends: %v were followed", f.seen)
		}
		b, f = newFollowing(t, path, "others")
		var root *Task
		b.onFollowed = func(task *Task, inv *syscalls.Invocation) Action {
			if root == nil {
				root = task
			}
			if task != root {
				t.Errorf("others: %s of task %d was followed", inv.Call.Name, task.TID)
			}
			return f.followed(task, inv)
		}
		b.exits(0)
		if slices.Contains(f.seen, "getpid") || !slices.Contains(f.seen, "gettid") {
			t.Errorf("others: %v were followed", f.seen)
		}
	})
}

// TestFollowWithoutInfo: a kernel that does not say at which end of a call a task is follows nobody.
func TestFollowWithoutInfo(t *testing.T) {
	for _, mode := range []string{"counts", "others", "signals", "ends"} {
		b, f := newFollowing(t, followed64(t), mode)
		b.opt.NoSyscallInfo = true
		b.exits(0)
		if len(f.seen) != 0 {
			t.Errorf("%v were followed", f.seen)
		}
	}
}

// TestFollowedReturn: a call gets a result without running, and nothing else changes, whatever filters think of it.
func TestFollowedReturn(t *testing.T) {
	for _, mode := range []string{"returned", "confined", "hurried"} {
		eachFollowed(t, func(t *testing.T, path string) {
			for _, value := range []int64{-int64(unix.ENETUNREACH), 0, 2, 1 << 20} {
				if mode == "hurried" && value > 0 {
					continue
				}
				for _, unknown := range []syscalls.VerdictKind{
					syscalls.Allow, syscalls.Fail, syscalls.Kill, syscalls.Trace, syscalls.Notify,
				} {
					for _, how := range []string{"alone", "below another", "nobody knows", "description"} {
						b, f := newFollowing(t, path, mode, fmt.Sprint(value))
						f.value = value
						b.opt.infoSets = how == "description" && setsInfo()
						b.opt.markOnly = how == "below another"
						b.plan.Listener = true
						v := syscalls.Verdict{Kind: unknown, Errno: uint16(unix.EPERM)}
						table := filterTable(v, []string{"access"})
						if how != "nobody knows" {
							table = WithGive(table)
						}
						var err error
						if b.plan.Filter, err = seccomp.Compile(table); err != nil {
							t.Fatal(err)
						}
						if !reachesArg0() && (mode == "confined" || unknown == syscalls.Kill) {
							b.ends(unix.SIGKILL, unix.SIGSYS) // a filter kills for any other number: rather dead than done
						} else {
							b.exits(0)
						}
						if !slices.Contains(f.seen, "write") {
							t.Errorf("%s: %v were followed", mode, f.seen)
						}
						if b.calls["write"] != 0 || len(f.calls) > 2 {
							t.Errorf("%s: the Handler was asked about %v", mode, f.calls)
						}
					}
				}
			}
		})
	}
}

// TestFollowedActions: what else can be answered at an entry.
func TestFollowedActions(t *testing.T) {
	eachFollowed(t, func(t *testing.T, path string) {
		exits := 0
		b, _ := newFollowing(t, path, "one")
		b.onFollowed = func(_ *Task, inv *syscalls.Invocation) Action { return Action{Exit: true} }
		b.onExit = func(_ *Task, inv *syscalls.Invocation, result int64) {
			if exits++; inv.Call.Name != "getpgid" || result != int64(unix.Getpgrp()) {
				t.Errorf("%s returned %d", inv.Call.Name, result)
			}
		}
		b.exits(7)
		if exits != 1 {
			t.Errorf("%d exits, want 1", exits)
		}
		for _, byInfo := range []bool{false, setsInfo()} {
			for _, a := range []Action{{Kind: Exit, Value: 3}, {Kind: KillProcess}, {Kind: KillTree}} {
				b, _ := newFollowing(t, path, "one")
				b.opt.infoSets = byInfo
				b.onFollowed = func(*Task, *syscalls.Invocation) Action { return a }
				if a.Kind == Exit && reachesArg0() {
					b.exits(3)
				} else {
					b.ends(unix.SIGKILL)
				}
			}
		}
		// What is impossible is released, and the call does not run.
		done := make(chan struct{}, 2)
		for _, a := range []Action{
			{Kind: Wait, Do: func(cancel <-chan struct{}) int64 { <-cancel; done <- struct{}{}; return 0 }},
			{Kind: Give, FD: openNull(t)},
		} {
			b, _ := newFollowing(t, path, "one")
			b.onFollowed = func(*Task, *syscalls.Invocation) Action { return a }
			if r := b.run(); !killed(r.Root) {
				t.Errorf("action %d: wait status %#x", a.Kind, uint32(r.Root))
			}
		}
		<-done
	})
}
