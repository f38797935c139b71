package main

import (
	"fmt"
	"strings"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// live tells what is recorded, one line for each event, as in
//
//	+3.214s cc1 #77 read /usr/include/stdio.h
//
// It is a watcher.
type live struct {
	p      *show.Printer
	filter liveFilter
	names  *roster
}

func newLive(p *show.Printer, filter liveFilter, names *roster) *live {
	return &live{p: p, filter: filter, names: names}
}

func (l *live) line(text []byte) {
	e, err := event.ParseRecorded(text)
	if err != nil {
		return // the recorder's own lines are right
	}
	l.names.note(e)
	said, ok := l.tell(e)
	if !ok || !l.filter.wants(said, l.names) {
		return
	}
	style := show.Plain
	if said.failed {
		style = show.Bad
	}
	l.p.Line("%s %s %s", l.p.Paint(show.Faint, fmt.Sprintf("%+.3fs", float64(said.at)/1e9)), l.names.of(said.id),
		l.p.Paint(style, said.text))
}

// said is an event in words.
type said struct {
	at     int64
	id     int
	text   string // safe on a terminal
	paths  []string
	failed bool
}

// tell says in words what is not said elsewhere.
func (l *live) tell(e event.Event) (s said, ok bool) {
	switch e := e.(type) {
	case *event.Born:
		from := "started by " + l.names.of(e.Parent)
		if e.Parent == 0 {
			from = "started in " + show.Q(e.Dir)
		}
		if e.Attached {
			from = "ran already, in " + show.Q(e.Dir)
		}
		return said{at: e.At, id: e.ID, text: fmt.Sprintf("%s, pid %d", from, e.PID)}, true
	case *event.Executed:
		x := trail.Exec{Executed: *e}
		return said{at: e.At, id: e.ID, text: "exec " + show.Q(e.Path) + ": " + x.CommandLine(),
			paths: []string{e.Path, e.Script}}, true
	case *event.Used:
		return usedInWords(e), true
	case *event.Reached:
		s = said{at: e.At, id: e.ID, text: e.Op + " " + show.Q(e.Address)}
		if e.Host != "" {
			s.text += " (" + show.Q(e.Host) + ")"
		}
		s.result(e.Errno, e.Errno != "" && e.Errno != "EINPROGRESS", e.Denied)
		return s, true
	case *event.Asked:
		answer := "no answer seen"
		if len(e.Addresses) > 0 {
			answer = show.Q(strings.Join(e.Addresses, ","))
		}
		return said{at: e.At, id: e.ID, text: fmt.Sprintf("name %s: %s", show.Q(e.Host), answer)}, true
	case *event.Signalled:
		return l.signalled(e), true
	case *event.Hinted:
		return said{at: e.At, id: e.ID, text: strings.TrimSpace("hint " + e.What + " " + e.Call)}, true
	case *event.Ended:
		s = said{at: e.At, id: e.ID, text: fmt.Sprintf("ended with %d", e.Exit), failed: e.Exit != 0}
		if e.Signal != "" {
			s.text, s.failed = "killed by "+e.Signal, true
		}
		return s, true
	}
	return s, false
}

func usedInWords(e *event.Used) said {
	s := said{at: e.At, id: e.ID, text: e.Op + " " + show.Q(e.Path), paths: []string{e.Path}}
	switch {
	case e.Op == event.OpSymlink:
		s.text += " -> " + show.Q(e.To)
	case e.To != "":
		s.text += " -> " + show.Q(e.To)
		s.paths = append(s.paths, e.To)
	}
	if e.Count > 1 {
		s.text += fmt.Sprintf(" ×%d", e.Count)
	}
	// EINVAL is readlink(2)'s answer for what is no link.
	s.result(e.Errno, e.Errno != "" && !(e.Op == event.OpLook && e.Errno == "EINVAL" && !e.Injected), e.Denied)
	if e.Injected {
		s.text += " (made up)"
	}
	return s
}

func (s *said) result(errno string, failed bool, denied string) {
	if errno != "" {
		s.text += " = " + errno
	}
	if denied != "" {
		s.text += " (denied by " + show.Q(denied) + ")"
	}
	s.failed = failed || denied != ""
}

func (l *live) signalled(e *event.Signalled) said {
	s := said{at: e.At, id: e.ID, text: "got " + e.Signal, failed: true}
	switch {
	case e.ID == 0: // it went outside: it is its sender that is told of
		s.id, s.text = e.From, fmt.Sprintf("sent %s to pid %d", e.Signal, e.PID)
	case e.From != 0:
		s.text += " from " + l.names.of(e.From)
	case e.PID != 0:
		s.text += fmt.Sprintf(" from pid %d", e.PID)
	}
	return s
}
