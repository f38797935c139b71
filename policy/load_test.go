package policy

import (
	"testing"

	"sydbox/access"
)

func TestCommandLineRules(t *testing.T) {
	tests := []struct{ cwd, pattern, path, want string }{
		{"/home/a", "out", "/home/a/out/x", "allow out"},
		{"/home/a", ".", "/home/a/x", "allow ."},
		{"/home/a", "./out/", "/home/a/out", "allow ./out/"},
		{"/home/a", "../b", "/home/b/x", "allow ../b"},
		{"/home/a", "../../..", "/x", "allow ../../.."},
		{"/home/a", "*.o", "/home/a/x.o", "allow *.o"},
		{"/home/a*", "x", "/home/a*/x", "allow x"},
		{"/home/a*", "x", "/home/ab/x", "deny default"},
		{"/home/a", "**/x", "/q/x", "allow **/x"},
		{"/home/a", "a,b", "/home/a/a,b", "allow a,b"},
		{"/home/a", "caf\xe9", "/home/a/caf\xe9", "allow caf\xe9"},
		{"/home/a", `\~`, "/home/a/~", `allow \~`},
	}
	for _, tt := range tests {
		sys := host(nil)
		sys.Cwd = tt.cwd
		p, err := Load(sys, Options{Policies: []string{"build"},
			Rules: []RuleFlag{{"write", "allow", tt.pattern, "-w"}, {"write", "deny", "$PWD", "--deny"}}})
		if err != nil {
			t.Error(detail(err))
			continue
		}
		if tt.pattern == "." {
			continue // the same pattern as the denial: the stricter wins
		}
		if got := ask(p, access.Write, tt.path); got != tt.want {
			t.Errorf("%s: %s: %s, want %s", tt.pattern, tt.path, got, tt.want)
		}
	}
}

func TestWith(t *testing.T) {
	p := mustLoad(t, host(map[string]string{"/etc/sydbox/extra.toml": "[write]\nallow = ['/extra']"}), "")
	more, err := p.With(RuleFlag{"write", "allow", "/usr/local", "-w"})
	if err != nil {
		t.Fatal(detail(err))
	}
	if got := ask(more, access.Create, "/usr/local/bin/x"); got != "allow /usr/local" {
		t.Error(got)
	}
	if got := ask(p, access.Create, "/usr/local/bin/x"); got != "deny default" {
		t.Error("With changed the policy it was called on:", got)
	}
	again, err := more.With(RuleFlag{"write", "deny", "/usr/local/bin", "--deny"})
	if err != nil || ask(again, access.Create, "/usr/local/bin/x") != "deny /usr/local/bin" ||
		ask(again, access.Create, "/usr/local/x") != "allow /usr/local" {
		t.Error("With is not cumulative:", err)
	}
	extra, err := more.WithProfile("extra")
	if err != nil || ask(extra, access.Create, "/extra/x") != "allow /extra" || ask(extra, access.Create, "/usr/local") !=
		"allow /usr/local" {
		t.Error("WithProfile:", err)
	}
	if _, err = p.WithProfile("nosuch"); err == nil {
		t.Error("an unknown profile was added")
	}
	if _, err = p.With(RuleFlag{"write", "allow", "$NOPE", "-w"}); err == nil {
		t.Error("an unset variable was taken")
	}
}

func TestEscape(t *testing.T) {
	for _, path := range []string{"/a", "/a*b", "/[x]", `/a\b`, "/$x", "/{a,b}", "/**", "/?", "/caf\xe9"} {
		p := mustLoad(t, host(nil), "extends = []", RuleFlag{"write", "allow", Escape(path), "-w"})
		if got := p.Decide(&Query{Op: access.Write, Path: []byte(path)}); got.Denied() {
			t.Errorf("%s does not match %s", Escape(path), path)
		}
		if got := p.Decide(&Query{Op: access.Write, Path: []byte("/ab/abc")}); !got.Denied() {
			t.Errorf("%s is wider than %s", Escape(path), path)
		}
	}
}
