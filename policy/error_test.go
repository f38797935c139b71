package policy

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the tests got into their golden files")

// TestErrors loads every testdata/errors/*.toml and compares the error's Detail with the .want beside it.
func TestErrors(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases:", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		sys := host(map[string]string{"/" + name: string(text)}, "REL=a/b", "UP=/a/../b")
		_, loadErr := Load(sys, Options{Policies: []string{"/" + name}})
		var e *Error
		if !errors.As(loadErr, &e) {
			t.Errorf("%s: %v is no *Error", file, loadErr)
			continue
		}
		golden(t, strings.TrimSuffix(file, ".toml")+".want", e.Detail()+"\n")
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

func TestCommandLineErrors(t *testing.T) {
	flags := []RuleFlag{
		{"write", "allow", "$NOPE/x", "-w"},
		{"write", "allow", "", "-w"},
		{"write", "allow", "a/../b", "-w"},
		{"write", "allow", "~b/x", "-w"},
		{"write", "allow", "x\x1b[31m[", "-w"},
		{"write", "allow", "/proc/self/fd", "-w"},
		{"wirte", "allow", "/x", "--allow"},
		{"connect", "allow", "127.0.0.1/8:80", "--allow"},
		{"bind", "deny", "*", "--deny"},
		{"env", "deny", "A=1", "--deny"},
		{"env", "mute", "A", "--mute"},
		{"syscalls", "allow", "iouring", "--allow"},
		{"syscalls", "deny", "io_uring", "--deny"},
		{"exec", "deny", "git push ... --force", "--deny"},
		{"exec", "deny", "git pu*", "--deny"},
		{"exec", "deny", "git $NOPE", "--deny"},
		{"exec", "allow", "...", "--allow"},
		{"exec", "deny", "git 'pu", "--deny"},
		{"exec", "deny", "", "--deny"},
		{"exec", "deny", "  \"/a/[z-a]\"/[z-a] ", "--deny"},
		{"exec", "allow", "$STDIO", "--allow"},
		{"write", "destroy", "/x", ""},
		{"write", "allow", "$TREEx/$TREE", "-w"},
		{"write", "allow", "$STDIO/x", "-w"},
		{"write", "allow", "x\x00y", "-w"},
	}
	var got strings.Builder
	for _, f := range flags {
		_, err := Load(host(nil), Options{Rules: []RuleFlag{f}})
		if err == nil {
			t.Errorf("%+v is accepted", f)
			continue
		}
		got.WriteString(detail(err) + "\n\n")
	}
	for _, name := range []string{"", "gow", "./gone.toml", "nothing-like-it", "local"} {
		_, err := Load(host(map[string]string{"/home/a/src/local": ""}), Options{Policies: []string{name}})
		got.WriteString(detail(err) + "\n\n")
	}
	golden(t, "testdata/commandline.want", got.String())
}

func TestDetailKeepsTheCaretBelow(t *testing.T) {
	tests := []struct {
		line          string
		column, width int
		text, caret   string
	}{
		{"abc", 2, 1, "abc", " ^"},
		{"\tabc", 3, 2, "\tabc", "\t ^^"},
		{"\x1bab", 2, 1, `\x1bab`, "    ^"},
		{"\xffab", 1, 1, `\xffab`, "^^^^"},
		{"é b", 4, 1, "é b", "  ^"},
		{"漢 b", 5, 1, "漢 b", "   ^"},
		{"a\u202eb", 5, 1, `a\u{202e}b`, "         ^"},
		{"abc", 4, 1, "abc", "   ^"},
		{"", 1, 1, "", "^"},
	}
	for _, tt := range tests {
		e := &Error{LineText: tt.line, Column: tt.column, Width: tt.width}
		if text, caret := e.underline(); text != tt.text || caret != tt.caret {
			t.Errorf("%q:\n%q\n%q, want\n%q\n%q", tt.line, text, caret, tt.text, tt.caret)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"allow", "deny", "kill", "kill-tree", "no_new_privs", "default"}
	for got, want := range map[string]string{
		"alow": "allow", "dney": "deny", "Allow": "allow", "kill_tree": "kill-tree", "no-new-privs": "no_new_privs",
		"defualt": "default", "xyzzy": "", "": "", strings.Repeat("a", 100): "",
	} {
		if n := nearest(got, known); n != want {
			t.Errorf("nearest(%q) = %q, want %q", got, n, want)
		}
	}
}
