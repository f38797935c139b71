package page

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"sydbox/record/trail"
)

// traced is one event as a viewer reads it.
type traced struct {
	Name  string
	Cat   string
	Ph    string
	Ts    *float64
	Dur   *float64
	Pid   *int
	Tid   *int
	ID    int
	Bp, S string
	Args  map[string]any
}

func traceOf(t *testing.T, tr *trail.Trail) []traced {
	t.Helper()
	var b strings.Builder
	if err := Timeline(&b, tr); err != nil {
		t.Fatal(err)
	}
	var file struct {
		TraceEvents     []traced
		DisplayTimeUnit string
	}
	if err := json.Unmarshal([]byte(b.String()), &file); err != nil {
		t.Fatal(err)
	}
	if file.DisplayTimeUnit != "ms" && file.DisplayTimeUnit != "ns" {
		t.Errorf("displayTimeUnit is %q: the format knows ms and ns", file.DisplayTimeUnit)
	}
	return file.TraceEvents
}

// checkTrace holds a trace against the Trace Event Format, and against what Perfetto asks besides: stretches of one
// thread nest, an arrow starts and ends inside of one.
func checkTrace(t *testing.T, list []traced) {
	t.Helper()
	stacks := make(map[int][]float64) // the ends of what is open, by thread
	last, began := -1.0, make(map[int]bool)
	for i, e := range list {
		if e.Name == "" || e.Pid == nil || e.Tid == nil {
			t.Fatalf("event %d has no name, pid or tid: %+v", i, e)
		}
		if e.Ph == "M" {
			if last >= 0 || e.Args["name"] == nil && e.Args["sort_index"] == nil {
				t.Errorf("a name that is late or empty: %+v", e)
			}
			continue
		}
		if e.Ts == nil || *e.Ts < last || *e.Ts != float64(int64(*e.Ts)) {
			t.Fatalf("event %d has no time, or an earlier one than that before: %+v", i, e)
		}
		last = *e.Ts
		stack := stacks[*e.Tid]
		long := e.Dur != nil && *e.Dur > 0
		for len(stack) > 0 && (stack[len(stack)-1] < last || long && stack[len(stack)-1] == last) {
			stack = stack[:len(stack)-1]
		}
		switch e.Ph {
		case "X":
			if e.Dur == nil || *e.Dur < 0 {
				t.Fatalf("a stretch without duration: %+v", e)
			}
			if len(stack) > 0 && last+*e.Dur > stack[len(stack)-1] {
				t.Fatalf("thread %d: %s overlaps what is around it", *e.Tid, e.Name)
			}
			stack = append(stack, last+*e.Dur)
		case "i":
			if e.S != "t" {
				t.Errorf("a moment without scope: %+v", e)
			}
		case "s":
			began[e.ID] = true
			if len(stack) == 0 {
				t.Errorf("an arrow from nowhere: %+v", e)
			}
		case "f":
			if !began[e.ID] || e.Bp != "e" || len(stack) == 0 {
				t.Errorf("an arrow that did not begin, or ends nowhere: %+v", e)
			}
		case "C":
			if n, ok := e.Args["alive"].(float64); !ok || n < 0 {
				t.Errorf("a count that is none: %+v", e)
			}
		default:
			t.Errorf("the phase %q", e.Ph)
		}
		stacks[*e.Tid] = stack
	}
}

func TestTraceIsWhatViewersRead(t *testing.T) {
	tr := build(t, 40, 60, 3)
	list := traceOf(t, tr)
	checkTrace(t, list)
	processes, critical := 0, 0.0
	for _, e := range list {
		if e.Ph == "X" && strings.HasPrefix(e.Cat, "process") {
			processes++
		}
		if e.Cat == "critical" {
			critical += *e.Dur
		}
	}
	if processes != len(tr.Procs) {
		t.Errorf("%d stretches for %d processes", processes, len(tr.Procs))
	}
	if length := float64(tr.Length().Microseconds()); critical < length-300 || critical > length {
		t.Errorf("the critical path takes %v µs of %v", critical, length)
	}
	i := slices.IndexFunc(list, func(e traced) bool { return strings.HasPrefix(e.Name, "cc1 #") })
	if i < 0 || list[i].Args["command"] == "" || list[i].Args["cwd"] != "/src/hello" || list[i].Args["status"] == "" {
		t.Errorf("the arguments of %+v", list[max(i, 0)])
	}
}

func TestTraceOfHostileNames(t *testing.T) {
	checkTrace(t, traceOf(t, hostileTrail(t)))
}

// TestLanesDoNotOverlap: in no line of no lane are there two processes at one time, and children stand below parents.
func TestLanesDoNotOverlap(t *testing.T) {
	for _, tr := range []*trail.Trail{build(t, 40, 60, 3), hostileTrail(t), pipeline(t)} {
		l := newLanes(tr)
		ends := make(map[[2]int]int64)
		for i, p := range tr.Procs {
			at := [2]int{l.lane[i], l.row[i]}
			if p.Born < ends[at] {
				t.Fatalf("%s begins at %d, where another ends at %d", p, p.Born, ends[at])
			}
			ends[at] = l.ends[i]
			if p.Parent == nil {
				continue
			}
			lane, row := l.lane[p.Parent.ID-1], l.row[p.Parent.ID-1]
			if l.lane[i] < lane || l.lane[i] == lane && l.row[i] <= row {
				t.Errorf("%s stands above %s", p, p.Parent)
			}
		}
	}
}

// pipeline has three programs at once, and one that outlives the shell.
func pipeline(t *testing.T) *trail.Trail {
	s := newStory("sh")
	sh := s.born(0, "/bin/sh", "sh")
	a, b := s.born(sh, "/bin/cat", "cat"), s.born(sh, "/bin/sort", "sort")
	sub := s.born(b, "/bin/gzip", "gzip")
	daemon := s.born(sh, "/bin/daemon", "daemon")
	s.end(a, 0, 1)
	s.end(sub, 0, 1)
	s.end(b, 0, 1)
	c := s.born(sh, "/bin/true", "true")
	s.end(c, 0, 1)
	s.end(sh, 0, 1)
	s.end(daemon, 0, 1)
	s.finish(0)
	return s.read(t)
}
