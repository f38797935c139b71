package policy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sydbox/access"
)

// spell writes a hull on a few lines: "write create delete /a", with "." behind a place that is alone.
func spell(h Hull) string {
	var b strings.Builder
	if h.Everywhere != 0 {
		fmt.Fprintf(&b, "%s everywhere\n", h.Everywhere)
	}
	if h.Stdio != 0 {
		fmt.Fprintf(&b, "%s stdio\n", h.Stdio)
	}
	for _, place := range h.Places {
		fmt.Fprintf(&b, "%s %s", place.Ops, place.Path)
		if place.Alone {
			b.WriteString("/.")
		}
		if place.Tree {
			b.WriteString(" tree")
		}
		b.WriteString("\n")
	}
	return strings.TrimSpace(b.String())
}

// TestHull holds the outline against what a reader of the rules would draw: no wider than it must be.
func TestHull(t *testing.T) {
	all := (access.Write | access.Create | access.Delete).String()
	tests := []struct{ name, text, want string }{
		{"no rule", "", ""},
		{"a directory", "[write]\nallow = ['/a/b']", all + " /a/b"},
		{"one within another", "[write]\nallow = ['/a', '/a/b/c', '/ab']", all + " /a\n" + all + " /ab"},
		{"a wildcard", "[write]\nallow = ['/a/b/*.o']", all + " /a/b"},
		{"a wildcard in the middle", "[write]\nallow = ['/a/*/b', '/a/**/c', '/a/[b]/d']", all + " /a"},
		{"a wildcard at the start", "[write]\nallow = ['**/x']", all + " everywhere"},
		{"which the first component is", "[create]\nallow = ['/*/x']", "create everywhere"},
		{"the root", "[delete]\nallow = ['/']\n[write]\nallow = ['/a']", "delete everywhere\ncreate|write /a"},
		{"a default", "[write]\ndefault = 'allow'", all + " everywhere"},
		{"a default that is told of", "[create]\ndefault = 'warn'\n[write]\nallow = ['/a']",
			"create everywhere\ndelete|write /a"},
		{"a default for one", "[write]\ndefault = 'allow'\n[delete]\ndefault = 'deny'\nallow = ['/a']",
			"create|write everywhere\ndelete /a"},
		{"what is told of is allowed", "[write]\nwarn = ['/a']", all + " /a"},
		{"denials do not count", "[write]\nmute = ['/a']\ndeny = ['/b']\nkill = ['/c']", ""},
		{"nor do they take away from what is around them", "[write]\nallow = ['/a']\ndeny = ['/a/b']", all + " /a"},
		{"a stricter rule of the same place", "[write]\nallow = ['/a', '/b']\ndeny = ['/a']", all + " /b"},
		{"a narrower section of the same place", "[write]\nallow = ['/a']\n[delete]\ndeny = ['/a']", "create|write /a"},
		{"sections apart", "[create]\nallow = ['/a']\n[delete]\nallow = ['/a/b', '/c']",
			"create /a\ndelete /a/b\ndelete /c"},
		{"other sections", "[read]\nallow = ['/a']\n[attr]\nallow = ['/b']\n[exec]\nallow = ['/c']", ""},
		{"alone", "[create]\nallow = ['/a/.', '/a/*/.']\n[delete]\nallow = ['/b/.']", "create /a\ndelete /b/."},
		{"alone beside a wider one", "[write]\nallow = ['/a/.']\n[create]\nallow = ['/a']",
			"create /a\n" + all + " /a/."},
		{"the tree", "[write]\nallow = ['$TREE']", all + " /proc tree"},
		{"standard output", "[write]\nallow = ['$STDIO']", all + " stdio"},
		{"standard output where all is allowed", "[write]\ndefault = 'allow'\nallow = ['$STDIO']", all + " everywhere"},
		{"a text with a wildcard's character", "[write]\nallow = ['/a/\\*/b']", all + " /a/*/b"},
	}
	for _, test := range tests {
		p := mustLoad(t, host(nil), "extends = []\n"+test.text)
		if got := spell(p.Hull()); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

// A directory that a link leads to is a place by both of its names.
func TestHullResolved(t *testing.T) {
	sys := host(nil)
	sys.Realpath = links(map[string]string{"/tmp": "/scratch/tmp", "/dev/fd": "/proc/77/fd", "/l/new": "", "/l": "/r"})
	p := mustLoad(t, sys, "extends = []\n[create]\nallow = ['/tmp', '/dev/fd', '/l/new']")
	want := "create /dev/fd\ncreate /l/new\ncreate /proc tree\ncreate /r/new\ncreate /scratch/tmp\ncreate /tmp"
	if got := spell(p.Hull()); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// Thousands of rules do not become thousands of places.
func TestHullOfManyRules(t *testing.T) {
	var text strings.Builder
	text.WriteString("extends = []\n[write]\nallow = ['$TREE', '/few/one/.', ")
	for i := range 2 * manyPlaces {
		fmt.Fprintf(&text, "'/a/b%d/c', '/d/%d',", i%10, i)
	}
	p := mustLoad(t, host(nil), text.String()+"'/z']")
	want := []string{"/a", "/d", "/few", "/proc tree", "/z"}
	for i := range want {
		want[i] = "create|delete|write " + want[i]
	}
	if got := spell(p.Hull()); got != strings.Join(want, "\n") {
		t.Error(got)
	}
	text.Reset()
	text.WriteString("extends = []\n[write]\nallow = ['$TREE', ")
	for i := range 2 * manyPlaces {
		fmt.Fprintf(&text, "'/%d/x',", i)
	}
	if got := spell(mustLoad(t, host(nil), text.String()+"]").Hull()); got != "create|delete|write everywhere" {
		t.Error(got)
	}
}

func TestHullOfProfiles(t *testing.T) {
	for profile, want := range map[string]string{
		"open": "create|delete|write everywhere",
		"build": `create|delete|write stdio
create|write /dev/full
create|write /dev/null
create|write /dev/ptmx
create|delete|write /dev/pts
create|delete|write /dev/shm
create|write /dev/tty
create|write /dev/zero
create|delete|write /home/a/src
create|delete|write /proc tree
create|delete|write /tmp
create|delete|write /var/tmp`,
	} {
		p, err := Load(host(nil), Options{Policies: []string{profile}})
		if err != nil {
			t.Fatal(detail(err))
		}
		if got := spell(p.Hull()); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", profile, got, want)
		}
	}
}

// allows is what a wall built from the hull lets happen.
func (h *Hull) allows(q *Query) bool {
	if h.Everywhere&q.Op != 0 || q.Stdio && h.Stdio&q.Op != 0 {
		return true
	}
	for _, place := range h.Places {
		if place.Ops&q.Op != 0 && place.holds(string(q.Path)) {
			return true
		}
	}
	return false
}

// hullAndPolicy makes up a policy and asks it and its hull about paths.
func hullAndPolicy(t *testing.T, r *rand.Rand) {
	heads := []string{"/", "/", "/", "/a/", "/a/b/", "/proc/", "**/"}
	rule := func() string {
		switch r.IntN(12) {
		case 0:
			return "$STDIO"
		case 1:
			return "$TREE" + []string{"", "/a", "/*"}[r.IntN(3)]
		}
		parts := make([]string, r.IntN(4))
		for i := range parts {
			parts[i] = oracleParts[r.IntN(len(oracleParts))]
			if r.IntN(2) == 0 {
				parts[i] = oracleNames[r.IntN(3)]
			}
		}
		text := heads[r.IntN(len(heads))] + strings.Join(parts, "/")
		if r.IntN(4) == 0 {
			return strings.TrimSuffix(text, "/") + "/."
		}
		return text
	}
	var text strings.Builder
	text.WriteString("extends = []\n")
	for _, section := range []Section{WriteSection, CreateSection, DeleteSection, AttrSection, ReadSection} {
		fmt.Fprintf(&text, "[%s]\n", section)
		if r.IntN(4) == 0 {
			fmt.Fprintf(&text, "default = '%s'\n", Action(r.IntN(len(actionNames))))
		}
		for a := range actionNames {
			if n := r.IntN(3); n > 0 {
				fmt.Fprintf(&text, "%s = ['%s', '%s']\n", Action(a), rule(), rule())
			}
		}
	}
	sys := host(nil)
	sys.Realpath = links(map[string]string{"/a": "/b", "/a/b": "/b/b", "/c": "/proc/7", "/b/a": ""})
	p := mustLoad(t, sys, text.String())
	h := p.Hull()
	for range 24 {
		q := &Query{Op: []access.Op{access.Write, access.Create, access.Delete}[r.IntN(3)], Stdio: r.IntN(4) == 0}
		path := ""
		if r.IntN(3) == 0 {
			path, q.Member = "/proc/1", true
		}
		for range r.IntN(5) {
			path += "/" + oracleNames[r.IntN(len(oracleNames))]
		}
		if path == "" {
			path = "/"
		}
		q.Path = []byte(path)
		if d := p.Decide(q); !d.Denied() && !h.allows(q) {
			t.Fatalf("%s %s (%+v) is %s, but not in the hull\n%s\n%s", q.Op, path, q, verdict(d), spell(h), &text)
		}
	}
}

// The hull is never stricter than the policy.
func TestHullHoldsThePolicy(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		hullAndPolicy(t, r)
	}
}

func FuzzHull(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) { hullAndPolicy(t, rand.New(rand.NewPCG(a, b))) })
}
