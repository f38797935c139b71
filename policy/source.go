package policy

import (
	"slices"
	"strings"
)

// source is a text that rules come from: a policy file, or one flag of the command line with its value.
type source struct {
	name string // for people
	text string
	flag bool // one flag: it has no line number
	// lines has the offset of each line.
	lines []int
}

func newSource(name, text string) *source {
	s := &source{name: name, text: text, lines: []int{0}}
	for i := range len(text) {
		if text[i] == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// span is a part of a source, in bytes.
type span struct{ off, end int }

// place is a span in its source.
type place struct {
	src *source
	span
}

// problem is what is wrong with a pattern or word, in bytes of its text.
type problem struct {
	off, width int
	msg, hint  string
}

// position returns the place's line and column, 1-based; on the command line the line is 0.
func (p place) position() (line, column int) {
	off := min(max(p.off, 0), len(p.src.text))
	if p.src.flag {
		return 0, off + 1
	}
	line, found := slices.BinarySearch(p.src.lines, off)
	if found {
		line++
	}
	return line, off - p.src.lines[line-1] + 1
}

// fail makes an Error of the place.
func (p place) fail(msg, hint string) *Error {
	line, column := p.position()
	text := p.src.text
	if line > 0 {
		text, _, _ = strings.Cut(text[p.src.lines[line-1]:], "\n")
		text = strings.TrimSuffix(text, "\r")
	}
	width := p.end - p.off
	column = min(column, len(text)+1)
	width = max(min(width, len(text)-(column-1)), 1)
	return &Error{Source: p.src.name, Line: line, Column: column, Width: width, Message: msg, Hint: hint, LineText: text}
}

// failIn makes an Error of a problem inside the value at p. A value that is spelled with escapes is marked whole.
func (p place) failIn(value string, pr *problem) *Error {
	raw := p.src.text[p.off:p.end]
	quote := 0
	if !p.src.flag {
		quote = 1
	}
	if strings.HasPrefix(raw, `"""`) || strings.HasPrefix(raw, "'''") {
		quote = 3
	}
	if len(raw) >= 2*quote && raw[quote:len(raw)-quote] == value {
		p.off += quote + pr.off
		p.end = p.off + max(pr.width, 1)
	}
	return p.fail(pr.msg, pr.hint)
}
