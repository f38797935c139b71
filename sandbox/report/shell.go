package report

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// ShellQuote makes one word that a shell reads back as s. A word with bytes that no terminal should see uses $'…',
// which bash, zsh, ksh, busybox sh and POSIX.1-2024 read.
func ShellQuote(s string) string {
	if s != "" && strings.IndexFunc(s, special) < 0 {
		return s
	}
	if showable(s) {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		char := s[i : i+size]
		i += size
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteString(char)
		case showable(char):
			b.WriteString(char)
		default:
			// Three octal digits for each byte: unlike \x, the escape cannot swallow what follows.
			for _, c := range []byte(char) {
				b.Write([]byte{'\\', '0' + c>>6, '0' + c>>3&7, '0' + c&7})
			}
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// special is everything but the characters that no shell gives a meaning anywhere in an argument.
func special(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	}
	return !strings.ContainsRune("/._-+:,@%=", r)
}

// showable says that s is UTF-8 and all of it printable.
func showable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) < 0
}

// shellJoin quotes words and joins them with spaces.
func shellJoin(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = ShellQuote(w)
	}
	return strings.Join(quoted, " ")
}
