package ask

import (
	"bytes"
	"path"
	"strings"
	"testing"
	"time"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// script is a recording made up by a test. Its methods add events, a millisecond apart, and return them: a test may
// still set what is special about one. trail reads it all back from the lines that a recorder would write.
type script struct {
	t      testing.TB
	head   event.Recording
	at     int64
	ids    int
	dirs   map[int]string
	events []event.Event
	// interrupted: the recorder itself ended the tree.
	interrupted bool
}

// newScript begins with the command as #1, in /b.
func newScript(t testing.TB, command ...string) *script {
	s := &script{t: t, dirs: make(map[int]string), head: event.Recording{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Tool: "syd-trace test", Command: command, Dir: "/b",
		Env: []string{"PATH=/usr/bin:/bin", "HOME=/root"}, Host: "h", Kernel: "6.1", Machine: "x86_64", CPUs: 2,
	}}
	s.run(0, command...)
	return s
}

func (s *script) add(e event.Event) { s.events = append(s.events, e) }

// now is the time of the next event.
func (s *script) now() int64 { s.at += int64(time.Millisecond); return s.at }

// wait lets time pass.
func (s *script) wait(d time.Duration) { s.at += int64(d) }

// born forks a process and returns its number.
func (s *script) born(parent int) int {
	s.ids++
	e := &event.Born{At: s.now(), ID: s.ids, PID: 1000 + s.ids, Parent: parent}
	s.dirs[s.ids] = s.dirs[parent]
	if parent == 0 {
		e.Dir, s.dirs[s.ids] = "/b", "/b"
	}
	s.add(e)
	return s.ids
}

// exec makes a process a program of /usr/bin, or the one of an absolute name.
func (s *script) exec(id int, argv ...string) *event.Executed {
	file := argv[0]
	if !strings.HasPrefix(file, "/") {
		file = path.Join("/usr/bin", file)
	}
	e := &event.Executed{At: s.now(), ID: id, Path: file, Argv: argv, Dir: s.dirs[id]}
	s.add(e)
	return e
}

// run is born and exec.
func (s *script) run(parent int, argv ...string) int {
	id := s.born(parent)
	s.exec(id, argv...)
	return id
}

// use does something with a path.
func (s *script) use(id int, op, path string) *event.Used {
	e := &event.Used{At: s.now(), ID: id, Op: op, Path: path}
	s.add(e)
	return e
}

// fail tries something with a path.
func (s *script) fail(id int, op, path, errno string) *event.Used {
	e := s.use(id, op, path)
	e.Errno = errno
	return e
}

// move is a rename.
func (s *script) move(id int, from, to string) *event.Used {
	e := s.use(id, event.OpRename, from)
	e.To = to
	return e
}

// said is what a process wrote to descriptor 2.
func (s *script) said(id int, text string) { s.add(&event.Said{At: s.now(), ID: id, Text: text}) }

// end ends a process.
func (s *script) end(id, exit int) *event.Ended {
	e := &event.Ended{At: s.now(), ID: id, Exit: exit, User: int64(time.Millisecond), MaxRSS: 1 << 20, Threads: 1}
	s.add(e)
	return e
}

// killed ends a process by a signal.
func (s *script) killed(id int, signal string) { s.end(id, 0).Signal = signal }

// signal sends a signal from one process of the tree to another, or from outside with 0.
func (s *script) signal(from, to int, signal string) {
	s.add(&event.Signalled{At: s.now(), ID: to, Signal: signal, From: from})
}

// cut is the recording without its last line, as a recorder leaves it that was killed.
func (s *script) cut() *trail.Trail {
	s.t.Helper()
	text := append(s.head.AppendJSON(nil), '\n')
	for _, e := range s.events {
		text = append(e.AppendJSON(text), '\n')
	}
	return s.read(text)
}

// trail ends the command, unless the test did, and returns the recording.
func (s *script) trail(exit int) *trail.Trail {
	s.t.Helper()
	ended := false
	signal := ""
	for _, e := range s.events {
		if end, ok := e.(*event.Ended); ok && end.ID == 1 {
			ended, exit, signal = true, end.Exit, end.Signal
		}
	}
	if !ended {
		s.end(1, exit)
	}
	text := append(s.head.AppendJSON(nil), '\n')
	for _, e := range s.events {
		text = append(e.AppendJSON(text), '\n')
	}
	last := event.Finished{At: s.now(), Exit: exit, Signal: signal, Processes: s.ids, Lines: len(s.events) + 2,
		Interrupted: s.interrupted}
	return s.read(append(last.AppendJSON(text), '\n'))
}

func (s *script) read(text []byte) *trail.Trail {
	s.t.Helper()
	tr, err := trail.Read(bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	return tr
}

// shown is an answer as text, in lines of a width. It fails if there is anything in it that a terminal would obey.
func shown(t testing.TB, a Answer, width int) string {
	t.Helper()
	var b strings.Builder
	p := show.New(&b, width, false)
	a.Text(p)
	if p.Err() != nil {
		t.Fatal(p.Err())
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if line != "" && show.Q(strings.NewReplacer(" ", "", `"`, "", `\`, "").Replace(line)+"x") !=
			strings.NewReplacer(" ", "", `"`, "", `\`, "").Replace(line)+"x" {
			t.Errorf("a terminal would obey %q", line)
		}
		if strings.TrimRight(line, " ") != line {
			t.Errorf("a line ends in spaces: %q", line)
		}
	}
	return b.String()
}

// written is an answer as --json writes it.
func written(t testing.TB, a Answer) string {
	t.Helper()
	var b strings.Builder
	if err := show.JSON(&b, a); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// wants fails unless text has each part, in this order.
func wants(t testing.TB, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		i := strings.Index(rest, part)
		if i < 0 {
			t.Fatalf("no %q (in this order) in\n%s", part, text)
		}
		rest = rest[i+len(part):]
	}
}

// lacks fails if text has one of the parts.
func lacks(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%q is in\n%s", part, text)
		}
	}
}

// The script reads back as what it was.
func TestScript(t *testing.T) {
	s := newScript(t, "make")
	sh := s.run(1, "sh", "-c", "\xff")
	s.use(sh, event.OpMake, "/b/\x1bx")
	s.end(sh, 3)
	tr := s.trail(2)
	if len(tr.Procs) != 2 || tr.Proc(2).Parent != tr.Root() || !tr.Proc(2).Failed() || tr.Cut != nil || tr.Finish.Exit != 2 {
		t.Errorf("%+v", tr)
	}
	if got := tr.Uses[0]; got.Path != "/b/\x1bx" || got.Exec != tr.Proc(2).Execs[0] || tr.Proc(2).Execs[0].Argv[2] != "\xff" {
		t.Errorf("%+v", got)
	}
	if cut := newScript(t, "make").cut(); cut.Cut == nil {
		t.Error("a recording without its last line is whole")
	}
}
