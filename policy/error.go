package policy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is a mistake in a policy, with the place where it is. Load, With and WithProfile return no other type.
type Error struct {
	// Source is the file, the embedded profile, or "command line".
	Source string
	// Line and Column are 1-based, Column in bytes; Line is 0 on the command line. Width is how many bytes of the
	// line are meant, at least 1.
	Line, Column, Width int
	// Message says what is wrong; Hint what to write instead, and may be empty.
	Message, Hint string
	// LineText is the line itself, or the flag with its value, as written: it may hold any byte.
	LineText string
	// Err is the cause where another package reported one.
	Err error
}

// Error is one line: file:line:column: message.
func (e *Error) Error() string {
	if e.Line == 0 {
		return printable(e.Source) + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", printable(e.Source), e.Line, e.Column, e.Message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Detail is Error followed by the line, a caret below the place, and the hint. It ends without a newline. What the
// line holds of control bytes is quoted.
func (e *Error) Detail() string {
	var b strings.Builder
	b.WriteString(e.Error())
	if e.LineText != "" {
		number := ""
		if e.Line > 0 {
			number = fmt.Sprint(e.Line)
		}
		text, caret := e.underline()
		fmt.Fprintf(&b, "\n  %s | %s\n  %*s | %s", number, text, len(number), "", caret)
	}
	if e.Hint != "" {
		b.WriteString("\n  " + e.Hint)
	}
	return b.String()
}

// underline returns the line as it can be shown and the line of carets below it.
func (e *Error) underline() (text, caret string) {
	var t, c strings.Builder
	from := e.Column - 1
	to := from + max(e.Width, 1)
	for i := 0; i < len(e.LineText); {
		shown, size := printableRune(e.LineText[i:])
		t.WriteString(shown)
		switch {
		case i+size > from && i < to:
			c.WriteString(strings.Repeat("^", columns(shown)))
		case i >= to:
		case shown == "\t": // stays a tab, so that it is as wide as the one above
			c.WriteByte('\t')
		default:
			c.WriteString(strings.Repeat(" ", columns(shown)))
		}
		i += size
	}
	if from >= len(e.LineText) {
		c.WriteByte('^')
	}
	return t.String(), c.String()
}

// printableRune returns how the first character of s is shown and how many bytes it has. Control characters, bytes that
// are not UTF-8 and characters that reorder the line are quoted.
func printableRune(s string) (shown string, size int) {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && size == 1 || r < utf8.RuneSelf && r != '\t' && !unicode.IsPrint(r):
		return fmt.Sprintf(`\x%02x`, s[0]), size
	case r == '\t' || unicode.IsPrint(r):
		return s[:size], size
	}
	return fmt.Sprintf(`\u{%x}`, r), size
}

// printable returns s with what could harm a terminal quoted.
func printable(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		shown, size := printableRune(s)
		if shown == "\t" {
			shown = `\t`
		}
		b.WriteString(shown)
		s = s[size:]
	}
	return b.String()
}

// columns is how many columns of a terminal s takes.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r): // combines with the one before
		case wide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// wide says whether terminals give r two columns (the blocks of Unicode's East Asian Width W and F).
func wide(r rune) bool {
	return r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 ||
		r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 ||
		r >= 0xffe0 && r <= 0xffe6 || r >= 0x1f300 && r <= 0x1faff || r >= 0x20000 && r <= 0x3fffd)
}
