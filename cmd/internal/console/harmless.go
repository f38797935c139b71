package console

import (
	"strings"
	"unicode/utf8"

	"sydbox/event"
)

// Harmless escapes what no terminal should get: errors of the system and of the flag parser repeat what they were
// given.
func Harmless(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && (r < ' ' || r > '~') }) {
		return text
	}
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
