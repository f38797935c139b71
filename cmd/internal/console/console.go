// Package console is what the commands have in common: how their arguments are parsed, how failures are told, which
// status they end with.
//
// Rules of what a person reads:
//
//   - Answers that were asked for go to standard output; everything else to standard error.
//   - There are two ways to fail: with an error, or with an error and hints. An error is one line, "sydbox: ", what
//     failed, on what, why; a hint is one line, "sydbox: hint: ". A mistake in a policy also shows its line with a
//     caret.
//   - No capital at the start, no full stop at the end. Each error is printed once, at the top.
//   - What is not from this program's own text (names, arguments, paths) is quoted with event.Quote.
//   - Denials are told by package sandbox/report, under rules of its own.
package console

// Program is a command of this project, by its name.
type Program string
