package policy

import (
	"strings"
	"testing"
)

// FuzzAddress reads any text as a rule. What is wrong with it has a place in it; what is right is the same when it
// is read again as it is shown.
func FuzzAddress(f *testing.F) {
	for _, text := range wrongAddresses {
		f.Add(text)
	}
	for _, text := range []string{
		"10.0.0.0/8:443", "[::1]:80", "*:53", "private:https", "unix:/run/*.sock", "abstract:a/[b-c]*", "family:vsock",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sys := netHost("HOME=/home/a")
		asks := newLookups(sys)
		parse := func(s Section, text string, flag bool) (*addressPattern, *pattern, *problem) {
			p := &addressParser{section: s, vars: sys.vars(), flag: flag, services: &asks.services}
			return p.parse(text)
		}
		for _, s := range []Section{ConnectSection, BindSection} {
			x, path, pr := parse(s, text, len(text)%2 == 0)
			if pr != nil {
				if pr.msg == "" || pr.off < 0 || pr.width < 0 || pr.off+pr.width > len(text) {
					t.Fatalf("%s %q: the problem %+v has no place in it", s, text, pr)
				}
				continue
			}
			if (path != nil && path.leftOut == "") != (x != nil && (x.kind == unixPath || x.kind == everything)) {
				t.Fatalf("%s %q: %+v has the pattern %v", s, text, x, path)
			}
			if x == nil || x.kind != internet {
				continue
			}
			for i, spelled := range x.spell() {
				again, _, pr := parse(BindSection, spelled, false) // where port 0 is one
				if pr != nil || again.ports != x.ports || len(x.nets) > 0 && (len(again.nets) != 1 || again.nets[0] != x.nets[i]) {
					t.Fatalf("%s %q: spelled %q it is %+v, not %+v: %+v", s, text, spelled, again, x, pr)
				}
			}
		}
	})
}

// A hint that says what to write is right.
func TestHintsAreRight(t *testing.T) {
	asks := newLookups(netHost())
	tried := 0
	for _, text := range wrongAddresses {
		section := ConnectSection
		if rest, ok := strings.CutPrefix(text, "bind:"); ok {
			section, text = BindSection, rest
		}
		p := &addressParser{section: section, vars: netHost("NOSUCH=/x", "XDG_RUNTIME_DIR=/x").vars(), services: &asks.services}
		_, _, pr := p.parse(text)
		if pr == nil {
			continue
		}
		hint := pr.hint
		if strings.Contains(hint, "in [connect]") {
			p.section = ConnectSection
		}
		for {
			_, rest, ok := strings.Cut(hint, `"`)
			if !ok || !strings.HasPrefix(pr.hint, "write ") {
				break
			}
			written, rest, _ := strings.Cut(rest, `"`)
			hint = rest
			tried++
			_, _, wrong := p.parse(written)
			if wrong != nil {
				t.Errorf("%q: the hint %q is wrong: %s", text, written, wrong.msg)
			}
		}
	}
	if tried < 40 {
		t.Errorf("only %d hints say what to write", tried)
	}
}
