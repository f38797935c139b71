package ask

import (
	"sydbox/record/show"
	"sydbox/record/trail"
)

// Actor is a process at the time when it did something.
type Actor struct {
	Proc    int          `json:"process"`
	PID     int          `json:"pid"`
	Name    show.Bytes   `json:"name"`
	Argv    []show.Bytes `json:"argv,omitempty"`
	Dir     show.Bytes   `json:"dir,omitempty"`
	Parents []ActorName  `json:"parents,omitempty"` // the nearest first
	line    string
	command string
}

// ActorName names a process.
type ActorName struct {
	Proc int        `json:"process"`
	Name show.Bytes `json:"name"`
}

// actor describes a process as the program that it was at a time.
func actor(p *trail.Proc, at int64) *Actor {
	if p == nil {
		return nil
	}
	x := p.At(at)
	a := &Actor{Proc: p.ID, PID: p.PID, Name: show.Bytes(x.Name()), line: chainLine(chainAt(p, at))}
	if x != nil {
		a.Argv, a.Dir, a.command = show.Strings(x.Argv), show.Bytes(x.Dir), x.CommandLine()
	}
	for q := p.Parent; q != nil; q = q.Parent {
		a.Parents = append(a.Parents, ActorName{q.ID, show.Bytes(q.At(at).Name())})
	}
	return a
}

// Line is the process and its parents: "cc1 #77 < gcc #76 < make #3". It is safe on a terminal.
func (a *Actor) Line() string {
	if a == nil {
		return "?"
	}
	return a.line
}

// Command is what it ran, as words of a shell, and where. It is safe on a terminal.
func (a *Actor) Command() string {
	switch {
	case a == nil:
		return ""
	case a.Dir == "":
		return a.command
	}
	return a.command + "   in " + show.Q(string(a.Dir))
}
