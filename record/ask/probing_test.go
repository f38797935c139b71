package ask

import (
	"testing"

	"sydbox/event"
)

// What each build looks for in vain is left out; the same name, looked for by somebody else or elsewhere, is told.
func TestProbing(t *testing.T) {
	s := newScript(t, "make")
	s.fail(1, event.OpLook, "/b/all", "ENOENT")
	s.fail(1, event.OpLook, "/b/parser.y", "ENOENT")
	s.fail(s.run(1, "sh"), event.OpLook, "/b/all", "ENOENT")
	gcc := s.run(1, "x86_64-linux-gnu-gcc-12", "-c", "x.c")
	for _, p := range []string{"/usr/lib/gcc/x86_64-linux-gnu/12/as", "/usr/x86_64-linux-gnu/bin",
		"/usr/x86_64-linux-gnu/bin/x86_64-linux-gnu/12/x86_64-linux-gnu-as", "/usr/lib/gcc/x86_64-linux-gnu/12/cc1"} {
		s.fail(gcc, event.OpLook, p, "ENOENT")
	}
	ld := s.run(gcc, "ld", "-lz", "own.a")
	s.fail(ld, event.OpRead, "/usr/lib/gcc/x86_64-linux-gnu/12/libz.so", "ENOENT")
	s.fail(ld, event.OpRead, "/usr/lib/gcc/x86_64-linux-gnu/12/libz.a", "ENOENT")
	s.fail(ld, event.OpRead, "/usr/lib/z.a", "ENOENT").Typed = "/usr/lib/z.a"
	s.fail(ld, event.OpRead, "/b/own.a", "ENOENT").Typed = "own.a"
	s.use(ld, event.OpRead, "/usr/lib/x86_64-linux-gnu/libz.so.1.2.13").Typed =
		"/usr/lib/gcc/x86_64-linux-gnu/12/../../../x86_64-linux-gnu/libz.so"
	python := s.run(1, "python3.11", "gen.py")
	s.fail(python, event.OpLook, "/usr/bin/python3.11._pth", "ENOENT")
	s.fail(python, event.OpLook, "/usr/lib/python3/dist-packages/yaml/__init__.abi3.so", "ENOENT")
	s.fail(python, event.OpRead, "/b/conf.json", "ENOENT")
	s.fail(s.run(1, "bash", "configure"), event.OpLook, "/bin;/bin/sh", "ENOENT")
	s.fail(s.run(1, "go", "build"), event.OpLook, "/b/.git", "ENOENT")
	s.fail(s.run(1, "git", "status"), event.OpLook, "/b/.git", "ENOENT")
	text := shown(t, Missing(s.trail(0), MissingOptions{NeverFound: true}), 0)
	wants(t, text, "/b/.git by git", "/b/all by sh", "/b/conf.json by python3.11", "/b/own.a by ld",
		"/b/parser.y by make", "12/cc1 by x86_64-linux-gnu-gcc-12", "9 lookups that programs always make")
	lacks(t, text, "/b/all by make", "as by", "libz", "/z.a", "_pth", "abi3", "/bin;", "/b/.git by go",
		"x86_64-linux-gnu/bin")
}

// Node tries a module with several endings; what it found has one of them, or is in a directory of that name.
func TestNodeModules(t *testing.T) {
	s := newScript(t, "npm")
	node := s.run(1, "node", "x.js")
	for _, p := range []string{"abbrev.js", "abbrev.json", "none.js", "none.json", "semver/functions/cmp"} {
		s.fail(node, event.OpLook, "/b/node_modules/"+p, "ENOENT")
	}
	s.use(node, event.OpRead, "/b/node_modules/abbrev/lib/index.js")
	s.use(node, event.OpRead, "/b/node_modules/semver/functions/cmp.js")
	s.fail(node, event.OpExec, "/b/node_modules/.bin/tsc", "ENOENT")
	text := shown(t, Missing(s.trail(0), MissingOptions{NeverFound: true}), 0)
	wants(t, text, "program  tsc by node #2", "module   none by node #2 in /b/node_modules")
	lacks(t, text, "abbrev", "cmp")
}
