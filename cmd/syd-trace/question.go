package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/record/ask"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// question is what every question can be asked with.
type question struct {
	recordingFlag
	JSON bool `name:"json" help:"Write the answer as JSON."`
}

// recordingFlag says which recording is meant.
type recordingFlag struct {
	Recording string `short:"r" placeholder:"RECORDING" help:"A file, or @2 for the one before the latest, @1."`
}

// trail reads the recording. What is missing of it is told: the answer is from what is there.
func (q *recordingFlag) trail() (*trail.Trail, error) { return openRecording(q.Recording) }

// answer writes an answer and sets the status.
func (q *question) answer(a ask.Answer, status *int) error {
	*status = a.Status()
	if q.JSON {
		return show.JSON(os.Stdout, a)
	}
	p := printer(os.Stdout)
	a.Text(p)
	return p.Err()
}

// openRecording reads a recording by what was typed: nothing for the latest, "@2" for the one before, "-" for standard
// input, or a file. What is missing of it is told on standard error.
func openRecording(typed string) (*trail.Trail, error) {
	name, err := recordingName(typed)
	if err != nil {
		return nil, err
	}
	t, err := readRecording(name)
	if err != nil {
		return nil, err
	}
	switch {
	case t.Cut != nil && isBusy(name):
		self.Say("note: the recording is still being made; this is told from what is there")
	case t.Cut != nil:
		self.Say("note: the recording is not complete (" + t.Cut.Error() + "); this is told from what is there")
	}
	if t.Skipped > 0 {
		left := "1 of its lines is left out"
		if t.Skipped > 1 {
			left = fmt.Sprintf("%d of its lines are left out", t.Skipped)
		}
		self.Say("note: a newer syd-trace made this recording; " + left)
	}
	return t, nil
}

// readRecording reads the recording in a file. A FIFO that nobody writes to is not waited for.
func readRecording(name string) (*trail.Trail, error) {
	f, label := os.Stdin, "standard input"
	if name != "-" {
		var err error
		label = event.Quote(name)
		if f, err = os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0); err != nil {
			return nil, unopened(label, err)
		}
		defer f.Close()
	} else if isTerminal(f) {
		return nil, console.WithHints(errors.New("standard input is a terminal, and no recording"),
			"write a recording to it, as in syd-trace summary -r - < FILE")
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		return nil, unopened(label, unix.EISDIR)
	}
	t, err := trail.Read(f)
	switch {
	case err != nil && info != nil && info.Mode()&fs.ModeNamedPipe != 0 && name != "-":
		return nil, console.WithHints(fmt.Errorf("%s: %w, or nobody writes to this FIFO", label, err), recordingHint)
	case errors.Is(err, trail.ErrNewer):
		return nil, console.WithHints(fmt.Errorf("%s: %w", label, err), "ask the syd-trace that recorded it, or a later one")
	case err != nil:
		return nil, console.WithHints(fmt.Errorf("%s: %w", label, err), recordingHint)
	}
	return t, nil
}

const recordingHint = "syd-trace record -o FILE -- CMD makes a recording, syd-trace list shows those that are kept"

// unopened is the error for a file that cannot be read.
func unopened(label string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return console.WithHints(fmt.Errorf("%s: the recording cannot be read: %w", label, err), recordingHint)
}
