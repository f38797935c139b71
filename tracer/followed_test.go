package tracer

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// everywhere follows every task for ever.
func everywhere(t *testing.T, b *box) (asked *int) {
	needsFollow(t)
	asked = new(int)
	b.onBirth = func(_, child *Task) { child.Follow(1 << 30) }
	b.onExec = func(task *Task, _ bool) Action {
		task.Follow(1 << 30)
		return Action{}
	}
	b.onFollowed = func(task *Task, inv *syscalls.Invocation) Action {
		*asked++
		answer := judge(b.plan.Filter, inv.ABI.Audit, uint32(inv.Nr), &inv.Args)
		if answer&unix.SECCOMP_RET_ACTION_FULL != unix.SECCOMP_RET_ALLOW {
			t.Errorf("number %#x is not free", inv.Nr)
		}
		return Action{Exit: *asked%3 == 0}
	}
	return asked
}

// A program that is followed at each call cannot tell: what the other tests run comes out the same, and the calls that
// stop are the same.
func TestFollowedBehaveAsNatively(t *testing.T) {
	for _, bits := range []string{"64", "32"} {
		pick := func(t *testing.T, path64, path32 func(testing.TB) string) string {
			if bits == "32" {
				return path32(t)
			}
			return path64(t)
		}
		for mode, status := range map[string]int{
			"ok": 0, "threads": 0, "vforks": 0, "clone_parent": 0, "exec_thread": 0, "leader_exit": 7, "groupstop": 0,
			"siginfo": 0, "restart": 0, "pageend": 0,
		} {
			t.Run(mode+bits, func(t *testing.T) {
				t.Parallel()
				b := newBox(t, []string{"access"}, pick(t, victim64, victim32), mode)
				asked := everywhere(t, b)
				b.exits(status)
				if *asked == 0 {
					t.Error("nothing was followed")
				}
			})
		}
		for _, mode := range []string{"counts", "others", "signals", "ends"} {
			t.Run(mode+bits, func(t *testing.T) {
				t.Parallel()
				path := pick(t, followed64, followed32)
				if got := native(t, path, mode); got != 0 {
					t.Fatalf("exits with %d without a tracer", got)
				}
				b, f := newFollowing(t, path, mode)
				everywhere(t, b)
				call := b.onCall
				b.onCall = func(task *Task, inv *syscalls.Invocation) Action {
					action := call(task, inv)
					task.Follow(1 << 30)
					return action
				}
				b.exits(0)
				if mode == "counts" && len(f.stops) != 6 {
					t.Errorf("stopped at %v", f.stops)
				}
			})
		}
		for _, how := range []string{"number", "mark", "typed"} {
			for _, mode := range []string{
				"plain", "registers", "full", "threads", "children", "fifo", "jumps", "stops", "queued",
			} {
				t.Run("taker/"+mode+bits+how, func(t *testing.T) {
					t.Parallel()
					b, g := newGiving(t, pick(t, taker64, taker32), mode)
					b.opt.restartTyped, b.opt.markOnly = how == "typed", how == "mark"
					everywhere(t, b)
					b.exits(0)
					if g.gave == 0 {
						t.Error("nothing was given")
					}
				})
			}
			for _, mode := range []string{
				"eintr", "restart", "once", "reply", "connects", "replaced", "stops", "queued", "confined",
			} {
				t.Run("sender/"+mode+bits+how, func(t *testing.T) {
					t.Parallel()
					needsCopies(t)
					b, d := newDoing(t, pick(t, sender64, sender32), mode)
					b.opt.restartTyped, b.opt.markOnly = how == "typed", how == "mark"
					b.opt.impatient = how == "number"
					everywhere(t, b)
					b.exits(0)
					d.check(t)
				})
			}
		}
	}
}

// TestFollowedAllocateNothing: stops at entries and exits leave the Go heap alone.
func TestFollowedAllocateNothing(t *testing.T) {
	needsFollow(t)
	const calls = 20000
	made := fewestObjects(t, calls/1000, func(begin, end func()) {
		b := newBox(t, nil, victim64(t), "busy", fmt.Sprint(calls))
		h := &chasing{begin: begin, end: end}
		if _, err := Run(&b.plan, h, b.opt); err != nil || h.calls < calls || h.exits < calls/2-1 {
			t.Fatalf("%d followed calls and %d exits: %v", h.calls, h.exits, err)
		}
	})
	if made > calls/1000 {
		t.Errorf("%d followed calls made %d objects", calls, made)
	}
}

// chasing is a Handler without books that follows the target for ever, and sees every second exit.
type chasing struct {
	nothing
	calls, exits int
	begin, end   func()
}

func (c *chasing) Exec(task *Task, _ bool) Action {
	task.Follow(1 << 30)
	return Action{}
}

func (c *chasing) Followed(task *Task, inv *syscalls.Invocation) Action {
	switch c.calls++; c.calls {
	case 100:
		c.begin()
	case 19900:
		c.end()
	}
	return Action{Exit: c.calls%2 == 0}
}

func (c *chasing) SyscallExit(*Task, *syscalls.Invocation, int64) { c.exits++ }
