package ask

import (
	"strings"
	"testing"
)

// forest is a make with compilers, a failure that was tolerated, and one that was not.
func forest(t *testing.T) *script {
	s := newScript(t, "make", "all")
	for range 5 {
		gcc := s.run(1, "gcc", "-c", "x.c")
		s.end(s.run(gcc, "cc1"), 0)
		s.end(s.run(gcc, "as"), 0)
		s.end(gcc, 0)
	}
	sh := s.run(1, "sh", "-c", "exec \x1b[2J gcc")
	s.exec(sh, "gcc", "last")
	for range 4 {
		s.end(s.run(sh, "test"), 1)
	}
	s.end(s.born(sh), 0)
	s.end(sh, 0)
	for range 3 {
		s.killed(s.run(1, "bad"), "SIGSEGV")
	}
	return s
}

func TestTree(t *testing.T) {
	tr := forest(t).trail(2)
	text := shown(t, Tree(tr, TreeOptions{}), 100)
	wants(t, text, "#1 make all  exit 2 +0.001s", "\n  #2…#14 gcc (cc1, as) ×5  15 processes 0.0",
		"\n  #17 sh -c $'exec \\033[2J gcc' → gcc last  +0.0", "\n    #18…#21 test ×4  exit 1 ", "\n    #22 (gcc)  +",
		"\n  #23 bad  SIGSEGV", "#24 bad", "#25 bad")
	if n := strings.Count(text, "\n"); n != 8 {
		t.Errorf("%d lines:\n%s", n, text)
	}
	text = shown(t, Tree(tr, TreeOptions{All: true}), 100)
	if n := strings.Count(text, "\n"); n != 25 {
		t.Errorf("%d lines:\n%s", n, text)
	}
	text = shown(t, Tree(tr, TreeOptions{Failed: true}), 100)
	lacks(t, text, "cc1", "(gcc)")
	wants(t, text, "#1 make", "#17 sh", "#18…#21 test ×4", "#23 bad")
	text = shown(t, Tree(tr, TreeOptions{Program: "cc*", All: true}), 100)
	lacks(t, text, "as", "bad", "#17")
	wants(t, text, "#1 make", "  #2 gcc", "    #3 cc1", "  #14 gcc", "    #15 cc1")
	text = shown(t, Tree(tr, TreeOptions{Depth: 1, Below: tr.Proc(1), All: true}), 100)
	wants(t, text, "#2 gcc -c x.c", "(+2 below)", "#17", "(+5 below)")
	lacks(t, text, "cc1")
	text = shown(t, Tree(tr, TreeOptions{Below: tr.Proc(17)}), 100)
	if !strings.HasPrefix(text, "#17 sh") || strings.Contains(text, "#1 make") {
		t.Error(text)
	}
	if a := Tree(tr, TreeOptions{Program: "none"}); a.Status() != 1 {
		t.Errorf("status %d", a.Status())
	} else {
		shown(t, a, 80)
	}
	a := Tree(tr, TreeOptions{})
	if len(a.Processes) != 25 || a.Status() != 0 {
		t.Errorf("%d processes, status %d", len(a.Processes), a.Status())
	}
	wants(t, written(t, a), `"process": 1`, `"pid": 1001`, `"exit": 2`, `"parent": 1`, `"signal": "SIGSEGV"`)
}

// Deep trees and long lines stay within the width as far as words let them.
func TestTreeWidth(t *testing.T) {
	s := newScript(t, "sh")
	id := 1
	for range 60 {
		id = s.run(id, "sh", "-c", strings.Repeat("word ", 40))
	}
	for _, line := range strings.Split(shown(t, Tree(s.trail(0), TreeOptions{}), 80), "\n") {
		if len(line) > 80 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
}

// TestTreeOfDaemons: a process whose child does the same, and so on: a line of it costs the same at any depth, and what is
// kept to fold siblings is no larger. Those of one kind are still told from those that differ far below.
func TestTreeOfDaemons(t *testing.T) {
	s := newScript(t, "sh")
	const deep = 5000
	id := 1
	for range deep {
		id = s.born(id)
	}
	a := Tree(s.trail(0), TreeOptions{})
	if text := shown(t, a, 0); len(text) > deep*400 {
		t.Errorf("%d bytes for %d processes", len(text), deep)
	}
	for _, n := range a.Processes {
		if len(n.shape) > 2*mostShape || len(n.kind) > mostShape {
			t.Fatalf("a shape of %d bytes, a kind of %d", len(n.shape), len(n.kind))
		}
	}
	s = newScript(t, "make")
	for i := range 8 {
		at := s.run(1, "sh")
		for range 100 {
			at = s.run(at, "nested-program")
		}
		if i >= 4 {
			s.run(at, "other")
		}
	}
	wants(t, shown(t, Tree(s.trail(0), TreeOptions{}), 100), "#2…#305 sh (nested", "… ×4  404 processes", "… ×4  408 processes")
}

// A recipe of automake has thousands of characters: --all shows them.
func TestTreeScript(t *testing.T) {
	script := strings.Repeat("if test -f x; then ", 40)
	s := newScript(t, "make")
	s.run(1, "sh", "-c", script+"END")
	s.run(1, "cc", "/"+strings.Repeat("long/", 100)+"x.c")
	tr := s.trail(0)
	text := shown(t, Tree(tr, TreeOptions{}), 0)
	wants(t, text, "sh -c 'if test", "… 523 characters more: --all", "long/x.c") // a path is never cut
	lacks(t, text, "END")
	wants(t, shown(t, Tree(tr, TreeOptions{All: true}), 0), "END")
}
