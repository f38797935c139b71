package ask

import (
	"fmt"
	"testing"

	"sydbox/event"
)

// configured is a recording in which config.h is made under another name, renamed, and read.
func configured(t *testing.T) *script {
	s := newScript(t, "make")
	s.fail(1, event.OpLook, "/b/config.h", "ENOENT")
	sh := s.run(1, "sh", "configure")
	sed := s.born(sh)
	s.use(sed, event.OpMake, "/b/conftmp").Flags = "O_WRONLY|O_CREAT|O_TRUNC"
	s.exec(sed, "sed", "x").Stdio = [3]string{"/dev/null", ">/b/conftmp", "/dev/pts/1"}
	s.end(sed, 0)
	s.use(sh, event.OpRead, "/b/conftmp")
	mv := s.run(sh, "mv", "conftmp", "config.h")
	s.move(mv, "/b/conftmp", "/b/config.h")
	s.end(mv, 0)
	s.use(s.run(sh, "cat", "conftmp"), event.OpMake, "/b/conftmp") // another file of that name
	s.end(sh, 0)
	for range 31 {
		gcc := s.run(1, "gcc")
		cc1 := s.run(gcc, "cc1")
		s.use(cc1, event.OpRead, "/b/config.h")
		s.end(cc1, 0)
		s.end(gcc, 0)
	}
	return s
}

func TestWho(t *testing.T) {
	a := Who(configured(t).trail(0), "config.h", "/elsewhere", false)
	text := shown(t, a, 100)
	wants(t, text, "/b/config.h", "also known as /b/conftmp", "looked for: ENOENT", "make #1", "made it as /b/conftmp",
		"sed #3 < sh #2 < make #1 (its shell opened it)", "read it as /b/conftmp", "renamed from /b/conftmp",
		"mv #4 < sh #2 < make #1", "read", "cc1 ×31, first cc1 #7 < gcc #6 < make #1")
	lacks(t, text, "cat #5")
	if a.Status() != 0 || len(a.Uses) != 5+30 {
		t.Errorf("status %d, %d uses", a.Status(), len(a.Uses))
	}
	a.All = true
	wants(t, shown(t, a, 100), "cc1 #7 <", "cc1 #9 <", "cc1 #67 <")
	wants(t, written(t, a), `"path": "/b/config.h"`, `"op": "make"`, `"redirected": true`, `"op": "rename"`, `"to": "/b/config.h"`)
}

// The other way round: what became of the temporary file.
func TestWhoSource(t *testing.T) {
	a := Who(configured(t).trail(0), "/b/conftmp", "/", false)
	wants(t, shown(t, a, 100), "made", "sed #3", "read", "sh #2", "renamed to /b/config.h", "made", "cat #5")
}

func TestWhoPaths(t *testing.T) {
	s := newScript(t, "make")
	s.use(1, event.OpRead, "/b/src/x.h")
	s.use(1, event.OpRead, "/b/lib/x.h")
	s.use(1, event.OpRead, "/b/lib/y.h")
	s.fail(1, event.OpLook, "/usr/include/y.h", "ENOENT")
	s.use(1, event.OpRead, "/opt/real/z").Typed = "/opt/link/z"
	tr := s.trail(0)
	for _, test := range []struct{ typed, here, want, candidates string }{
		{"/b/src/x.h", "/", "/b/src/x.h", "[]"},
		{"/b//src/./x.h", "/", "/b/src/x.h", "[]"},
		{"x.h", "/b/src", "/b/src/x.h", "[]"},
		{"src/x.h", "/somewhere", "/b/src/x.h", "[]"},
		{"x.h", "/", "", "[/b/lib/x.h /b/src/x.h]"},
		{"y.h", "/", "/b/lib/y.h", "[]"}, // where it was found goes before where it was not
		{"/opt/link/z", "/", "/opt/real/z", "[]"},
		{"lib", "/b", "/b/lib", "[]"},
		{"none", "/", "/b/none", "[]"},
	} {
		got, candidates := FindPath(tr, test.typed, test.here)
		if got != test.want || fmt.Sprint(candidates) != test.candidates {
			t.Errorf("%s in %s: %q %v", test.typed, test.here, got, candidates)
		}
	}
	if a := Who(tr, "x.h", "/", false); a.Status() != 2 {
		t.Errorf("status %d", a.Status())
	} else {
		wants(t, shown(t, a, 80), "Which of these?", "/b/lib/x.h", "/b/src/x.h")
	}
	if a := Who(tr, "none", "/", false); a.Status() != 1 {
		t.Errorf("status %d", a.Status())
	}
	a := Who(tr, "/b", "/", true)
	wants(t, shown(t, a, 80), "read /b/src/x.h", "read /b/lib/x.h")
}

// A file keeps its history when the directory that it is in is renamed, and when it gets another name.
func TestWhoMoved(t *testing.T) {
	s := newScript(t, "make")
	s.use(1, event.OpMake, "/b/tmp").Kind = "dir"
	s.use(1, event.OpMake, "/b/tmp/x")
	s.move(1, "/b/tmp", "/b/out")
	link := s.use(1, event.OpLink, "/b/out/x")
	link.To = "/b/y"
	s.use(1, event.OpWrite, "/b/out/x")
	s.use(1, event.OpDelete, "/b/out/x")
	s.use(1, event.OpMake, "/b/out/x").Flags = "O_EXCL"
	tr := s.trail(0)
	wants(t, shown(t, Who(tr, "/b/y", "/", false), 100), "made it as /b/tmp/x", "renamed /b/tmp to /b/out",
		"linked from /b/out/x", "wrote it as /b/out/x", "deleted it as /b/out/x")
	if uses := Who(tr, "/b/y", "/", false).Uses; uses[len(uses)-1].Op != event.OpDelete {
		t.Errorf("the new file's beginning is told: %+v", uses)
	}
	wants(t, shown(t, Who(tr, "/b/out/x", "/", false), 100), "made it as /b/tmp/x", "linked to /b/y", "wrote", "deleted", "made")
}

func TestWhoWriters(t *testing.T) {
	s := newScript(t, "make")
	one, two := s.run(1, "one"), s.run(1, "two")
	s.use(one, event.OpMake, "/b/x")
	s.use(two, event.OpWrite, "/b/x").Flags = "O_WRONLY|O_TRUNC"
	tr := s.trail(0)
	wants(t, shown(t, Who(tr, "x", "/b", false), 100), "made", "one #2", "wrote anew", "two #3",
		"Several processes wrote it from its start: one #2 and, last, two #3.")
	s.use(two, event.OpDelete, "/b/x")
	s.use(one, event.OpMake, "/b/x")
	lacks(t, shown(t, Who(s.trail(0), "x", "/b", false), 100), "Several")
}

// Programs that ran a file, that got it as their output, and a shell's hostile name.
func TestWhoPrograms(t *testing.T) {
	s := newScript(t, "make")
	s.use(1, event.OpMake, "/b/\x1b[2Jx y")
	sh := s.born(1)
	s.exec(sh, "/b/\x1b[2Jx y").Stdio[1] = ">/b/log"
	s.exec(s.born(1), "/bin/sh", "/b/run").Script = "/b/run"
	tr := s.trail(0)
	wants(t, shown(t, Who(tr, "/b/\x1b[2Jx y", "/", false), 100), `"/b/\x1b[2Jx y"`, "made", "make #1", "ran", `"\x1b[2Jx y" #2`)
	wants(t, shown(t, Who(tr, "log", "/b", false), 100), "had as output", "#2")
	wants(t, shown(t, Who(tr, "run", "/b", false), 100), "ran", "run #3")
}
