package tracer

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestShortSlice: where the kernel has slices to choose, the tracer's thread has short ones, and the target those that it
// would have had.
func TestShortSlice(t *testing.T) {
	before, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := newBox(t, nil, victim64(t), "exit", "0")
	var tracer, target *unix.SchedAttr
	b.onExec = func(task *Task, _ bool) Action {
		tracer, err = unix.SchedGetAttr(0, 0)
		if err == nil {
			target, err = unix.SchedGetAttr(task.TID, 0)
		}
		return Action{}
	}
	b.run()
	if err != nil {
		t.Fatal(err)
	}
	if *target != *before {
		t.Errorf("the target has %+v, this process %+v", *target, *before)
	}
	want := *before
	if want.Policy != unix.SCHED_IDLE {
		want.Runtime = min(want.Runtime, shortest) // 0 before Linux 6.12
	}
	if *tracer != want {
		t.Errorf("the tracer has %+v, want %+v", *tracer, want)
	}
}
