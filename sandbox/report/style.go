package report

import (
	"os"

	"golang.org/x/sys/unix"
)

// style is how text is set off on a terminal that can do it.
type style bool

const (
	sgrReset = "\x1b[0m"
	sgrDim   = "\x1b[2m"
	sgrRed   = "\x1b[31m"
)

// UseColor says whether output to f may have colours: f is a terminal, NO_COLOR is unset or empty (no-color.org) and
// TERM is not "dumb".
func UseColor(f *os.File, getenv func(string) string) bool {
	if getenv("NO_COLOR") != "" || getenv("TERM") == "dumb" {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func (s style) red(text string) string { return s.set(sgrRed, text) }
func (s style) dim(text string) string { return s.set(sgrDim, text) }

func (s style) set(sgr, text string) string {
	if !s {
		return text
	}
	return sgr + text + sgrReset
}
