package main

import (
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

// printer writes text for people to a file.
func printer(f *os.File) *show.Printer {
	return show.New(console.Unstopped{File: f}, width(f), report.UseColor(f, os.Getenv))
}
