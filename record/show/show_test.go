package show

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func printed(width int, color bool, f func(*Printer)) string {
	var b strings.Builder
	f(New(&b, width, color))
	return b.String()
}

func TestTable(t *testing.T) {
	table := func(p *Printer) {
		tab := Table{Head: []string{"files", "program", "first"}, Right: "r"}
		tab.Add("3", "cc1", "/usr/include/x86_64-linux-gnu/bits/types.h read by cc1 #77")
		tab.Add("120", "ld", "a")
		p.Table(&tab, 1)
	}
	for _, c := range []struct {
		width int
		want  string
	}{
		{0, ` files  program  first
     3  cc1      /usr/include/x86_64-linux-gnu/bits/types.h read by cc1 #77
   120  ld       a
`},
		{50, ` files  program  first
     3  cc1      /usr/include/x86_64-linux-gnu/
                   bits/types.h read by cc1 #77
   120  ld       a
`},
	} {
		if got := printed(c.width, false, table); got != c.want {
			t.Errorf("in %d columns:\n%s\nwant\n%s", c.width, got, c.want)
		}
	}
}

// Nothing is cut off, at no width: what is broken into lines has the same words.
func TestWrapKeepsAll(t *testing.T) {
	for _, text := range []string{
		"", "a", "one two three", strings.Repeat("x", 300), "/a/very/long/path/" + strings.Repeat("é/", 90), "  two  spaces ",
		strings.Repeat("界", 80), "word " + strings.Repeat("/", 70), New(nil, 0, true).Paint(Bad, "red words that go on") + " and more",
	} {
		for width := range 60 {
			got := printed(width, true, func(p *Printer) { p.Wrap(3, text) })
			if squeeze(got) != squeeze(text) {
				t.Fatalf("%q in %d columns becomes %q", text, width, got)
			}
			for line := range strings.Lines(got) {
				if !utf8.ValidString(line) {
					t.Fatalf("%q in %d columns is cut within a character: %q", text, width, line)
				}
			}
		}
	}
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

func TestWrapFits(t *testing.T) {
	text := strings.Repeat("some words of a line ", 12)
	for width := 30; width < 90; width++ {
		for line := range strings.Lines(printed(width, false, func(p *Printer) { p.Wrap(2, text) })) {
			if n := columns(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("in %d columns one has %d: %q", width, n, line)
			}
		}
	}
}

func TestPaint(t *testing.T) {
	if got := New(nil, 0, false).Paint(Bad, "x"); got != "x" {
		t.Errorf("without colours: %q", got)
	}
	if got := New(nil, 0, true).Paint(Bad, "x"); got != "\x1b[31mx\x1b[0m" || columns(got) != 1 {
		t.Errorf("with colours: %q, %d columns", got, columns(got))
	}
}

type broken struct{ writes int }

var errBroken = errors.New("broken")

func (b *broken) Write(p []byte) (int, error) {
	b.writes++
	return 0, errBroken
}

// After an error nothing is written any more.
func TestErr(t *testing.T) {
	w := &broken{}
	p := New(w, 0, false)
	p.Line("one")
	p.Heading("two")
	if p.Err() != errBroken || w.writes != 1 {
		t.Errorf("%v after %d writes", p.Err(), w.writes)
	}
}

// A terminal that shows the JSON obeys nothing in it, and who parses it gets every byte back.
func TestJSON(t *testing.T) {
	hostile := "a\x1b[31m\u009b\u202e\U000e0041é<&>\n\x7f"
	var b strings.Builder
	if err := JSON(&b, map[string]any{"text": Bytes(hostile), "bytes": Bytes("\xff\x1b")}); err != nil {
		t.Fatal(err)
	}
	for _, r := range b.String() {
		if r != '\n' && (r < 0x20 || r == 0x7f || r == 0x9b || r == 0x202e || r == 0xe0041) {
			t.Errorf("%U is raw in %q", r, b.String())
		}
	}
	var back struct {
		Text  string
		Bytes struct {
			B64 []byte
		}
	}
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil {
		t.Fatal(err)
	}
	if back.Text != hostile || string(back.Bytes.B64) != "\xff\x1b" {
		t.Errorf("%q comes back as %+v", b.String(), back)
	}
}
