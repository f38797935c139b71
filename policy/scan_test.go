package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

func TestScan(t *testing.T) {
	const text = `# a comment with [brackets] and "quotes"
version = 1 # = 2
"extends" = [ "a", # "not this"
	'b]', """c
"d" """, '''e''''', "\"f",]
read.deny = [["x", "y"], {k = "v"}]
[ write ]	# [no]
  allow = []
'mute'=["~/[x]", '\']
date = 1979-05-27 07:32:00
[create.sub . "x.y"]
k = { a.b = [1, 2], c = { d = 'e' }, }
[[list]]
a = -1
[[list]]
a = 2`
	want := []string{
		`version=1`, `extends=[ "a", # "not this"…,]`, `extends>"a" 'b]' """c…"d" """ '''e''''' "\"f"`,
		`read`, `read.deny=[["x", "y"], {k = "v"}]`, `read.deny>["x", "y"] {k = "v"}`, `read.deny.k="v"`,
		`write`, `write.allow=[]`, `write.mute=["~/[x]", '\']`, `write.mute>"~/[x]" '\'`,
		`write.date=1979-05-27 07:32:00`, `create`, `create.sub`, `create.sub.x.y`,
		`create.sub.x.y.k={ a.b = [1, 2], c = { d = 'e' }, }`, `create.sub.x.y.k.a`, `create.sub.x.y.k.a.b=[1, 2]`,
		`create.sub.x.y.k.a.b>1 2`, `create.sub.x.y.k.c={ d = 'e' }`, `create.sub.x.y.k.c.d='e'`, `list`, `list.a=-1`,
	}
	keys := scan(text)
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return keys[a].key.off - keys[b].key.off })
	of := func(s span) string {
		first, rest, cut := strings.Cut(text[s.off:s.end], "\n")
		if cut {
			first += "…" + rest[strings.LastIndex(rest, "\n")+1:]
		}
		if i := strings.LastIndex(first, ","); cut && strings.HasSuffix(first, ",]") {
			first = first[:strings.Index(first, "…")] + "…" + first[i:]
		}
		return first
	}
	var got []string
	for _, name := range names {
		k := keys[name]
		line := strings.ReplaceAll(name, keySep, ".")
		if k.value != (span{}) {
			line += "=" + of(k.value)
		}
		got = append(got, line)
		if len(k.elems) > 0 {
			var elems []string
			for _, e := range k.elems {
				elems = append(elems, of(e))
			}
			got = append(got, strings.ReplaceAll(name, keySep, ".")+">"+strings.Join(elems, " "))
		}
		if key := text[k.key.off:k.key.end]; !strings.HasSuffix(name, strings.Trim(key, `"'`)) {
			t.Errorf("%q: the key's place holds %q", name, key)
		}
	}
	if s := strings.Join(got, "\n"); s != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\n\nwant:\n%s", s, strings.Join(want, "\n"))
	}
	var tree map[string]any
	if _, err := toml.Decode(text, &tree); err != nil {
		t.Error("the example is not TOML:", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("version = 1\nextends = ['open']\n[write]\nallow = [\"/a\", '~/b', '''c''']\n")
	f.Add("write = { allow = ['/a'], deny = [\"\"\"/b\n\"\"\"] }\n[run]\ntimeout = '1m'\n")
	f.Add("[exec]\ndeny = ['dd', \"'a b'\", 'git push']\nread.default = 'deny'\r\n")
	f.Add("[syscalls]\nallow = [\n# c\n'bpf' , ]\n[harden]\nno_new_privs = 'off'")
	f.Add("extends = [[[]]]\na.b.\"c\".'d' = {e = {f = 1}}\n[[x]]\n")
	f.Fuzz(func(t *testing.T, text string) {
		keys := scan(text) // must end whatever it is given
		for name, k := range keys {
			for _, s := range append([]span{k.key, k.value}, k.elems...) {
				if s.off < 0 || s.end < s.off || s.end > len(text) {
					t.Fatalf("%q: %v is not in the text", name, s)
				}
			}
		}
		p, err := Load(host(map[string]string{"/p.toml": text}), Options{Policies: []string{"/p.toml"}})
		if err != nil {
			checkError(t, text, err)
			return
		}
		lines := strings.Count(text, "\n") + 1
		for i := range p.rules {
			r := &p.rules[i]
			if r.Source != "/p.toml" {
				continue
			}
			if r.Line < 1 || r.Line > lines || r.Column < 1 {
				t.Errorf("%+v is not in the text", r.Rule)
			}
			if quote := text[r.place.off:r.place.end]; !strings.ContainsAny(quote[:1], `"'`) {
				t.Errorf("%q is at %q", r.Text, quote)
			}
		}
		var b strings.Builder
		if err := p.Show(&b); err != nil {
			t.Error(err)
		}
	})
}

// checkError says that an error's place is in the text.
func checkError(t *testing.T, text string, err error) {
	t.Helper()
	e, ok := err.(*Error)
	if !ok {
		t.Fatalf("%T is no *Error", err)
	}
	if d := e.Detail(); strings.ContainsAny(strings.ReplaceAll(d, "\t", ""), "\x00\x1b\r\x7f") {
		t.Errorf("a control byte in %q", d)
	}
	if e.Source != "/p.toml" {
		return // an extended policy
	}
	all := strings.Split(text, "\n")
	if e.Line < 1 || e.Line > len(all) {
		t.Fatalf("line %d of %d", e.Line, len(all))
	}
	if line := strings.TrimSuffix(all[e.Line-1], "\r"); line != e.LineText {
		t.Errorf("line %d is %q, not %q", e.Line, line, e.LineText)
	}
	if e.Column < 1 || e.Column > len(e.LineText)+1 || e.Width < 1 || e.Width > max(len(e.LineText)-e.Column+1, 1) {
		t.Errorf("column %d, width %d of %q", e.Column, e.Width, e.LineText)
	}
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{"/a/*/**/b", "~/[!a-z]*", "$PWD/\\*", "${X:-${HOME:-}/y}", "a/../b", "$TREE/fd", "'a b'\"c\""} {
		f.Add(s, "/a/b", true)
	}
	f.Fuzz(func(t *testing.T, text, path string, relative bool) {
		v := host(nil).vars()
		check := func(p *problem) {
			if p != nil && (p.off < 0 || p.width < 0 || p.off+p.width > len(text) || p.msg == "") {
				t.Errorf("%q: the problem %+v is not in the text", text, p)
			}
		}
		if _, p := parseCommand(text, v, relative); p != nil {
			check(p)
		}
		p, problem := parsePattern(text, v, relative)
		check(problem)
		if problem != nil || p.stdio || p.leftOut != "" {
			return
		}
		// A pattern spelled out is the same pattern, except for $TREE, which has no other spelling.
		if spelled := p.String(); len(p.comps) < 2 || p.comps[1].kind != compTree {
			again, problem := parsePattern(spelled, v, false)
			if problem != nil || again.String() != spelled {
				t.Errorf("%q is spelled %q, and that %v %v", text, spelled, again, problem)
			}
		}
		// What is escaped matches itself and nothing else.
		if path = "/" + strings.Trim(path, "/"); strings.Contains(path, "\x00") || !plainPath([]byte(path)) {
			return
		}
		if lit, problem := parsePattern(Escape(path), v, false); problem == nil && lit.literals() != len(lit.comps) {
			t.Errorf("Escape(%q) has wildcards", path)
		}
	})
}

func TestQuoteIsTOML(t *testing.T) {
	for _, text := range []string{"", "/a", `"\`, "\x1b\x7f\u0085\u202e", "é漢", "\t\n"} {
		var doc struct{ V string }
		if _, err := toml.Decode("V = "+quote(text), &doc); err != nil || doc.V != text {
			t.Errorf("%q: %s is %q (%v)", text, quote(text), doc.V, err)
		}
	}
	if got := quote("\xff"); got != fmt.Sprintf("%q", "\uFFFD") {
		t.Error(got)
	}
}
