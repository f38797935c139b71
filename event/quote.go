package event

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Quote makes a string from a tracee safe and unambiguous on a terminal. What is printable stays as it is. A string
// that is empty, has a space, a quote, a backslash or anything that is not printable comes back in double quotes with
// escapes: \xNN for a byte that is not UTF-8 or an ASCII control, \uNNNN for other controls and for bidirectional and
// invisible formatting characters. strconv.Unquote undoes a quoted one.
func Quote(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	b.WriteByte('"')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1, r < 0x20, r == 0x7f:
			b.WriteString(`\x`)
			b.WriteByte(hex[s[i]>>4])
			b.WriteByte(hex[s[i]&15])
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteByte(byte(r))
		case printable(r):
			b.WriteString(s[i : i+size])
		case r > 0xffff:
			b.WriteString(`\U`)
			writeHex(&b, r, 8)
		default:
			b.WriteString(`\u`)
			writeHex(&b, r, 4)
		}
		i += size
	}
	b.WriteByte('"')
	return b.String()
}

const hex = "0123456789abcdef"

func isPlain(s string) bool {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || r == ' ' || r == '"' || r == '\\' || !printable(r) {
			return false
		}
		i += size
	}
	return s != ""
}

// printable is Unicode's letters, marks, numbers, punctuation and symbols, and the ASCII space. Controls (C0, C1), the
// formatting characters (Cf: bidirectional overrides, joiners, tags), line separators and unassigned code points are
// not.
func printable(r rune) bool { return strconv.IsPrint(r) }

func writeHex(b *strings.Builder, r rune, digits int) {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		b.WriteByte(hex[r>>shift&15])
	}
}
