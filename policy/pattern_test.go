package policy

import (
	"fmt"
	"strings"
	"testing"

	"sydbox/access"
)

func TestPatternsMatch(t *testing.T) {
	tests := []struct {
		pattern string
		yes     string // paths that it matches, with the depth: "/a/b=2"
		no      string
	}{
		{"/", "/=0 /a=0 /a/b=0", ""},
		{"/**", "/=0 /a=0 /a/b=0", ""},
		{"**", "/=0 /a/b=0", ""},
		{"/a", "/a=1 /a/b=1 /a/b/c=1", "/ /ab /b/a"},
		{"/a/", "/a=1 /a/b=1", "/ab"},
		{"//a/./b//", "/a/b=2 /a/b/c=2", "/a"},
		{"/a/**", "/a=1 /a/b=1", "/b"},
		{"/a/*", "/a/b=1 /a/b/c=1 /a/.hidden=1", "/a /b"},
		{"/a/?", "/a/b=1 /a/b/c=1", "/a /a/bc"},
		{"/a/*/*", "/a/b/c=1", "/a/b"},
		{"/*/b", "/a/b=2 /x/b/c=2", "/b /a/c"},
		{"/**/b", "/b=1 /a/b=2 /a/b/c=2 /b/b/x/b=4", "/a /ab"},
		{"**/b", "/b=1 /a/b=2 /b/x/b/c=3", "/a"},
		{"**/*.pem", "/x.pem=1 /a/x.pem/y=2 /x.pem/y.pem=2 /.pem=1", "/pem /x.pe"},
		{"/a/**/b", "/a/b=2 /a/x/y/b=4 /a/b/b=3", "/a /b /a/c"},
		{"/a/**/b/**/c", "/a/b/c=3 /a/b/x/c/b/c=6", "/a/c/b /a/b"},
		{"/a/**/b/*", "/a/b/x=2 /a/b/b/x=3 /a/b/b=2", "/a/b"},
		{"/a/**/*", "/a/b=1 /a/b/c=1", "/a"},
		{"**/a/**/*/**/b", "/a/x/b=3 /a/x/y/b/z=4", "/a/b"},
		{"/a*z", "/az=1 /abz=1 /azz=1 /azaz/x=1", "/a /za /azb"},
		{"/*a*b*", "/ab=1 /xaxbx=1 /aab=1", "/ba /b"},
		{"/a?c", "/abc=1 /a\xffc=1", "/ac /abbc"},
		{"/[abc]x", "/ax=1 /cx=1", "/dx /x"},
		{"/[a-c0-9]x", "/bx=1 /7x=1", "/dx /-x"},
		{"/[!a-c]x", "/dx=1 /\xe9x=1", "/ax /x"},
		{"/[]x]y", "/]y=1 /xy=1", "/ay"},
		{"/[!]x]y", "/ay=1", "/]y /xy"},
		{"/[a-]y", "/-y=1 /ay=1", "/by"},
		{`/[\]\-]y`, "/]y=1 /-y=1", `/\y`},
		{"/[ab][ab]", "/ab=0 /ba/c=0", "/a /abc"},
		{`/a\*b`, "/a*b=1", "/axb"},
		{`/\[x\]`, "/[x]=1", "/x"},
		{`/\$x\\`, `/$x\=1`, "/x"},
		{"/{x}", "/{x}=1", "/x"},
		{"/a b", "", "/a"},
		{"$PWD", "/home/a/src=3 /home/a/src/x=3", "/home/a /home/a/srcx"},
		{"${PWD}/x", "/home/a/src/x=4", "/home/a/src"},
		{"${PWD}x/*.o", "/home/a/srcx/y.o=4", "/home/a/src/y.o"},
		{"~", "/home/a=2 /home/a/x=2", "/home"},
		{"~/.ssh", "/home/a/.ssh=3", "/home/a"},
		{"$HOME/x", "/home/a/x=3", "/home/a"},
		{"$STARS", "/s*/[x]=2", "/sa/x /s*/x"},
		{"/run/$NAME-x", "/run/n-x=2 /run/n-x/y=2", "/run/n"},
		{"${NOPE:-/d}/x", "/d/x=2", "/d"},
		{"${NOPE:-~/d}", "/home/a/d=3", "/d"},
		{"${NOPE:-${NONE:-$PWD}/y}", "/home/a/src/y=4", "/y"},
		{"${EMPTY:-/d}", "/d=1", "/"},
		{`${NOPE:-/\}}`, "/}=1", "/"},
		{"${NOPE:-}", "", "/ /x"},
		{"${NOPE:-}/x", "", "/ /x"},
		{"/a/${NOPE:-}", "", "/ /a"},
	}
	env := []string{"STARS=/s*/[x]", "NAME=n", "EMPTY="}
	for _, tt := range tests {
		p := mustLoad(t, host(nil, env...), fmt.Sprintf("extends = []\n[read]\ndeny = ['%s']", tt.pattern))
		for _, want := range strings.Fields(tt.yes) {
			path, depth, _ := strings.Cut(want, "=")
			q := &Query{Op: access.Read, Path: []byte(path)}
			if got := ask(p, access.Read, path); got != "deny "+tt.pattern {
				t.Errorf("%s: %q: %s", tt.pattern, path, got)
			} else if got := fmt.Sprint(p.Winner(q).Depth); got != depth {
				t.Errorf("%s: %q: depth %s, want %s", tt.pattern, path, got, depth)
			}
		}
		for _, path := range strings.Fields(tt.no) {
			if got := ask(p, access.Read, path); got != "allow default" {
				t.Errorf("%s: %q: %s", tt.pattern, path, got)
			}
		}
	}
	p := mustLoad(t, host(nil), "[read]\ndeny = ['/a b']")
	if got := ask(p, access.Read, "/a b/c"); got != "deny /a b" {
		t.Error("a blank is an ordinary character:", got)
	}
}
