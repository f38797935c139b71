package policy

import (
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"sydbox/access"
)

// The oracle is written from the documentation, not from the tree: it tries every reading of every pattern.

// oracleDepth returns the depth at which a pattern matches path or something above it; -1 if it does not.
func oracleDepth(pattern, name string) int {
	split := func(s string) []string { return strings.FieldsFunc(s, func(r rune) bool { return r == '/' }) }
	return oracleReadings(split(strings.TrimPrefix(pattern, "/")), split(name), 0, 0)
}

func oracleReadings(pattern, name []string, at, deepest int) int {
	if len(pattern) == 0 {
		return deepest
	}
	best := -1
	if pattern[0] == "**" {
		for skip := 0; at+skip <= len(name); skip++ {
			best = max(best, oracleReadings(pattern[1:], name, at+skip, deepest))
		}
		return best
	}
	if at == len(name) {
		return -1
	}
	// path.Match has the same components, but negates a class with `^`.
	if ok, err := path.Match(strings.ReplaceAll(pattern[0], "[!", "[^"), name[at]); err != nil || !ok {
		return -1
	}
	if oracleLiteral(pattern[0]) {
		deepest = at + 1
	}
	return oracleReadings(pattern[1:], name, at+1, deepest)
}

// oracleLiteral says whether a component has a literal character.
func oracleLiteral(component string) bool {
	inClass := false
	for _, c := range component {
		switch {
		case inClass:
			inClass = c != ']'
		case c == '[':
			inClass = true
		case c != '*' && c != '?':
			return true
		}
	}
	return false
}

// oracleExact says that the last component with a literal character has no wildcard.
func oracleExact(pattern string) bool {
	parts := strings.Split(pattern, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if oracleLiteral(parts[i]) {
			return !strings.ContainsAny(parts[i], "*?[")
		}
	}
	return true
}

type oracleRule struct {
	layer   int
	section Section
	action  Action
	pattern string
	order   string // "layer section action pattern", to name the winner
}

// oracleDecide returns the name of the rule that wins; "" for the default.
func oracleDecide(rules []oracleRule, op Section, q *Query) string {
	best, bestKey := "", []int(nil)
	for _, r := range rules {
		if r.section != op && !(r.section == WriteSection && (op == CreateSection || op == DeleteSection || op == AttrSection)) {
			continue
		}
		names := [][]byte{q.Path}
		if r.action >= Mute {
			names = append(names, q.Names...)
		}
		full := strings.Count(strings.TrimSuffix(string(q.Path), "/"), "/")
		for _, name := range names {
			depth, isPath, exact := -1, 1, oracleExact(r.pattern)
			if strings.HasPrefix(r.pattern, "/") || strings.HasPrefix(r.pattern, "**") {
				if name[0] == '/' {
					depth = oracleDepth(r.pattern, string(name))
				}
			} else if ok, _ := path.Match(strings.ReplaceAll(r.pattern, "[!", "[^"), path.Base(string(name))); ok && name[0] != 0 &&
				string(name) != "/" {
				depth, isPath = 0, 0
				if oracleLiteral(r.pattern) {
					depth = full
				}
			}
			if depth < 0 {
				continue
			}
			key := []int{depth, isPath, 0, -r.layer, 0, int(r.action)}
			if exact {
				key[2] = 1
			}
			if r.section != WriteSection {
				key[4] = 1
			}
			if bestKey == nil || lessInts(bestKey, key) {
				best, bestKey = r.order, key
			}
		}
	}
	return best
}

func lessInts(a, b []int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

var (
	oracleParts = []string{"a", "b", "ab", "ba", "aab", "*", "**", "a*", "*b", "?", "[ab]", "[!a]", "a?", "*a*", "?*", "*a?b*", "[a-c]b"}
	oracleNames = []string{"a", "b", "ab", "ba", "aab", "c", "abab"}
)

// compareWithOracle makes up rules and paths and compares the verdicts.
func compareWithOracle(t *testing.T, r *rand.Rand) {
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	files := make([]strings.Builder, 3) // layers 1 to 3
	var rules []oracleRule
	var flags []RuleFlag
	lists := make(map[string][]string)
	for range r.IntN(14) {
		parts := make([]string, 1+r.IntN(5))
		for i := range parts {
			parts[i] = pick(oracleParts)
		}
		rule := oracleRule{layer: r.IntN(4), section: Section(r.IntN(sections)), action: Action(r.IntN(len(actionNames)))}
		rule.pattern = "/" + strings.Join(parts, "/")
		if rule.section == ExecSection && r.IntN(2) == 0 && parts[0] != "**" {
			rule.pattern = parts[0]
		}
		text := rule.pattern
		if rule.section.aboutAddresses() { // paths of unix sockets are as those of files
			text = "unix:" + text
		}
		rule.order = fmt.Sprintf("%d %s %s %s", rule.layer, rule.section, rule.action, text)
		rules = append(rules, rule)
		if rule.layer == 0 {
			flags = append(flags, RuleFlag{rule.section.String(), rule.action.String(), text, "--rule"})
			continue
		}
		key := fmt.Sprintf("%d%s%s", rule.layer, rule.section, rule.action)
		lists[key] = append(lists[key], text)
	}
	for layer := 1; layer <= 3; layer++ {
		b := &files[layer-1]
		b.WriteString("extends = []\n")
		for s := range sections {
			fmt.Fprintf(b, "[%s]\n", Section(s))
			for a := range actionNames {
				if list := lists[fmt.Sprintf("%d%s%s", layer, Section(s), Action(a))]; list != nil {
					fmt.Fprintf(b, "%s = ['%s']\n", Action(a), strings.Join(list, "', '"))
				}
			}
		}
	}
	sys := host(map[string]string{"/1.toml": files[0].String(), "/2.toml": files[1].String(), "/3.toml": files[2].String()})
	p, err := Load(sys, Options{Policies: []string{"/3.toml", "/2.toml", "/1.toml"}, Rules: flags})
	if err != nil {
		t.Fatal(detail(err))
	}
	name := func() []byte {
		var b strings.Builder
		for range r.IntN(7) {
			b.WriteString("/" + pick(oracleNames))
		}
		if b.Len() == 0 {
			return []byte("/")
		}
		return []byte(b.String())
	}
	for range 8 {
		q := &Query{Op: Section(r.IntN(sections)).Op(), Path: name()}
		for range r.IntN(3) {
			q.Names = append(q.Names, name())
		}
		d := p.Decide(q)
		got := ""
		if !d.Rule.Default {
			got = fmt.Sprintf("%d %s %s %s", d.Rule.Layer, d.Rule.Section, d.Rule.Action, d.Rule.Text)
		}
		if want := oracleDecide(rules, SectionOf(q.Op), q); got != want {
			t.Fatalf("%s %s %q: got %q, want %q\nrules %+v", SectionOf(q.Op), q.Path, q.Names, got, want, rules)
		}
		if e, _ := p.Explain(q); e != d {
			t.Fatalf("%s %s: Explain says %+v, Decide %+v", SectionOf(q.Op), q.Path, e, d)
		}
		if w := p.Winner(q); w.Rule != d.Rule {
			t.Fatalf("%s %s: Winner is %+v", SectionOf(q.Op), q.Path, w)
		} else if d.Action != Allow && !p.Polices(q.Op) {
			t.Fatalf("%s is not policed", SectionOf(q.Op))
		}
	}
}

func TestDecideAsTheOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		compareWithOracle(t, r)
	}
}

func FuzzDecide(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) { compareWithOracle(t, rand.New(rand.NewPCG(a, b))) })
}

func FuzzGlob(f *testing.F) {
	f.Add("a*[!b-d]?", "axyz")
	f.Add("*a*b*c", "aabbcc")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		// Where the oracle means the same: no negation or brackets that it spells in another way, ASCII only.
		if strings.ContainsAny(pattern, "!^]\\/$~{\x00") && !strings.Contains(pattern, "[a-c]") || strings.ContainsAny(name, "/\x00") {
			return
		}
		for _, s := range pattern + name {
			if s >= 0x80 {
				return
			}
		}
		p, problem := parsePattern("/"+pattern, host(nil).vars(), false)
		want, err := path.Match(pattern, name)
		if problem != nil || err != nil || len(p.comps) != 1 || p.comps[0].kind != compGlob {
			return
		}
		if got := p.comps[0].glob.match([]byte(name)); got != want {
			t.Errorf("%q matches %q: %v, want %v", pattern, name, got, want)
		}
	})
}

// TestManyStates has more overlapping wildcards than a walk holds without the heap.
func TestManyStates(t *testing.T) {
	var text strings.Builder
	text.WriteString("extends = []\n[read]\ndeny = [")
	var rules []oracleRule
	for i := range 3 * inline {
		pattern := "/**/a" + strings.Repeat("/*", i%5) + "/**/b" + strings.Repeat("?", i/5) + "*/**/c"
		fmt.Fprintf(&text, "'%s',", pattern)
		rules = append(rules, oracleRule{layer: 1, section: ReadSection, action: Deny, pattern: pattern, order: pattern})
	}
	p := mustLoad(t, host(nil), text.String()+"]")
	for _, name := range []string{"/a/b/c", "/a/a/a/bbbbbbbbbbbbbb/bbbbbbbbbbbbbbbbbbbbb/c/c", strings.Repeat("/a/b", 40) + "/c"} {
		q := &Query{Op: access.Read, Path: []byte(name)}
		d := p.Decide(q)
		if want := oracleDecide(rules, ReadSection, q); want == "" != d.Rule.Default {
			t.Errorf("%s: %s, want %q", name, verdict(d), want)
		}
	}
}
