package deputy

import (
	"os"
	"testing"
)

// TestRightsAreThoseOfNow: a task that changes its rights from one stop to the next acts with the new ones, be
// they the tracer's, in part or not at all.
func TestRightsAreThoseOfNow(t *testing.T) {
	tk, b := startTask(t, who{}), newBench(t)
	assume := func() {
		t.Helper()
		if errno := b.d.Assume(tk.pid); errno != 0 {
			t.Fatal(errno)
		}
	}
	set := func(call string, args ...any) {
		t.Helper()
		if r := tk.native(call, args); r.Errno != 0 {
			t.Fatal(call, ": ", r.Errno)
		}
	}
	for _, mask := range []int{0o077, 0o002, 0o027} {
		set("umask", mask)
		assume()
		if errno := b.d.takeUmask(); errno != 0 || b.d.umask != mask {
			t.Errorf("umask %#o, the task's is %#o (%v)", b.d.umask, mask, errno)
		}
	}
	if os.Geteuid() != 0 {
		return // nobody else can change anything
	}
	for _, user := range []int{4242, 0, 4243} {
		set("setfsuid", user)
		set("setfsgid", user+1)
		assume()
		if got := b.d.who(); int(got.uid) != user || int(got.gid) != user+1 {
			t.Errorf("user %d and group %d, want %d and %d", got.uid, got.gid, user, user+1)
		}
		if errno := b.d.Task(); errno != 0 || setfsuid(noID) != uint32(user) {
			t.Errorf("the thread has not become %d: %v", user, errno)
		}
		b.d.Own()
	}
	if t.Failed() {
		return
	}
	// Those with the tracer's IDs keep their own capabilities, and those without have no part of the tracer's IDs left.
	set("setfsuid", 0)
	set("setfsgid", 0)
	assume()
	if errno := b.d.Task(); errno != 0 || b.d.nowCaps != b.d.acting || setfsuid(noID) != 0 || setfsgid(noID) != 0 {
		t.Errorf("the thread has not gone back to user 0: %v, capabilities %#x", errno, b.d.nowCaps)
	}
	b.d.Own()
	set("setresuid", 4242, 4242, 4242)
	assume()
	if b.d.actingCaps() != 0 {
		t.Errorf("capabilities %#x of a task that gave all up", b.d.actingCaps())
	}
}
