// Package show writes answers for people: tables and lines that fit a terminal, with nothing in them that a terminal
// would obey and nothing cut off. What is too long for a line is continued on the next, indented.
package show

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"sydbox/event"
)

// Printer writes text of a certain width. The first error of the writer ends all further output; Err returns it.
type Printer struct {
	w     io.Writer
	width int
	color bool
	err   error
}

// New writes to w, in lines of at most width columns where words allow it; 0 means that lines have no end. With color,
// headings and failures are marked as a terminal does.
func New(w io.Writer, width int, color bool) *Printer {
	return &Printer{w: w, width: width, color: color}
}

// Err is the first error of the writer.
func (p *Printer) Err() error { return p.err }

// Width is the columns that a line has; 0 if it has no end.
func (p *Printer) Width() int { return p.width }

// Styles are what marks text on a terminal with colours.
type Style string

// The styles.
const (
	Plain Style = ""
	Bold  Style = "1"
	Faint Style = "2"
	Bad   Style = "31"
	Good  Style = "32"
	Warn  Style = "33"
)

// Paint marks text, which must be safe already.
func (p *Printer) Paint(s Style, text string) string {
	if !p.color || s == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// Heading writes a line that begins a part, after an empty one unless it is the first.
func (p *Printer) Heading(format string, args ...any) {
	p.write(p.Paint(Bold, fmt.Sprintf(format, args...)) + "\n")
}

// Line writes one line, which must be safe already: quote what a tracee chose with Q.
func (p *Printer) Line(format string, args ...any) { p.write(fmt.Sprintf(format, args...) + "\n") }

// Gap writes an empty line.
func (p *Printer) Gap() { p.write("\n") }

func (p *Printer) write(text string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, text)
	}
}

// Q makes what a tracee chose safe to show.
func Q(s string) string { return event.Quote(s) }

// columns is how wide text is on a terminal, without the marks of Paint.
func columns(s string) (n int) {
	for len(s) > 0 {
		if strings.HasPrefix(s, "\x1b[") {
			if end := strings.IndexByte(s, 'm'); end >= 0 {
				s = s[end+1:]
				continue
			}
		}
		_, size := utf8.DecodeRuneInString(s)
		s, n = s[size:], n+1
	}
	return n
}
