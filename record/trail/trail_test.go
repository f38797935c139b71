package trail

import (
	"bytes"
	"compress/gzip"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"sydbox/event"
)

// story is a recording: make runs sh, which becomes cc and makes a file.
var story = []event.Event{
	&event.Recording{Time: time.Unix(1, 0), Tool: "t", Command: []string{"make"}, Dir: "/b", Env: []string{"A=1", "B=2"}},
	&event.Born{ID: 1, PID: 10, Dir: "/b"},
	&event.Executed{At: 1, ID: 1, Path: "/usr/bin/make", Argv: []string{"make"}},
	&event.Born{At: 2, ID: 2, PID: 11, Parent: 1},
	&event.Used{At: 3, ID: 2, Op: event.OpLook, Path: "/b/x"},
	&event.Executed{At: 4, ID: 2, Path: "/bin/sh", Argv: []string{"sh"}, Dir: "/b/sub", Set: []string{"B=3", "C=4"}},
	&event.Executed{At: 5, ID: 2, Path: "/usr/bin/gcc-12", Typed: "/usr/bin/cc", Argv: []string{"/usr/bin/cc"}, Dir: "/b/sub", Unset: []string{"A"}},
	&event.Used{At: 6, ID: 2, Op: event.OpMake, Path: "/b/x"},
	&event.Reached{At: 6, ID: 2, Op: "connect", Address: "192.0.2.1:80"},
	&event.Asked{At: 6, ID: 2, Host: "h"},
	&event.Hinted{At: 6, ID: 2, What: "random"},
	&event.Signalled{At: 7, ID: 2, Signal: "SIGTERM", From: 1},
	&event.Said{At: 7, ID: 2, Text: "no\n"},
	&event.Ended{At: 8, ID: 2, Exit: 1, User: 2, System: 3},
	&event.Ended{At: 9, ID: 1, Exit: 2},
	&event.Finished{At: 10, Exit: 2, Processes: 2, Lines: 16},
}

func written(list ...event.Event) []byte {
	var b []byte
	for _, e := range list {
		b = append(e.AppendJSON(b), '\n')
	}
	return b
}

func compressed(t testing.TB, text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRead(t *testing.T) {
	for _, text := range [][]byte{written(story...), compressed(t, written(story...))} {
		tr, err := Read(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if tr.Cut != nil || tr.Skipped != 0 || tr.Lines != len(story) || len(tr.Procs) != 2 || tr.Length() != 10 {
			t.Errorf("%v, %d skipped, %d lines, %d processes, %v long", tr.Cut, tr.Skipped, tr.Lines, len(tr.Procs), tr.Length())
		}
		p := tr.Proc(2)
		if p.Parent != tr.Root() || !p.Failed() || p.CPU() != 5 || p.Died != 8 || p.Said != "no\n" || p.Dir != "/b" {
			t.Errorf("%+v", p)
		}
		if got := p.Line(); got != "cc #2 < make #1" {
			t.Errorf("its chain is %q", got)
		}
		if got := p.Program().CommandLine(); got != "/usr/bin/cc" {
			t.Errorf("its command is %q", got)
		}
		// What did something is what the process was then.
		if a, b := tr.Uses[0].Exec.Name(), tr.Uses[1].Exec.Name(); a != "make" || b != "cc" {
			t.Errorf("the uses are %s's and %s's", a, b)
		}
		if x := p.Execs[0]; x.Until != 5 || p.Execs[1].Until != 8 {
			t.Errorf("its programs lasted until %d and %d", x.Until, p.Execs[1].Until)
		}
		env := tr.Environ(p.Program())
		if slices.Sort(env); !slices.Equal(env, []string{"B=3", "C=4"}) {
			t.Errorf("its environment is %q", env)
		}
		if s := tr.Signals[0]; s.To != p || s.From != tr.Root() {
			t.Errorf("%+v", s)
		}
	}
}

// However much of a recording is there, what is there can be asked.
func TestReadCut(t *testing.T) {
	text := written(story...)
	head := bytes.IndexByte(text, '\n') + 1
	packed := compressed(t, text)
	for n := head; n < len(text); n++ {
		tr, err := Read(bytes.NewReader(text[:n]))
		if err != nil {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
		whole := bytes.Count(text[:n], []byte("\n"))
		if tr.Lines < whole || tr.Cut == nil && tr.Finish == nil {
			t.Fatalf("the first %d bytes: %d lines of %d, %v", n, tr.Lines, whole, tr.Cut)
		}
	}
	if tr, err := Read(bytes.NewReader(packed[:len(packed)-9])); err != nil || tr.Cut == nil {
		t.Errorf("a cut compressed recording: %v, %+v", err, tr)
	}
}

func TestReadForeign(t *testing.T) {
	for text, want := range map[string]error{
		"":             ErrForeign,
		"\n\n":         ErrForeign,
		"#!/bin/sh\n":  ErrForeign,
		"{}\n":         ErrForeign,
		"\x1f\x8bjunk": ErrForeign,
		"{\"v\":1,\"type\":\"summary\",\"time\":\"2026-11-22T01:02:03Z\",\"denials\":0,\"exit\":0}\n": ErrForeign,
		"{\"v\":2,\"type\":\"recording\"}\n": ErrNewer,
		string(written(story[1])):            ErrForeign,
	} {
		if _, err := Read(strings.NewReader(text)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
		if _, err := ReadHead(strings.NewReader(text)); !errors.Is(err, want) {
			t.Errorf("the head of %q: %v, want %v", text, err, want)
		}
	}
}

// Lines of a later version of the schema's are left out, and counted.
func TestReadUnknown(t *testing.T) {
	text := append(written(story[:3]...), "{\"v\":1,\"type\":\"dreamt\",\"at\":4,\"id\":1}\n"...)
	tr, err := Read(bytes.NewReader(append(text, written(story[14:]...)...)))
	if err != nil || tr.Skipped != 1 || tr.Cut != nil || tr.Finish == nil {
		t.Errorf("%v, %+v", err, tr)
	}
}

// Nobody is his own ancestor, whatever a damaged recording says.
func FuzzRead(f *testing.F) {
	f.Add(written(story...))
	f.Add(written(story[0], &event.Born{ID: 1, Parent: 2}, &event.Born{ID: 2, Parent: 1}, &event.Born{ID: 2, Parent: 2}))
	f.Add(written(story[0], &event.Born{ID: math.MaxInt}, &event.Used{ID: -1}, &event.Ended{ID: 1 << 19}))
	f.Add(compressed(f, written(story...)))
	f.Fuzz(func(t *testing.T, text []byte) {
		tr, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, p := range tr.Procs {
			if chain := p.Chain(); len(chain) > len(tr.Procs) {
				t.Fatalf("#%d has %d ancestors of %d processes", p.ID, len(chain), len(tr.Procs))
			}
			_ = p.Line()
			tr.Environ(p.Program())
		}
		if tr.Cut == nil && tr.Finish == nil {
			t.Error("it has no end and is not cut")
		}
	})
}
