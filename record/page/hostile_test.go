package page

import (
	"strings"
	"testing"
	"unicode"

	"sydbox/event"
	"sydbox/record/trail"
)

// hostile are names that programs may have chosen to break out of a page.
var hostile = []string{
	"</script><script>window.broken=1</script>",
	"<img src=x onerror=window.broken=1>",
	"<!--<script>",
	"]]>\"'`${window.broken=1}",
	"__proto__", "constructor", "hasOwnProperty", "toString",
	"\u202egnp.exe", "a\u2066b\u2069", "zero\u200bwidth", "line\u2028end",
	"\x1b]0;title\x07", "nul\x00byte", "bad\xff\xfeutf8", "new\nline\ttab",
	"{{script}}", "&lt;b&gt;", "javascript:alert(1)", strings.Repeat("long", 2000),
}

// hostileTrail is a recording in which every string that a program chooses is such a name.
func hostileTrail(t testing.TB) *trail.Trail {
	s := newStory(hostile...)
	top := s.born(0, "/bin/sh", "sh")
	for _, name := range hostile {
		s.add(&event.Born{At: s.now, ID: s.ids + 1, PID: 9, Parent: top})
		s.ids++
		id := s.ids
		s.add(&event.Executed{At: s.now, ID: id, Path: "/bin/" + name, Script: "/x/" + name, Names: []string{name},
			Argv: []string{name, "-" + name}, Dir: "/src/" + name, Set: []string{name + "=" + name, "A=" + name},
			Unset: []string{name}, Stdio: [3]string{name, ">" + name, ""}})
		for _, op := range []string{event.OpMake, event.OpRename, event.OpLook} {
			s.add(&event.Used{At: s.now, ID: id, Op: op, Path: "/src/" + name, To: "/to/" + name, Errno: "E" + name,
				Kind: name, Denied: name})
			s.add(&event.Used{At: s.now, ID: id, Op: op, Path: name, To: name})
		}
		s.add(&event.Reached{At: s.now, ID: id, Op: name, Address: name, Protocol: name, Host: name, Errno: name,
			Denied: name})
		s.add(&event.Asked{At: s.now, ID: id, Host: name, Server: name, Addresses: []string{name}})
		s.add(&event.Hinted{At: s.now, ID: id, What: name, Call: name})
		s.add(&event.Signalled{At: s.now, ID: id, Signal: name, From: top})
		s.add(&event.Said{At: s.now, ID: id, Text: name})
		s.add(&event.Ended{At: s.now, ID: id, Signal: name})
		s.now += 1e6
	}
	s.end(top, 1, 1)
	s.finish(1)
	return s.read(t)
}

func TestHostileNamesStayText(t *testing.T) {
	page := html(t, hostileTrail(t))
	if n := strings.Count(page, "</script"); n != 2 {
		t.Errorf("the page has %d ends of scripts; its own are 2", n)
	}
	_, rest, _ := strings.Cut(page, `id="data">`)
	text, _, _ := strings.Cut(rest, "</script>")
	if i := strings.IndexAny(text, "<>&\n"); i >= 0 {
		t.Errorf("the data has a raw %q", text[i:min(i+40, len(text))])
	}
	for _, r := range text {
		if unicode.Is(unicode.Cf, r) || unicode.IsControl(r) {
			t.Errorf("the data has a raw %U", r)
		}
	}
	d := embedded(t, page)
	for _, s := range append(append([]string{d.Why, d.Head.Command}, d.Strings...), d.Paths...) {
		for _, r := range s {
			if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
				t.Fatalf("%q is shown as it is", s)
			}
		}
	}
	for _, name := range hostile { // nothing is cut off, whatever it is
		if want := event.Quote("/src/" + name); !strings.Contains(strings.Join(d.Paths, "\n"), want) {
			t.Errorf("the path %s is not in the page", want)
		}
	}
}
