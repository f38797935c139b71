package policy

import "testing"

func TestLaunders(t *testing.T) {
	const text = `
version = 1
extends = []
[write]
default = "deny"
allow = ["/w", "/deep/a/b"]
deny = ["/w/src/.git", "/w/any/*/locked"]
[read]
deny = ["/w/secret", "**/*.pem", "/w/keys/**/*.key", "/private"]
allow = ["/private/open", "/w/secret/pub"]
`
	p := mustLoad(t, host(nil), text)
	for _, c := range []struct {
		from, to  string
		directory bool
		want      bool
	}{
		{"/w/a", "/w/b", false, false},
		{"/w/a", "/w/b", true, false},
		{"/w/secret", "/w/plain", false, true}, // it could be read under its new name
		{"/w/plain", "/w/secret", false, false},
		{"/w/secret/x", "/w/secret/y", false, false},
		{"/w/secret/x", "/w/secret/pub/x", false, true},
		{"/w/x.pem", "/w/x.txt", false, true},
		{"/w/x.pem", "/w/sub/y.pem", false, false},
		{"/w/d", "/w/e", true, false},           // what is called *.pem below is denied at both places
		{"/w/src", "/w/other", true, true},      // src/.git would be written
		{"/w/src/sub", "/w/other", true, false}, // but nothing below src/sub is named
		{"/w/src", "/w/other", false, false},    // a file has nothing below it
		{"/w/any/x", "/w/any/y", true, false},   // the same pattern holds at both
		{"/w/any/x", "/w/x", true, true},
		{"/w", "/elsewhere", true, true}, // a parent of everything that is named
		{"/w/keys/a", "/w/keys/b", true, false},
		{"/w/keys/a", "/w/locks", true, true},
		{"/private/a", "/private/b", true, false},
		{"/priv", "/private", true, false}, // it loses rights, and gains none
		{"/deep/a/b/c", "/deep/a/b/d", true, false},
		{"/deep/x", "/deep/a", true, true}, // x/b would become writable
	} {
		if got := p.Launders([]byte(c.from), []byte(c.to), c.directory); got != c.want {
			t.Errorf("%s -> %s (directory %v): launders %v, want %v", c.from, c.to, c.directory, got, c.want)
		}
	}
}
