package ask

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// tomlQuote is a basic string of TOML. What is not plainly printable is escaped, so that nothing in it can end the
// string or the line, or show as something else.
func tomlQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == utf8.RuneError || r > 0x7e && !strconv.IsPrint(r) && r <= 0xffff, r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		case !strconv.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
