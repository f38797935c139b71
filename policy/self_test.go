package policy

import (
	"testing"

	"sydbox/access"
)

// A pattern that ends in `/.` matches what it names and nothing below.
func TestSelfPattern(t *testing.T) {
	p := mustLoad(t, host(nil), `
version = 1
extends = []
[create]
allow = ["/a/.", "/w/*/x/.", "/."]
[write]
allow = ["/t"]
`)
	for path, want := range map[string]string{
		"/":        "allow /.",
		"/a":       "allow /a/.",
		"/a/b":     "deny default",
		"/a/b/c":   "deny default",
		"/w/1/x":   "allow /w/*/x/.",
		"/w/1/x/y": "deny default",
		"/t/x":     "allow /t",
	} {
		if got := ask(p, access.Create, path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	// On the command line `dir/.` is the directory with all that is in it, as a shell's user means it.
	p = mustLoad(t, host(nil), "extends = []", RuleFlag{"write", "allow", "/a/.", "-w"}, RuleFlag{"write", "allow", ".", "-w"})
	for _, path := range []string{"/a/b", "/home/a/src/x"} {
		if got := ask(p, access.Create, path); got == "deny default" {
			t.Errorf("%s: %s", path, got)
		}
	}
}
