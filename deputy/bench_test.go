package deputy

import (
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/pathres"
	"sydbox/syscalls"
)

// bench is a Deputy with all that it takes to judge a call, on a locked thread.
type bench struct {
	t   testing.TB
	d   *Deputy
	res *pathres.Resolver
	acc access.Accesses
	tid int // of the thread, whose rights the Deputy changes
}

// newBench makes a Deputy on a thread of its own, which ends with the test.
func newBench(t testing.TB) *bench {
	t.Helper()
	return newBenchWith(t, Options{})
}

func newBenchWith(t testing.TB, o Options) *bench {
	t.Helper()
	runtime.LockOSThread() // never unlocked: the thread ends with the test's goroutine
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	res, err := pathres.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(res.Close)
	res.Rights = d
	return &bench{t: t, d: d, res: res, tid: unix.Gettid()}
}

// onThread fails a test that uses the bench on another thread, as a subtest does: that thread goes on to run other tests
// with what rights it is left.
func (b *bench) onThread() {
	b.t.Helper()
	if tid := unix.Gettid(); tid != b.tid {
		b.t.Fatalf("the bench belongs to thread %d, and this is %d", b.tid, tid)
	}
}

// judge finds out what a call would do.
func (b *bench) judge(tk *task, inv *syscalls.Invocation) syscall.Errno {
	b.t.Helper()
	b.onThread()
	if errno := b.d.Assume(tk.pid); errno != 0 {
		b.t.Fatalf("assume the rights of %d: %v", tk.pid, errno)
	}
	b.res.Task(tk.pid, tk.pid)
	return access.Describe(inv, tk, b.res, &b.acc)
}

// do does a call that a task has laid out.
func (b *bench) do(tk *task, inv *syscalls.Invocation) Outcome {
	b.t.Helper()
	for range 100 {
		if errno := b.judge(tk, inv); errno != 0 {
			return done(errno)
		}
		out := b.d.Do(inv, tk, b.res, &b.acc)
		if errno := b.d.Own(); errno != 0 {
			b.t.Fatal("the way back to the tracer's rights: ", errno)
		}
		if out.Kind != Again {
			return out
		}
	}
	b.t.Fatal("a name leads elsewhere each time")
	return Outcome{}
}
