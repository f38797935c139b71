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
		{"/w/x", "/w/any/x", true, true},     // x/locked would be there, which nobody may make
		{"/w/other", "/w/src", true, true},   // and src/.git
		{"/w/other", "/w/src", false, false}, // a file brings nothing with it
		{"/w/other", "/w/keys", true, false}, // what may not be read there may be made
		{"/w/other", "/w/secret", true, false},
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

// What may be made but not filled is not made full.
func TestLaundersFull(t *testing.T) {
	p := mustLoad(t, host(nil), `
version = 1
extends = []
[write]
default = "deny"
allow = ["/w", "/home/.cfg/tool/data"]
[create]
allow = ["/home/.cfg/.", "/home/.cfg/tool/."]
deny = ["/w/closed/."]
`)
	for to, want := range map[string]bool{
		"/home/.cfg": true, "/home/.cfg/tool": true, "/home/.cfg/tool/data": false, "/w/d": false, "/w/closed": false,
		"/home": false, // may not be made at all
	} {
		if got := p.Launders([]byte("/w/full"), []byte(to), true); got != want {
			t.Errorf("a directory becomes %s: %v, want %v", to, got, want)
		}
		if p.Launders([]byte("/w/full"), []byte(to), false) {
			t.Errorf("a file becomes %s: launders", to)
		}
		if got := p.Plants([]byte(to)); got != want {
			t.Errorf("a link called %s: plants %v, want %v", to, got, want)
		}
	}
}

// A link brings all that it leads to.
func TestPlants(t *testing.T) {
	p := mustLoad(t, host(nil), `
version = 1
extends = []
[write]
allow = ["/w"]
deny = ["/w/src/.git/hooks", "/w/any/*/locked", "**/*.key", "/w/**/deep/name", "/w/**/*/[!.]*/late",
	"/w/**/mods/*/*/hooks"]
[read]
deny = ["/w/secret/file"]
`)
	for name, want := range map[string]bool{
		"/w/src": true, "/w/src/.git": true, "/w/src/.git/hooks": false, "/w/src/other": false, "/w/other": false,
		"/w/x/mods/a": true, "/w/mods/a/b": true, "/w/mods/a/b/c": false, "/w/x/y": false, "/w/x/y/z": false,
		"/w/any": true, "/w/any/x": true, "/w/any/x/locked": false, "/w/x/deep": true, "/w/secret": false,
	} {
		if got := p.Plants([]byte(name)); got != want {
			t.Errorf("a link called %s: plants %v, want %v", name, got, want)
		}
	}
}

// A rule on a command holds a program where it is, as one on the program alone does.
func TestLaundersCommands(t *testing.T) {
	open := mustLoad(t, host(nil), "extends = []\n[write]\ndefault = 'allow'\n"+
		"[exec]\ndeny = ['/w/tool push', 'git push']\nallow = ['ls ...', 'ls -l']")
	closed := mustLoad(t, host(nil), "extends = []\n[write]\ndefault = 'allow'\n"+
		"[exec]\ndefault = 'deny'\nallow = ['ls -l', '/w/cc ...']")
	for _, c := range []struct {
		policy   *Policy
		from, to string
		want     bool
	}{
		{open, "/w/tool", "/w/other", true},
		{open, "/w/other", "/w/tool", false},
		{open, "/w/git", "/w/hub", true},
		{open, "/w/git", "/w/bin/git", false},
		{open, "/w/other", "/w/ls", false},
		{closed, "/w/other", "/w/ls", true},
		{closed, "/w/ls", "/w/bin/ls", false},
		{closed, "/w/other", "/w/cc", true},
		{closed, "/w/ls", "/w/other", false},
	} {
		if got := c.policy.Launders([]byte(c.from), []byte(c.to), false); got != c.want {
			t.Errorf("%s -> %s: %t, want %t", c.from, c.to, got, c.want)
		}
	}
}
