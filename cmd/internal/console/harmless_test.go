package console

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzHarmless: an error that repeats what it was given shows all of it and lets none of it reach the terminal as more
// than text.
func FuzzHarmless(f *testing.F) {
	for _, s := range []string{"", "no such file\n", "\x1b]0;x\a", "\xff\xfe", "\u202e", `"a\b"`, "a\tb", "\u0085", "\U000e0041"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Harmless(s)
		if !utf8.ValidString(got) {
			t.Fatalf("%q becomes %q", s, got)
		}
		for _, r := range got {
			if r != '\n' && r != '\t' && (r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0x200b && r <= 0x200f ||
				r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff || r >= 0xe0000 && r <= 0xe007f) {
				t.Fatalf("%q becomes %q", s, got)
			}
		}
		if strings.Count(got, "\n") != strings.Count(s, "\n") || len(got) < len(s) {
			t.Fatalf("%q becomes %q", s, got)
		}
	})
}
