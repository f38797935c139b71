package console

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"sydbox/policy"
	"sydbox/tracer/launch"
)

// statusError is an error with the exit status that it means.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// hintedError is an error with advice.
type hintedError struct {
	err   error
	hints []string
}

func (e *hintedError) Error() string { return e.err.Error() }
func (e *hintedError) Unwrap() error { return e.err }

// WithStatus adds the exit status that an error means.
func WithStatus(status int, err error) error { return &statusError{status, err} }

// WithHints adds advice to an error.
func WithHints(err error, hints ...string) error { return &hintedError{err, hints} }

// Fail prints an error with its hints and returns the exit status that goes with it: 125 unless the error says.
func (p Program) Fail(err error) int {
	var (
		text    strings.Builder
		mistake *policy.Error
		hinted  *hintedError
		setup   *launch.SetupError
		status  *statusError
	)
	message := err.Error()
	if errors.As(err, &mistake) {
		message = strings.Replace(message, mistake.Error(), mistake.Detail(), 1)
	}
	if errors.As(err, &setup) && setup.Hint != "" {
		message = strings.Replace(message, ": "+setup.Hint, "", 1)
	}
	fmt.Fprintf(&text, "%s: %s\n", p, message)
	if errors.As(err, &hinted) {
		for _, hint := range hinted.hints {
			fmt.Fprintf(&text, "%s: hint: %s\n", p, hint)
		}
	}
	if setup != nil && setup.Hint != "" {
		fmt.Fprintf(&text, "%s: hint: %s\n", p, setup.Hint)
	}
	printError(text.String())
	if errors.As(err, &status) {
		return status.status
	}
	return StatusFailed
}

// Hint prints advice, if there is any, where nothing of the program's own failed.
func (p Program) Hint(text string) {
	if text != "" {
		p.Say("hint: " + text)
	}
}

// Say prints a line, or several of one piece, that is no failure.
func (p Program) Say(text string) { printError(string(p) + ": " + text + "\n") }

// printError writes to standard error in one piece. If that fails there is nobody left to tell.
func printError(text string) { _, _ = Unstopped{os.Stderr}.Write([]byte(Harmless(text))) }
