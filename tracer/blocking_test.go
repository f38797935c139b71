package tracer

import (
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// TestBlocking holds the tree in each method of the Handler, kills what is held, and goes on.
func TestBlocking(t *testing.T) {
	for _, where := range []string{"call", "exit", "exec", "birth", "end", "signal"} {
		for _, whole := range []bool{false, true} {
			b := newBox(t, []string{"access"}, victim64(t), "storm", "1")
			b.opt.Exits = true
			b.opt.Control = NewControl()
			e := newEnding(b.fake)
			held := 0
			hold := func(here string, task *Task) {
				if where != here || task.Process.Parent == nil && !whole {
					return
				}
				if held++; held > 2 {
					return
				}
				time.Sleep(20 * time.Millisecond) // the others run into their stops
				if whole {
					b.opt.Control.KillTree()
				} else {
					_ = unix.Kill(task.Process.TGID, unix.SIGKILL)
				}
				time.Sleep(20 * time.Millisecond)
				var word [8]byte
				if errno := task.Read(1<<20, word[:]); errno == 0 {
					t.Error("it has memory where nothing is mapped")
				}
			}
			b.onCall = func(task *Task, _ *syscalls.Invocation) Action {
				hold("call", task)
				return Action{Exit: true}
			}
			b.onExit = func(task *Task, _ *syscalls.Invocation, _ int64) { hold("exit", task) }
			b.onExec = func(task *Task, _ bool) Action {
				hold("exec", task)
				return Action{}
			}
			b.onBirth = func(_, child *Task) { hold("birth", child) }
			e.onEnd = func(task *Task) { hold("end", task) }
			e.onSignal = func(task *Task) { hold("signal", task) }
			result, err := Run(&b.plan, e, b.opt)
			if err != nil {
				t.Fatal(where, err)
			}
			if len(b.live) != 0 {
				t.Errorf("%s: %d tasks never died", where, len(b.live))
			}
			if whole && held > 0 && !killed(result.Root) && where != "end" {
				t.Errorf("%s: wait status %#x, want SIGKILL", where, uint32(result.Root))
			}
			if !whole && result.Root != 0 {
				t.Errorf("%s: wait status %#x of who was left alone", where, uint32(result.Root))
			}
		}
	}
}

// TestBlockingAttached: who is let go while a Handler blocks is let go when it returns.
func TestBlockingAttached(t *testing.T) {
	blocked, release := make(chan bool, 1), make(chan bool)
	var r *running
	var a *attaching
	for span, came := 700, false; !came; span *= 2 { // on an emulated machine it may end before a call of it is seen
		r = start(t, sleepers(t), "threads", strconv.Itoa(span))
		time.Sleep(50 * time.Millisecond)
		a = attachTo(t, Options{}, []string{"access"}, r.pid)
		first := true
		a.onCall = func(*Task, *syscalls.Invocation) Action {
			if first {
				first = false
				blocked <- true
				<-release
			}
			return Action{}
		}
		select {
		case <-blocked:
			came = true
		case <-a.done:
			if span > int(hangs.Milliseconds()) {
				t.Fatalf("no call was seen: %v", a.err)
			}
		}
	}
	a.opt.Control.Detach()
	time.Sleep(50 * time.Millisecond)
	select {
	case <-a.done:
		t.Error("it was let go under the Handler's hands")
	default:
	}
	close(release)
	a.leaves()
	if got := r.ends(); got != "done\nstatus 7\n" {
		t.Error(got)
	}
}
