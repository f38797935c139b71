package page

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"sydbox/event"
	"sydbox/record/trail"
)

// marks are the sequences by which programs colour text and erase the rest of a line.
var marks = regexp.MustCompile("\x1b\\[[0-9;]*[mK]")

// showText makes text of several lines safe: newlines and tabs stay, colours go, whatever else is not printable is
// escaped as event.Quote does.
func showText(s string) string {
	s = marks.ReplaceAllString(s, "")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	start := 0
	flush := func(end int) {
		if start == end {
			return
		}
		quoted := event.Quote(s[start:end] + " ") // the space makes sure of quotes, to be cut off
		b.WriteString(quoted[1 : len(quoted)-2])
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\n', '\t', '"', '\\':
			flush(i)
			b.WriteByte(s[i])
			start = i + 1
		}
	}
	flush(len(s))
	return b.String()
}

// warnings say what the page cannot show.
func warnings(t *trail.Trail) (list []string) {
	if t.Cut != nil {
		list = append(list, "The recording is cut off: "+showText(t.Cut.Error())+". What is there is shown.")
	}
	if t.Skipped > 0 {
		list = append(list, fmt.Sprintf("%d lines of the recording are of a newer kind and are not shown.", t.Skipped))
	}
	if t.Finish != nil && t.Finish.Interrupted {
		list = append(list, "The recording was ended before the command was.")
	}
	if len(t.Procs) == 0 {
		list = append(list, "No process was recorded.")
	}
	for i, s := range list {
		list[i] = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, s)
	}
	return list
}
