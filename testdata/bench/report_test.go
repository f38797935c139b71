package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func samples(rounds []int, cpu ...time.Duration) (list []sample) {
	for i, d := range cpu {
		list = append(list, sample{Round: rounds[i], CPU: d * time.Millisecond, Wall: 2 * d * time.Millisecond})
	}
	return list
}

func TestSummarize(t *testing.T) {
	native := samples([]int{0, 1, 2}, 100, 200, 100)
	got := summarize("x", samples([]int{0, 1, 2}, 110, 240, 130), native, 0)
	if got.CPURatio != 1.2 || got.WallRatio != 1.2 || got.CPU.Median != 130*time.Millisecond {
		t.Errorf("ratios %v and %v, median %v", got.CPURatio, got.WallRatio, got.CPU.Median)
	}
	if got.CPU.Min != 110*time.Millisecond || got.CPU.Spread != 1 {
		t.Errorf("smallest %v, spread %v", got.CPU.Min, got.CPU.Spread)
	}
	if got.OverCPUUS != 0 {
		t.Errorf("a whole program has %v µs each", got.OverCPUUS)
	}
	// A tool that did not run in every round is compared with those in which it did.
	late := summarize("x", samples([]int{1}, 300), native, 1000)
	if late.CPURatio != 1.5 || late.OverCPUUS != 100 || late.OverWallUS != 200 {
		t.Errorf("ratio %v, %v and %v µs over native", late.CPURatio, late.OverCPUUS, late.OverWallUS)
	}
	// Of an even number the middle two count.
	if two := summarize("x", samples([]int{0, 2}, 100, 200), native, 0); two.CPURatio != 1.5 {
		t.Errorf("of two rounds the ratio is %v", two.CPURatio)
	}
	if none := summarize("x", nil, native, 1); none.CPURatio != 0 || none.CPU.Median != 0 {
		t.Errorf("of no rounds: %+v", none)
	}
}

// sampleReport has a row of each sort.
func sampleReport(cpu time.Duration) *Report {
	native := samples([]int{0}, 100)
	return &Report{
		Machine: Machine{CPU: "a CPU", CPUs: 2, Kernel: "6.1", Load: "0.0", Tools: []string{"sydbox 1"}}, Rounds: 1,
		Workloads: []Workload{
			{
				Name: "make", Group: programs, Budget: 1.06,
				Tools: []Tool{
					summarize("native", native, native, 0), summarize("sydbox", samples([]int{0}, cpu), native, 0),
					summarize("bwrap", samples([]int{0}, 101), native, 0), {Name: "proot", Failed: true},
				},
				Stops: map[string]uint64{"seccomp": 7, "birth": 2, "group": 1},
				Calls: []CallStops{
					{Call: "openat", Stops: 5, Outcomes: map[string]uint64{"given": 4, "returned": 1}},
					{Call: "chmod", Stops: 2, Outcomes: map[string]uint64{"returned": 2}},
				},
			},
			{
				Name: "chmod", Group: loops, Times: 1000,
				Tools: []Tool{
					summarize("native", native, native, 1000), summarize("sydbox", samples([]int{0}, cpu), native, 1000),
				},
			},
		},
		LeftOut: []string{"go build, cold"}, TraceesKB: 2048,
	}
}

func TestMarkdown(t *testing.T) {
	got := sampleReport(110).markdown()
	for _, want := range []string{
		"a CPU, 2 CPUs, Linux 6.1, user 0, load 0.0 at the start; sydbox 1.\n",
		"could not be made: go build, cold.\n",
		"### Programs\n\n| CPU against native | native, s | budget | sydbox | wall | bwrap | proot |\n| --- |",
		"\n| make | 0.10 ±0 % | 1.06 | 1.10 ±0 % | 1.10 | 1.01 | fails |\n",
		"\n| chmod | 100 | 10.0 | 20.0 |\n",
		"\nResident memory beside 1,000 live tracees: 2.0 MB (budget 16 MB).\n",
		"\n| make | 10 | 7 | 0 | 2 | 0 | 0 | 0 | 1 | 5 openat (4 given, 1 returned), 2 chmod (returned) |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	// Every row of a table has as many cells as its header.
	cells := 0
	for line := range strings.Lines(got) {
		n := strings.Count(line, "|")
		if n != 0 && cells != 0 && n != cells {
			t.Errorf("%d cells instead of %d: %s", n-1, cells-1, line)
		}
		cells = n
	}
}

func TestCounts(t *testing.T) {
	r := sampleReport(110)
	r.Workloads, r.Counted = r.Workloads[:1], countSyscalls
	r.Workloads[0].Tools = []Tool{{Name: "sydbox", Counts: map[string]uint64{"wait4": 80, "ptrace": 19, "futex": 1}}}
	want := "\n| make | sydbox | 10 | 100 | 10.00 | 80 wait4, 19 ptrace, … |\n"
	if got := r.markdown(); !strings.Contains(got, want) {
		t.Errorf("%q is missing in\n%s", want, got)
	}
}

func TestBetween(t *testing.T) {
	text := "before\n" + tableBegin + "old\n" + tableEnd + "after\n"
	got, err := between(text, "new\n")
	if want := "before\n" + tableBegin + "\nnew\n\n" + tableEnd + "after\n"; err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	for _, bad := range []string{"", "x", tableBegin, tableEnd} {
		if _, err := between(bad, "new\n"); err == nil {
			t.Errorf("%q has no markers, and there is no error", bad)
		}
	}
}

func TestReadReport(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	for text, good := range map[string]bool{
		`{"workloads":[{"name":"make","tools":[{"name":"sydbox","cpu_ratio":1.1}]}]}`: true,
		`{}`: false, `{"workloads":`: false,
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if r, err := readReport(file); (err == nil) != good {
			t.Errorf("%s: %v, %v", text, r, err)
		}
	}
}
