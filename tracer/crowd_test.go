package tracer

import (
	"fmt"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// TestCrowd: among many tasks no stop is lost, also of such as stop in the same moment or after a long time, and also
// where no signal tells of any.
func TestCrowd(t *testing.T) {
	const busy, rounds, many = 60, 10, 256
	path := compile(t, "crowd.c", "-static", "-pthread")
	for _, c := range []struct {
		idle int
		deaf bool
	}{{many + 50, false}, {many + 50, true}, {many - 40, false}} {
		t.Run(fmt.Sprint(c.idle, c.deaf), func(t *testing.T) {
			b := newBox(t, []string{"access", "faccessat", "faccessat2"}, path, fmt.Sprint(c.idle), fmt.Sprint(busy),
				fmt.Sprint(rounds))
			b.opt.crowdFrom, b.opt.deaf = many, c.deaf
			calls := 0
			b.onCall = func(*Task, *syscalls.Invocation) Action {
				calls++
				return Action{}
			}
			before := atomic.LoadUint32(&told.count)
			b.exits(0)
			if want := (busy + c.idle) * rounds; calls < want || calls > want+10 {
				t.Errorf("%d calls, want %d and a few of the loader", calls, want)
			}
			if want := c.idle + busy + 1; b.births != want {
				t.Errorf("%d births, want %d", b.births, want)
			}
			hears := tellPC() != 0 && asksAlone() && !c.deaf
			if heard := atomic.LoadUint32(&told.count) - before; (heard > 0) != hears {
				t.Errorf("%d signals were heard", heard)
			}
			var action sigaction
			if errno := actionOf(unix.SIGCHLD, &action); errno != 0 || !sigactionSwapped && action[0] <= 1 {
				t.Errorf("the runtime's action of SIGCHLD was not put back: %v, %#x", errno, action)
			}
		})
	}
}

// TestCrowdAsks: those are asked that stopped last, one that is gone is not, nor one that was asked too often.
func TestCrowdAsks(t *testing.T) {
	var c crowd
	asks := func() (tids []int) {
		for _, r := range c.recent {
			if r.tid != 0 {
				tids = append(tids, r.tid)
			}
		}
		return tids
	}
	is := func(want ...int) {
		t.Helper()
		if got := asks(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("asks %v, want %v", got, want)
		}
	}
	const base = 1 << 30 // above all TIDs
	for i := range asked + 2 {
		c.saw(base + i)
	}
	if got := asks(); len(got) != asked || got[0] != base+asked+1 {
		t.Errorf("asks %v", got)
	}
	c = crowd{}
	for _, tid := range []int{base + 1, base + 2, base + 3, base + 1} {
		c.saw(tid)
	}
	is(base+1, base+3, base+2)
	c.lost(base + 3)
	c.lost(base + 9)
	is(base+1, base+2)
	var status unix.WaitStatus
	for i := range tries {
		if i == tries-1 {
			c.saw(base + 2) // it has stopped
		}
		if pid, _ := c.next(0, &status); pid != 0 {
			t.Errorf("task %d has stopped", pid)
		}
	}
	is(base + 2)
}

// TestCrowdLooks: a stop that was missed makes looks at all frequent, and looks in vain make them seldom.
func TestCrowdLooks(t *testing.T) {
	c := crowd{tasks: map[int]*Task{1: {TID: 1}, 2: {TID: 2}}}
	if !c.mustLook(c.looked) {
		t.Error("does not look at first")
	}
	for range enough + seldom {
		c.found(0)
	}
	if c.mustLook(c.looked.Add(lookEvery)) {
		t.Error("looks as often after looks in vain")
	}
	if !c.mustLook(c.looked.Add(lookEvery << seldom)) {
		t.Error("does not look any more")
	}
	c.saw(1)
	c.found(1)
	c.found(3)
	if c.mustLook(c.looked.Add(lookEvery)) {
		t.Error("one that is about to be asked, or was just born, counts as missed")
	}
	c.found(2)
	if !c.mustLook(c.looked) {
		t.Error("does not look again after a stop was missed")
	}
}
