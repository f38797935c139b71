package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"sydbox/event"
	"sydbox/policy"
	"sydbox/tracer/launch"
)

// Rules of what a person reads:
//
//   - Answers that were asked for (check, policy, --help) go to standard output; everything else to standard error.
//   - There are two ways to fail: with an error, or with an error and hints. An error is one line, "sydbox: ", what
//     failed, on what, why; a hint is one line, "sydbox: hint: ". A mistake in a policy also shows its line with a
//     caret.
//   - No capital at the start, no full stop at the end. Each error is printed once, here.
//   - What is not from this program's own text (names, arguments, paths) is quoted with event.Quote.
//   - Denials are told by package report, under rules of its own.

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

func withStatus(status int, err error) error { return &statusError{status, err} }

func withHints(err error, hints ...string) error { return &hintedError{err, hints} }

func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }

// fail prints an error with its hints and returns the exit status that goes with it: 125 unless the error says.
func fail(err error) int {
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
	fmt.Fprintf(&text, "sydbox: %s\n", message)
	if errors.As(err, &hinted) {
		for _, hint := range hinted.hints {
			fmt.Fprintf(&text, "sydbox: hint: %s\n", hint)
		}
	}
	if setup != nil && setup.Hint != "" {
		fmt.Fprintf(&text, "sydbox: hint: %s\n", setup.Hint)
	}
	printError(text.String())
	if errors.As(err, &status) {
		return status.status
	}
	return statusFailed
}

// hint prints advice, if there is any, where nothing of sydbox's own failed.
func hint(text string) {
	if text != "" {
		printError("sydbox: hint: " + text + "\n")
	}
}

// printError writes to standard error in one piece. If that fails there is nobody left to tell.
func printError(text string) { _, _ = os.Stderr.WriteString(harmless(text)) }

// harmless escapes what no terminal should get: errors of the system and of the flag parser repeat what they were
// given.
func harmless(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		char := text[i : i+size]
		if r != '\n' && r != '\t' && r != '\\' && r != '"' {
			char = strings.Trim(event.Quote(char), `"`)
		}
		b.WriteString(char)
		i += size
	}
	return b.String()
}
