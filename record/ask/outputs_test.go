package ask

import (
	"fmt"
	"testing"

	"sydbox/event"
)

// building makes, renames, removes and installs files.
func building(t *testing.T) *script {
	s := newScript(t, "make", "install")
	cc := s.run(1, "cc")
	s.use(cc, event.OpMake, "/b/conftmp")
	s.use(cc, event.OpWrite, "/b/conftmp")
	s.move(cc, "/b/conftmp", "/b/config.h")
	s.use(cc, event.OpMake, "/tmp/ccA.o")
	s.use(cc, event.OpDelete, "/tmp/ccA.o")
	s.use(cc, event.OpWrite, "/b/log")
	s.use(cc, event.OpDelete, "/b/old")
	s.use(cc, event.OpAttr, "/b/time")
	s.fail(cc, event.OpMake, "/b/failed", "EACCES")
	s.use(cc, event.OpWrite, "/dev/null")
	cp := s.run(1, "install")
	for _, dir := range []string{"/d", "/d/usr", "/d/usr/bin"} {
		s.use(cp, event.OpMake, dir).Kind = "dir"
	}
	s.use(cp, event.OpMake, "/d/usr/bin/hello")
	s.use(cp, event.OpMake, "/d/usr/bin/hi").Kind = "link"
	return s
}

func TestOutputs(t *testing.T) {
	look := func(p string) (int64, bool) { return 1500, p != "/b/log" }
	a := Outputs(building(t).trail(0), OutputsOptions{Look: look})
	wants(t, shown(t, a, 120), "Inside /b: 3 files", "cc", "Outside: 5 files",
		"made  1.5 kB  /d/ and 4 files in it, by install #3 < make #1", "Installed trees", "2 files", "1.5 kB", "/d",
		"There before, and gone: 1", "removed", "/b/old", "1 temporary file came and went")
	a = Outputs(building(t).trail(0), OutputsOptions{Look: look, Files: true})
	text := shown(t, a, 120)
	wants(t, text, "made", "1.5 kB", "/b/config.h, first /b/conftmp, by cc #2", "changed", "gone since", "/b/log",
		"attributes", "/b/time", "/d/usr/bin/hello", "link", "/d/usr/bin/hi")
	lacks(t, text, "failed", "/dev/null", "ccA")
	if a.Status() != 0 {
		t.Errorf("status %d", a.Status())
	}
	wants(t, written(t, a), `"path": "/b/config.h"`, `"was": "/b/conftmp"`, `"size": 1500`)
}

// What becomes of a name, told by the calls in their order.
func TestWorld(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(s *script)
		want string // the last of "path what" of each file that is there or was there before, "/" for directories
	}{
		"made":             {func(s *script) { s.use(1, event.OpMake, "/x") }, "/x made;"},
		"made and removed": {func(s *script) { s.use(1, event.OpMake, "/x"); s.use(1, event.OpDelete, "/x") }, ""},
		"removed and made": {func(s *script) { s.use(1, event.OpDelete, "/x"); s.use(1, event.OpMake, "/x") }, "/x changed;"},
		"made anew": {func(s *script) {
			s.use(1, event.OpMake, "/x")
			s.use(1, event.OpDelete, "/x")
			s.use(1, event.OpMake, "/x")
		}, "/x made;"},
		"moved from before": {func(s *script) { s.move(1, "/x", "/y") }, "/x removed;/y made;"},
		"renamed over": {func(s *script) {
			s.use(1, event.OpMake, "/n")
			s.use(1, event.OpWrite, "/y")
			s.move(1, "/n", "/y")
		}, "/y changed;"},
		"renamed twice": {func(s *script) { s.use(1, event.OpMake, "/a"); s.move(1, "/a", "/b2"); s.move(1, "/b2", "/c") },
			"/c made;"},
		"in a moved directory": {func(s *script) {
			s.use(1, event.OpMake, "/d").Kind = "dir"
			s.use(1, event.OpMake, "/d/f")
			s.use(1, event.OpMake, "/d2")
			s.move(1, "/d", "/e").Kind = "dir"
		}, "/d2 made;/e made;/e/f made;"},
		"exchanged": {func(s *script) { s.move(1, "/a", "/c").Flags = "RENAME_EXCHANGE" }, "/a changed;/c changed;"},
		"linked":    {func(s *script) { s.use(1, event.OpLink, "/a").To = "/l" }, "/l made;"},
		"symlinked": {func(s *script) { s.use(1, event.OpSymlink, "/l").To = "text" }, "/l made;"},
		"unnamed":   {func(s *script) { s.use(1, event.OpMake, "/tmp/#1").Flags = "O_RDWR|O_TMPFILE" }, ""},
		"to itself": {func(s *script) { s.use(1, event.OpMake, "/a"); s.move(1, "/a", "/a") }, "/a made;"},
		"swapped by three": {func(s *script) {
			s.move(1, "/a", "/t")
			s.move(1, "/c", "/a")
			s.move(1, "/t", "/c")
		}, "/a changed;/c changed;"},
	} {
		s := newScript(t, "make")
		c.do(s)
		a := Outputs(s.trail(0), OutputsOptions{})
		got := ""
		for _, list := range [][]*Output{a.Removed, a.Inside, a.Outside} {
			for _, f := range list {
				got += fmt.Sprintf("%s %s;", f.Path, f.What)
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestLeftovers(t *testing.T) {
	s := newScript(t, "make")
	s.head.Env = append(s.head.Env, "TMPDIR=/scratch")
	sh := s.run(1, "sh")
	s.use(sh, event.OpMake, "/scratch/tmp.1")
	s.use(sh, event.OpMake, "/tmp/ok")
	s.use(sh, event.OpDelete, "/tmp/ok")
	s.use(sh, event.OpMake, "/root/.cache/x")
	s.use(sh, event.OpWrite, "/var/log/x")
	s.use(sh, event.OpAttr, "/var/log/y")
	s.use(sh, event.OpMake, "/b/fine")
	daemon := s.run(sh, "sleepd", "--\x1b[2J")
	s.add(&event.Reached{At: s.now(), ID: daemon, Op: "listen", Address: "127.0.0.1:80", Protocol: "tcp"})
	s.end(sh, 0)
	s.end(1, 0)
	s.end(daemon, 0)
	a := Leftovers(s.trail(0), OutputsOptions{})
	text := shown(t, a, 100)
	wants(t, text, "Processes that outlived the command: 1", "sleepd #3 < sh #2 < make #1", `\033[2J`,
		"ended ok, 0.001s after", "listens at 127.0.0.1:80", "Temporary files that were not removed: 1",
		"/scratch/tmp.1", "home directory: 1",
		"/root/.cache/x", "Changed outside of /b: 1", "changed", "/var/log/x")
	lacks(t, text, "/tmp/ok", "fine", "/var/log/y")
	if a.Status() != 1 {
		t.Errorf("status %d", a.Status())
	}
	within := newScript(t, "make")
	within.head.Env = []string{"HOME=/tmp/home", "TMPDIR=/tmp/home/tmp"}
	within.use(1, event.OpMake, "/tmp/home/.npm/x")
	within.use(1, event.OpMake, "/tmp/home/tmp/y")
	if a := Leftovers(within.trail(0), OutputsOptions{}); len(a.Caches) != 1 || len(a.Temporary) != 1 {
		t.Errorf("a home below /tmp:\n%s", shown(t, a, 0))
	}
	clean := newScript(t, "make")
	clean.use(1, event.OpMake, "/b/x")
	if a := Leftovers(clean.trail(0), OutputsOptions{}); a.Status() != 0 {
		t.Errorf("a clean build has leftovers:\n%s", shown(t, a, 0))
	}
	wants(t, shown(t, Leftovers(newScript(t, "make").cut(), OutputsOptions{}), 0), "not known")
}
