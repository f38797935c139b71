package report

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// FuzzShellQuote: a shell reads the word back as it was, and a terminal shows all of it.
func FuzzShellQuote(f *testing.F) {
	for _, s := range []string{
		"", "a", "it's", "a b", "~/x", "$HOME", "`id`", "\x1b[2J\n\xff", "\u202e'\\", "a'\x007", "-w", "=x", "!!", "é",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsRune(s, 0) {
			return // no argument has one
		}
		quoted := ShellQuote(s)
		if !utf8.ValidString(quoted) || strings.ContainsFunc(quoted, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%q becomes %q", s, quoted)
		}
		file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader("run "+quoted), "")
		if err != nil {
			t.Fatalf("%q becomes %s: %v", s, quoted, err)
		}
		if len(file.Stmts) != 1 {
			t.Fatalf("%q becomes %s: %d commands", s, quoted, len(file.Stmts))
		}
		call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
		if !ok || len(call.Args) != 2 || len(file.Stmts[0].Redirs) > 0 || file.Stmts[0].Background {
			t.Fatalf("%q becomes %s, which is no single word", s, quoted)
		}
		none := &expand.Config{Env: expand.FuncEnviron(func(string) string { return "" })}
		got, err := expand.Fields(none, call.Args[1])
		if err != nil || len(got) != 1 || got[0] != s {
			t.Fatalf("%q becomes %s, which a shell reads as %q (%v)", s, quoted, got, err)
		}
	})
}
