package ask

import (
	"testing"

	"sydbox/event"
)

// What only words tell of.
func TestMissingTold(t *testing.T) {
	s := newScript(t, "make")
	for range 2 {
		s.said(s.run(1, "python3"), "Traceback (most recent call last):\nModuleNotFoundError: No module named 'yaml.nodes'\n")
	}
	s.said(s.run(1, "node"), "Error: Cannot find module 'left-pad'\nError [X]: Cannot find package '@a/b' imported from /x.mjs\n")
	tr := s.trail(1)
	text := shown(t, Missing(tr, MissingOptions{NeverFound: true}), 100)
	wants(t, text, "module", "@a/b by node #4, which says so", "left-pad by node #4", "yaml.nodes by python3 ×2, which says so")
	lacks(t, shown(t, Missing(tr, MissingOptions{Program: "node"}), 100), "yaml")
}

func TestMissing(t *testing.T) {
	s := newScript(t, "make")
	s.fail(1, event.OpLook, "/b/own", "ENOENT")
	s.use(1, event.OpMake, "/b/own")
	s.fail(s.run(1, "rm"), event.OpLook, "/b/gone", "ENOENT")
	s.fail(1, event.OpLook, "/b/config.h", "ENOENT")
	s.use(s.run(1, "gen"), event.OpMake, "/b/config.h")
	s.fail(1, event.OpLook, "/b/none", "ENOENT").Count = 4
	for range 3 {
		cc1 := s.run(1, "cc1")
		s.fail(cc1, event.OpRead, "/etc/ld.so.preload", "ENOENT")
		s.fail(cc1, event.OpRead, "/opt/include/sys/types.h", "ENOENT")
		s.use(cc1, event.OpRead, "/usr/include/sys/types.h")
		s.fail(cc1, event.OpLook, "/opt/include/zlib.h.gch", "ENOENT")
		s.fail(cc1, event.OpRead, "/opt/include/zlib.h", "ENOENT")
		s.fail(cc1, event.OpLook, "/usr/include/zlib.h.gch", "ENOENT")
		s.fail(cc1, event.OpRead, "/usr/include/zlib.h", "ENOENT")
		s.fail(cc1, event.OpRead, "/usr/share/locale/de/LC_MESSAGES/gcc.mo", "ENOENT")
		s.fail(cc1, event.OpDelete, "/b/x.o", "ENOENT")
		s.fail(cc1, event.OpWrite, "/root/x", "EACCES")
	}
	sh := s.run(1, "sh")
	s.fail(sh, event.OpLook, "/usr/local/bin/foo", "ENOENT")
	s.fail(sh, event.OpLook, "/usr/bin/foo", "ENOENT")
	child := s.born(sh)
	s.fail(child, event.OpExec, "/usr/local/bin/ls", "ENOENT")
	s.exec(child, "ls")
	tr := s.trail(0)
	a := Missing(tr, MissingOptions{})
	text := shown(t, a, 100)
	wants(t, text, "Never found", "program", "foo by sh #7 in 2 directories: /usr/local/bin /usr/bin", "header",
		"zlib.h by cc1 ×3 in 2 directories: /opt/include /usr/include", "file", "/b/none by make #1",
		"Found elsewhere", "ls by sh #8 in /usr/local/bin; found /usr/bin/ls",
		"sys/types.h by cc1 ×3 in /opt/include; found /usr/include/sys/types.h",
		"There later", "/b/config.h by make #1; there at +0.011s: gen #3",
		"3 lookups for locales", "11 lookups that programs always make")
	lacks(t, text, "x.o", "own", "gone", "EACCES", "preload", ".gch")
	if a.Status() != 0 {
		t.Errorf("status %d", a.Status())
	}
	text = shown(t, Missing(tr, MissingOptions{NeverFound: true, Program: "cc*"}), 100)
	wants(t, text, "zlib.h")
	lacks(t, text, "foo", "types.h", "config.h")
	wants(t, shown(t, Missing(tr, MissingOptions{All: true}), 100), "/etc/ld.so.preload", "zlib.h.gch")
	text = shown(t, Missing(tr, MissingOptions{Below: tr.Proc(sh)}), 100)
	wants(t, text, "foo", "ls")
	lacks(t, text, "zlib.h")
	wants(t, written(t, a), `"kind": "program"`, `"never_found": true`, `"directories"`, `"found"`, `"later"`)
	if a := Missing(newScript(t, "make").trail(0), MissingOptions{}); a.Status() != 1 {
		t.Errorf("status %d", a.Status())
	} else {
		wants(t, shown(t, a, 80), "Nothing")
	}
}

func TestMissingReal(t *testing.T) {
	tr, _ := recordedFiles(t, []string{"x.c", "#include <sys/types.h>\n#include <zlub.h>\n"},
		"sh", "-c", "nosuchprogram; gcc -c x.c; ls /none; true")
	text := shown(t, Missing(tr, MissingOptions{}), 120)
	t.Logf("%s", text)
	wants(t, text, "Never found", "nosuchprogram by sh #1", "zlub.h by cc1 #", "directories", "/none by ls #",
		"Found elsewhere", "header", "cc1 looked for", "names in up to")
	lacks(t, text, "bits")
}
