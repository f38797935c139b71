package report

import (
	"fmt"
	"io"
	"sync"

	"sydbox/event"
	"sydbox/policy"
)

// Rules of what a person reads:
//
//   - It is written to standard error, each block with one write, so that the command's own output does not tear it.
//   - Every first line starts with "sydbox: ", what belongs to it is indented by two spaces.
//   - A denial is shown once, however often it repeats; muted ones are never shown, nor is what nobody saw.
//   - If nothing was denied nothing is written.
//   - A command is suggested only if deciding again with it allows what was denied.

// Options say how a Terminal writes and what it may suggest.
type Options struct {
	// Quiet keeps everything back.
	Quiet bool
	// Color allows SGR sequences; see UseColor.
	Color bool
	// Policy is what decided. With nil nothing is suggested.
	Policy *policy.Policy
	// Home is the user's home directory, which is never suggested as a whole. May be empty.
	Home string
	// Flags are those that sydbox run was given, Command is what it ran: a suggestion repeats both.
	Flags, Command []string
	// Logged says that every denial is in a log already, so none is recommended.
	Logged bool
}

// Terminal writes denials for people. It implements sandbox.Reporter.
type Terminal struct {
	mu    sync.Mutex
	w     io.Writer
	o     Options
	tally tally
	shown int
}

// maxShown is how many different denials are shown as they happen; more would bury the command's own output.
const maxShown = 20

// NewTerminal returns a Terminal that writes to w.
func NewTerminal(w io.Writer, o Options) *Terminal { return &Terminal{w: w, o: o} }

// Denied shows d if it is the first of its kind.
func (t *Terminal) Denied(d *event.Denial) {
	if d.Action == "mute" || d.Action == "unseen" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	_, isNew := t.tally.add(d)
	if !isNew || t.o.Quiet || t.shown > maxShown {
		return
	}
	t.shown++
	if t.shown > maxShown {
		// Errors of writing to a terminal are nobody's business any more; the log keeps its own.
		_, _ = io.WriteString(t.w, "sydbox: there are more; from here on they are only counted\n")
		return
	}
	_, _ = io.WriteString(t.w, block(d, style(t.o.Color)))
}

// Summary writes what the run came to, after its end. It writes nothing if nothing was denied.
func (t *Terminal) Summary() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.o.Quiet || t.tally.total == 0 {
		return
	}
	_, _ = io.WriteString(t.w, t.summary())
}

func plural(n int, one, many string) string {
	if n == 1 {
		return fmt.Sprintf("1 %s", one)
	}
	return fmt.Sprintf("%d %s", n, many)
}
