package ask

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"sydbox/sandbox/report"
)

// newlineVariable is set before a command with words that end in newlines, which no command substitution can make.
const newlineVariable = `_nl=$(printf '\n.'); _nl=${_nl%.};`

// shQuote makes one word that any POSIX shell reads back as s, after newlineVariable if that is in it. What
// report.ShellQuote writes as $'...' is printf's work here.
func shQuote(s string) string {
	quoted := report.ShellQuote(s)
	if !strings.HasPrefix(quoted, "$'") {
		return quoted
	}
	text := strings.TrimRight(s, "\n")
	end := strings.Repeat("$_nl", len(s)-len(text))
	if text == "" {
		return `"` + end + `"`
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch char := text[i : i+size]; {
		case char == "'":
			b.WriteString(`\047`)
		case char == `\`:
			b.WriteString(`\\`)
		case char == "%":
			b.WriteString("%%")
		case !(r == utf8.RuneError && size == 1) && strconv.IsPrint(r):
			b.WriteString(char)
		default:
			for _, c := range []byte(char) {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		}
		i += size
	}
	return `"$(printf -- '` + b.String() + `')` + end + `"`
}
