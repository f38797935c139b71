package tracer

import (
	"fmt"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// BenchmarkGive is the cost of an open that is given, wall time of both sides, with the open and close of either.
func BenchmarkGive(b *testing.B) {
	for _, how := range []string{"number", "mark", "stop"} {
		b.Run(how, func(b *testing.B) {
			const opens = 20000
			box, _ := newGiving(b, taker64(b), "many", fmt.Sprint(opens))
			box.opt.markOnly = how == "mark"
			h := &nullGiver{give: how != "stop", null: openNull(b)}
			for b.Loop() {
				if _, err := Run(&box.plan, h, box.opt); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/opens, "ns/open")
		})
	}
}

// nullGiver gives /dev/null without looking.
type nullGiver struct {
	nothing
	give bool
	null int
	call func()
}

func (g *nullGiver) Syscall(_ *Task, inv *syscalls.Invocation) Action {
	if !g.give || inv.Int(2)&unix.O_CREAT != 0 {
		return Action{}
	}
	if g.call != nil {
		g.call()
	}
	fd, err := unix.FcntlInt(uintptr(g.null), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return Deny(err.(syscall.Errno))
	}
	return Action{Kind: Give, FD: fd}
}

func openNull(t testing.TB) int {
	fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// TestGivingAllocatesNothing: neither the stop nor the answer touches the Go heap.
func TestGivingAllocatesNothing(t *testing.T) {
	const opens = 20000
	for _, mark := range []bool{false, true} {
		made := fewestObjects(t, opens/1000, func(begin, end func()) {
			box, _ := newGiving(t, taker64(t), "many", fmt.Sprint(opens))
			box.opt.markOnly = mark
			n := 0
			h := &nullGiver{give: true, null: openNull(t)}
			h.call = func() {
				switch n++; n {
				case 100:
					begin()
				case opens - 100:
					end()
				}
			}
			if _, err := Run(&box.plan, h, box.opt); err != nil || n != opens {
				t.Fatalf("%d opens, want %d: %v", n, opens, err)
			}
		})
		if made > opens/1000 {
			t.Errorf("mark %v: %d gifts made %d objects", mark, opens, made)
		}
	}
}
