package main

import (
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	old, now := sampleReport(120), sampleReport(110)
	now.Workloads[0].Stops = map[string]uint64{"seccomp": 5}
	got := compare(old, now)
	for _, want := range []string{
		"\n| make | sydbox | CPU against native | 1.200 | 1.100 | 0.917 | 10 | 5 | 0.500 |\n",
		"\n| chmod | sydbox | CPU µs over native, each | 20.0 | 10.0 | 0.500 | ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "bwrap") || strings.Contains(got, "Another machine") {
		t.Errorf("what did not change is told:\n%s", got)
	}
}

func TestCompareOthers(t *testing.T) {
	old, now := sampleReport(120), sampleReport(110)
	old.Machine.CPUs = 64
	old.Workloads = old.Workloads[:1]
	now.Workloads = now.Workloads[1:]
	got := compare(old, now)
	if !strings.Contains(got, "Another machine: a CPU, 64 CPUs") || !strings.Contains(got, "no workload in common") {
		t.Errorf("got\n%s", got)
	}
	old.Counted = countSyscalls
	if got := compare(old, now); !strings.Contains(got, "one counts syscalls and the other time") {
		t.Errorf("got\n%s", got)
	}
}

func TestChange(t *testing.T) {
	for _, c := range []struct {
		before, after float64
		want          string
	}{{2, 1, "0.500"}, {0, 1, "–"}, {-1, 1, "–"}, {1, -1, "–"}, {1, 0, "0.000"}} {
		if got := change(c.before, c.after); got != c.want {
			t.Errorf("from %v to %v: %s, want %s", c.before, c.after, got, c.want)
		}
	}
}
