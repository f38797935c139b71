package tracer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// A panic in any method of the Handler takes the tree down and reaches the caller of Run, wherever the other tasks are:
// stopped, held at their birth, reported and not looked at yet. Nothing that was stopped goes on.
func TestPanic(t *testing.T) {
	for _, where := range []string{"call", "exit", "exec", "birth", "death", "goexit"} {
		for turn := range 5 {
			b, g := newGivingAnyhow(t, taker64(t), "makers")
			b.plan.Filter = filter(t, "mkdir", "mkdirat")
			let, count := 0, 0
			fail := func(here string) {
				if where != here {
					return
				}
				if count++; count > 3*turn {
					panic("in the handler")
				}
			}
			b.onCall = func(*Task, *syscalls.Invocation) Action {
				fail("call")
				if where == "goexit" && let > 20 {
					runtime.Goexit()
				}
				let++
				return Action{Exit: where == "exit"}
			}
			b.onExit = func(*Task, *syscalls.Invocation, int64) { fail("exit") }
			b.onExec = func(*Task, bool) Action {
				if where == "exec" {
					panic("in the handler")
				}
				return Action{}
			}
			b.onBirth = func(_, child *Task) { fail("birth") }
			b.onDeath = func(*Task, unix.WaitStatus) { fail("death") }
			err := recovered(func() { _, _ = Run(&b.plan, b.fake, b.opt) })
			if err == nil || where != "goexit" && !strings.Contains(err.Error(), "in the handler") {
				t.Errorf("%s: Run panicked with %v", where, err)
			}
			for tid := range b.live {
				if !dead(tid) {
					t.Errorf("%s: task %d survived", where, tid)
				}
			}
			if made := entries(t, g.dir); made > let {
				t.Errorf("%s: %d calls were made, and %d let through", where, made, let)
			}
		}
	}
}

// entries counts what is in dir, once and again: nobody may add to it any more.
func entries(t *testing.T, dir string) int {
	var n [2]int
	for i := range n {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		n[i] = len(list)
	}
	if n[0] != n[1] {
		t.Errorf("%d entries became %d", n[0], n[1])
	}
	return n[1]
}

// TestGivePanics: a panic of an Open takes the tree down and reaches the caller of Run; the call never returns.
func TestGivePanics(t *testing.T) {
	for _, how := range []string{"panic", "exit"} {
		b, g := newGiving(t, taker64(t), "fifo")
		mark := filepath.Join(g.dir, "made")
		inner := b.onCall
		b.onCall = func(task *Task, inv *syscalls.Invocation) Action {
			a := inner(task, inv)
			if a.Open != nil {
				a.Open = func(<-chan struct{}) (int, syscall.Errno) {
					if how == "exit" {
						runtime.Goexit()
					}
					panic("in the Open")
				}
			}
			return a
		}
		err := recovered(func() { _, _ = Run(&b.plan, b.fake, b.opt) })
		if how == "panic" && (err == nil || !strings.Contains(err.Error(), "in the Open")) || err == nil {
			t.Errorf("%s: recovered %v", how, err)
		}
		for tid := range b.live {
			if !dead(tid) {
				t.Errorf("%s: task %d survived", how, tid)
			}
		}
		if _, err := os.Stat(mark); err == nil {
			t.Errorf("%s: the program went on", how)
		}
	}
}

// recovered returns what f panics with.
func recovered(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New(fmt.Sprint(p))
		}
	}()
	f()
	return nil
}
