// Package report tells people and machines what a sandbox denied.
//
// Terminal writes a short block for each new denial and a summary at the end; Log writes every denial as a line of JSON
// (docs/schema.md). Both take denials from the sandbox's reporting goroutine and are finished by the program after the
// run; their methods may be called from any goroutine. Nothing in here can change a decision, and nothing that a tracee
// chose (paths, program names, arguments) reaches a terminal unquoted.
package report

import "sydbox/event"

// Reporter is told of denials; it has the shape of sandbox.Reporter.
type Reporter interface {
	Denied(d *event.Denial)
}

// Tee tells several Reporters, in order. A nil Reporter is left out.
func Tee(reporters ...Reporter) Reporter {
	var t tee
	for _, r := range reporters {
		if r != nil {
			t = append(t, r)
		}
	}
	return t
}

type tee []Reporter

// Denied implements Reporter.
func (t tee) Denied(d *event.Denial) {
	for _, r := range t {
		r.Denied(d)
	}
}
