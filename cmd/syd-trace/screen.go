package main

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"sydbox/cmd/internal/console"
	"sydbox/record/show"
	"sydbox/sandbox/report"
)

// isTerminal says whether a file is one.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// width is the columns of a terminal; 0, which is no limit, for anything else. COLUMNS goes before what it says itself.
func width(f *os.File) int {
	if !isTerminal(f) {
		return 0
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 {
		return int(size.Col)
	}
	return 80
}

// printer writes text for people to a file. What is said beside a command that runs must not depend on what that does to
// the terminal.
func printer(f *os.File) *show.Printer {
	var w io.Writer = f
	if f == os.Stderr {
		w = console.Unstopped{File: f}
	}
	return show.New(w, width(f), report.UseColor(f, os.Getenv))
}
