package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var when = time.Date(2026, 11, 22, 1, 2, 3, 4_000, time.UTC)

func example() *Denial {
	return &Denial{
		Time: when, Action: "deny", Op: "create", Errno: "EACCES", Call: "openat", Flags: "O_WRONLY|O_CREAT",
		Typed: "../x", Path: "/usr/local/bin/hello", Dir: "/home/a", PID: 4121, TID: 4121,
		Chain: []Process{{4121, "install"}, {4102, "make"}},
		Rule:  Rule{Section: "write", Action: "deny", Text: "default", Source: "build", Line: 7, Column: 1},
	}
}

func TestDenialJSON(t *testing.T) {
	const want = `{"v":1,"type":"denial","time":"2026-11-22T01:02:03.000004000Z","action":"deny","op":"create",` +
		`"errno":"EACCES","call":"openat","flags":"O_WRONLY|O_CREAT","typed":"../x","path":"/usr/local/bin/hello",` +
		`"dir":"/home/a","pid":4121,"tid":4121,"chain":[{"pid":4121,"name":"install"},{"pid":4102,"name":"make"}],` +
		`"rule":{"line":7,"column":1,"section":"write","action":"deny","text":"default","source":"build"}}`
	if got := string(example().AppendJSON(nil)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A denial may be about an address instead of a file, or about the path of a socket.
func TestAddressJSON(t *testing.T) {
	for _, c := range []struct {
		change func(*Denial)
		want   string
	}{
		{func(d *Denial) { d.Address, d.Protocol, d.Host = "[2001:db8::1]:443", "tcp", "example.org" },
			`"call":"connect","address":"[2001:db8::1]:443","protocol":"tcp","host":"example.org","dir"`},
		{func(d *Denial) { d.Address = "192.0.2.1:53" }, `"call":"connect","address":"192.0.2.1:53","dir"`},
		{func(d *Denial) { d.Address, d.Protocol = "abstract:a\x00\xff", "stream" },
			`"call":"connect","address":"abstract:a\u0000\ufffd","address_b64":"YWJzdHJhY3Q6YQD/","protocol":"stream","dir"`},
		{func(d *Denial) { d.Address, d.Typed, d.Path = "unix:/run/x", "../run/x", "/run/x" },
			`"typed":"../run/x","path":"/run/x","address":"unix:/run/x","dir"`},
		{func(d *Denial) { d.Address, d.Host = "192.0.2.1:53", "\x1b]0;\u202e" },
			`"address":"192.0.2.1:53","host":"\u001b]0;\u202e","dir"`},
	} {
		d := example()
		d.Op, d.Errno, d.Call, d.Flags, d.Typed, d.Path = "connect", "ENETUNREACH", "connect", "", "", ""
		c.change(d)
		line := d.AppendJSON(nil)
		if want := strings.ReplaceAll(c.want, `\ufffd`, "\ufffd"); !strings.Contains(string(line), want) {
			t.Errorf("%s lacks %s", line, want)
		}
		got, err := Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Event(d), got); diff != "" {
			t.Error(diff)
		}
	}
}

// A denial may be about a process instead of a file.
func TestTargetJSON(t *testing.T) {
	for _, target := range []Process{{4102, "make"}, {-4102, ""}} {
		d := example()
		d.Op, d.Call, d.Flags, d.Typed, d.Path, d.Target = "signal", "kill", "4102, SIGTERM", "", "", target
		line := d.AppendJSON(nil)
		if want := `"target":{"pid":` + strconv.Itoa(target.PID); !strings.Contains(string(line), want) {
			t.Errorf("%s lacks %s", line, want)
		}
		got, err := Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Event(d), got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSummaryJSON(t *testing.T) {
	s := &Summary{Time: when, Command: []string{"make", "\xff"}, Dir: "/b", Denials: 3, Exit: 137, Signal: "SIGKILL",
		Pinning: "pinned", Wall: "landlock", Network: "netns"}
	const want = `{"v":1,"type":"summary","time":"2026-11-22T01:02:03.000004000Z","denials":3,"exit":137,` +
		`"signal":"SIGKILL","pinning":"pinned","wall":"landlock","network":"netns","command":["make","�"],` +
		`"command_b64":["bWFrZQ==","/w=="],"dir":"/b"}`
	line := s.AppendJSON(nil)
	if string(line) != want {
		t.Errorf("got\n%s\nwant\n%s", line, want)
	}
	got, err := Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Event(s), got); diff != "" {
		t.Error(diff)
	}
}

func TestHostileStrings(t *testing.T) {
	for _, test := range []struct{ in, quoted, json string }{
		{"/usr/bin", "/usr/bin", `"/usr/bin"`},
		{"/häuser/家", "/häuser/家", `"/häuser/家"`},
		{"", `""`, `""`},
		{"a b", `"a b"`, `"a b"`},
		{"a\nb", `"a\x0ab"`, `"a\nb"`},
		{"\x1b[31m", `"\x1b[31m"`, `"\u001b[31m"`},
		{"a\xffb", `"a\xffb"`, "\"a\ufffdb\""},
		{"\u202egpj.exe", `"\u202egpj.exe"`, `"\u202egpj.exe"`},
		{"\u0085", `"\u0085"`, `"\u0085"`},
		{"\x7f", `"\x7f"`, `"\u007f"`},
		{"\U000e0041", `"\U000e0041"`, `"\udb40\udc41"`},
		{`a"b\`, `"a\"b\\"`, `"a\"b\\"`},
		{"\ufffd", "\ufffd", "\"\ufffd\""},
	} {
		if got := Quote(test.in); got != test.quoted {
			t.Errorf("Quote(%q) = %s, want %s", test.in, got, test.quoted)
		}
		if got := string(appendString(nil, test.in)); got != test.json {
			t.Errorf("JSON of %q = %s, want %s", test.in, got, test.json)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, test := range []struct {
		line    string
		unknown bool
	}{
		{``, false},
		{`[]`, false},
		{`{"v":1,"type":"denial"`, false},
		{`{"v":1,"type":"denial","pid":"x"}`, false},
		{`{"v":1,"type":"denial","chain":[{"pid":"x"}]}`, false},
		{`{"v":1,"type":"denial","rule":{"line":"x"}}`, false},
		{`{"v":1,"type":"denial","target":{"pid":"x"}}`, false},
		{`{"v":1,"type":"denial","path_b64":"%"}`, false},
		{`{"v":1,"type":"summary","command_b64":["%"]}`, false},
		{`{"v":2,"type":"denial"}`, true},
		{`{"v":1,"type":"weather"}`, true},
		{`{}`, true},
	} {
		e, err := Parse([]byte(test.line))
		if err == nil || e != nil {
			t.Errorf("Parse(%s) = %v, %v", test.line, e, err)
		} else if errors.Is(err, ErrUnknown) != test.unknown {
			t.Errorf("Parse(%s): %v", test.line, err)
		}
	}
	if _, err := Parse([]byte(`{"v":1,"type":"denial","color":"red"}`)); err != nil {
		t.Errorf("an unknown field: %v", err)
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add("a", "b\xff", "c\n", "\x00", "\u202e", int64(1), 7)
	f.Fuzz(func(t *testing.T, a, b, c, d, e string, nanos int64, n int) {
		in := &Denial{
			Time: time.Unix(0, nanos).UTC(), Action: a, Op: b, Errno: c, Call: d, Flags: e, Typed: a, Path: b, Dir: c,
			PID: n, TID: -n, Chain: []Process{{n, d}, {0, e}}, Why: a, Natural: b, Address: e, Protocol: d, Host: a,
			Rule: Rule{Section: a, Action: b, Text: c, Source: d, Line: n, Column: n},
		}
		checkLine(t, in)
		checkLine(t, &Summary{Time: in.Time, Command: []string{a, b}, Dir: c, Denials: n, Exit: n, Signal: d, Network: e})
	})
}

func checkLine(t *testing.T, in Event) {
	t.Helper()
	line := in.AppendJSON(nil)
	if !utf8.Valid(line) || !json.Valid(line) {
		t.Fatalf("not JSON: %q", line)
	}
	harmless(t, string(line))
	out, err := Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Fatal(diff)
	}
	if again := out.AppendJSON(nil); !bytes.Equal(line, again) {
		t.Fatalf("encoded again: %s, first: %s", again, line)
	}
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "a", "a b", "\x1b]0;x\a", "\xc2\x9b31m", "\xff", "\u2066", "\"", "\\", "\U000e0001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := Quote(s)
		harmless(t, q)
		if !strings.HasPrefix(q, `"`) {
			if q != s {
				t.Fatalf("Quote(%q) = %q", s, q)
			}
			return
		}
		back, err := strconv.Unquote(q)
		if err != nil || back != s {
			t.Fatalf("Unquote(%s) = %q, %v; want %q", q, back, err, s)
		}
	})
}

// harmless fails if a terminal would take anything in s as more than a character to show.
func harmless(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("not UTF-8: %q", s)
	}
	for _, r := range s {
		switch {
		case r < 0x20, r >= 0x7f && r <= 0x9f, r == 0x061c, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e,
			r >= 0x2066 && r <= 0x2069, r == 0xfeff, r >= 0xe0000 && r <= 0xe007f:
			t.Fatalf("%U in %q", r, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example().AppendJSON(nil))
	f.Fuzz(func(t *testing.T, line []byte) {
		if e, err := Parse(line); err == nil {
			harmless(t, string(e.AppendJSON(nil)))
		}
	})
}

// The examples of the documentation are lines that the encoder writes.
func TestSchemaExamples(t *testing.T) {
	page, err := os.ReadFile("../docs/schema.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	for line := range bytes.Lines(page) {
		example, ok := bytes.CutPrefix(bytes.TrimRight(line, "\n"), []byte("    {"))
		if !ok {
			continue
		}
		examples++
		example = append([]byte("{"), example...)
		e, err := Parse(example)
		if err != nil {
			t.Errorf("%v in %s", err, example)
		} else if got := e.AppendJSON(nil); !bytes.Equal(got, example) {
			t.Errorf("got\n%s\nwant\n%s", got, example)
		}
	}
	if examples < 2 {
		t.Errorf("%d examples found", examples)
	}
}
