package tracer

import (
	"testing"

	"sydbox/arch"
	"sydbox/syscalls"
)

// TestSeries: what a script shows is serial, tasks that run side by side are not, and the first leads back only slowly.
func TestSeries(t *testing.T) {
	shell := &Task{TID: 1, Process: &Process{TGID: 1}}
	child := func(tid int) *Task { return &Task{TID: tid, Process: &Process{TGID: tid, Parent: shell.Process}} }
	var s series
	script := func() {
		c := child(2)
		for _, task := range []*Task{shell, c, c, c, shell} {
			s.saw(task)
		}
	}
	for range 100 {
		if script(); !s.serial() {
			t.Fatal("a script is not serial")
		}
	}
	a, b := child(3), child(4)
	for range 8 {
		s.saw(a)
		s.saw(b)
	}
	if s.serial() {
		t.Error("two that take turns are serial")
	}
	script()
	if s.serial() {
		t.Error("a parallel tree is serial after a few stops")
	}
	for range strangerMost {
		script()
	}
	if !s.serial() {
		t.Error("a tree that has become serial is not")
	}
	threads := &Task{TID: 6, Process: shell.Process}
	for range 4 {
		s.saw(shell)
		s.saw(threads)
	}
	if s.serial() {
		t.Error("two threads that take turns are serial")
	}
}

// TestWithNear: the two calls stop whatever their arguments, and nothing else changes.
func TestWithNear(t *testing.T) {
	allow, trace := syscalls.Verdict{Kind: syscalls.Allow}, syscalls.Verdict{Kind: syscalls.Trace}
	set, _ := syscalls.Number(arch.X86_64, "sched_setaffinity")
	get, _ := syscalls.Number(arch.X86_64, "sched_getaffinity")
	before := &syscalls.Filter{ABIs: []syscalls.ABIFilter{{ABI: arch.X86_64, Rows: []syscalls.Row{
		{Nr: 0, Name: "read", Else: allow},
		{Nr: set, Name: "sched_setaffinity", Else: trace,
			Clauses: []syscalls.Clause{{Tests: []syscalls.Test{{Arg: 0, Mask: low32}}, Verdict: allow}}},
		{Nr: get, Name: "sched_getaffinity", Else: allow},
	}}}}
	after := WithNear(before)
	for _, c := range []struct {
		nr   uint32
		arg  uint64
		want syscalls.VerdictKind
	}{{0, 0, syscalls.Allow}, {set, 0, syscalls.Trace}, {set, 7, syscalls.Trace}, {get, 0, syscalls.Trace}} {
		if got := after.Judge(arch.X86_64.Audit, c.nr, &[6]uint64{c.arg}); got.Kind != c.want {
			t.Errorf("call %d with %d: %v, want %v", c.nr, c.arg, got.Kind, c.want)
		}
	}
	if got := before.Judge(arch.X86_64.Audit, set, &[6]uint64{}); got.Kind != syscalls.Allow {
		t.Error("the filter that was given has changed")
	}
}
