package main

import (
	"sydbox/event"
	"sydbox/record/trail"
)

// roster knows the living processes of a recording while it is made: what each is, and by which name tables call it.
type roster struct {
	procs map[int]*trail.Proc
	born  int
	// gone are those whose end was the last event: it is still told by their names.
	gone int
}

func newRoster() *roster { return &roster{procs: make(map[int]*trail.Proc)} }

// note takes in an event.
func (r *roster) note(e event.Event) {
	delete(r.procs, r.gone)
	r.gone = 0
	switch e := e.(type) {
	case *event.Born:
		r.born++
		p := &trail.Proc{ID: e.ID, PID: e.PID, Born: e.At}
		if parent := r.procs[e.Parent]; parent != nil && len(parent.Execs) > 0 {
			p.Execs = parent.Execs[len(parent.Execs)-1:] // what it is until it executes something
		}
		r.procs[e.ID] = p
	case *event.Executed:
		if p := r.procs[e.ID]; p != nil {
			p.Execs = []*trail.Exec{{Executed: *e, Proc: p}}
		}
	case *event.Ended:
		r.gone = e.ID
	}
}

// alive counts the living.
func (r *roster) alive() int {
	n := len(r.procs)
	if r.procs[r.gone] != nil {
		n--
	}
	return n
}

// of is the name of a process, "cc1 #77". It is safe on a terminal.
func (r *roster) of(id int) string {
	if p := r.procs[id]; p != nil {
		return p.String()
	}
	return (&trail.Proc{ID: id}).String()
}

// program is what a process is; nil if that is not known.
func (r *roster) program(id int) *trail.Exec {
	if p := r.procs[id]; p != nil {
		return p.Program()
	}
	return nil
}
