package ask

import (
	"strings"
	"testing"
	"time"

	"sydbox/event"
)

// A compiler below a compiler driver below a shell below make.
func TestWhyDeep(t *testing.T) {
	s := newScript(t, "make")
	ok := s.run(1, "gcc", "-c", "y.c")
	s.end(ok, 0)
	sh := s.run(1, "sh", "-c", "gcc -c x.c")
	gcc := s.run(sh, "gcc", "-c", "x.c")
	cc1 := s.run(gcc, "cc1", "x.c")
	s.fail(cc1, event.OpRead, "/etc/ld.so.preload", "ENOENT")
	s.fail(cc1, event.OpRead, "/usr/local/include/stdio.h", "ENOENT")
	s.use(cc1, event.OpRead, "/usr/include/stdio.h")
	s.fail(cc1, event.OpLook, "/usr/include/zlib.h.gch", "ENOENT")
	s.fail(cc1, event.OpRead, "/usr/local/include/zlib.h", "ENOENT")
	s.fail(cc1, event.OpRead, "/usr/include/zlib.h", "ENOENT")
	s.said(cc1, "x.c:1:10: \x1b[01;31mfatal error: \x1b[mzlib.h: No such file or directory\n\x1b]0;pwned\x07\n")
	s.end(cc1, 1)
	s.end(gcc, 1)
	s.end(sh, 1)
	s.said(1, "make: *** [Makefile:3: all] Error 1\n")
	a := Why(s.trail(2))
	text := shown(t, a, 100)
	wants(t, text, "cc1 #5 failed first: exit 1", "cc1 #5", "cc1 x.c", "< gcc #4", "gcc -c x.c", "< sh #3", "< make #1", "exit 2",
		"said: make: *** [Makefile:3: all] Error 1", "ENOENT", "read", "zlib.h in 2 directories: /usr/local/include /usr/include",
		"cc1 #5 wrote", "fatal error: zlib.h: No such file", `\x1b]0;pwned\x07`, "syd-trace missing '#5'", "syd-trace cmd '#4'")
	lacks(t, text, "stdio.h", "preload", ".gch", "Failed too", "syd-trace tree") // it has nothing that is not shown
	if a.Status() != 0 {
		t.Errorf("status %d", a.Status())
	}
	a.Recording = "x y"
	wants(t, shown(t, a, 100), "syd-trace cmd -r 'x y' '#4'")
	wants(t, written(t, a), `"failed": true`, `"process": 5`, `"program": "cc1"`, `"mishaps"`, `"stderr_of"`, `"question": "missing"`)
}

// make tells which recipes failed, which it does not mind, and says nothing of $(shell).
func TestWhyMake(t *testing.T) {
	s := newScript(t, "make", "-k")
	shell := s.born(1)
	s.exec(shell, "sh", "-c", "$(shell)").Stdio[1] = "pipe:[4]"
	s.end(shell, 1)
	s.end(s.run(1, "cp", "ignored"), 1)
	late := s.run(1, "cp", "late")
	s.killed(s.run(1, "test", "first"), "SIGSEGV")
	s.end(late, 1)
	s.end(s.run(1, "cp", "fine"), 0)
	s.said(1, "make: [Makefile:1: x] Error 1 (ignored)\nmake: *** [Makefile:2: y] Speicherzugriffsfehler\n"+
		"make: *** [Makefile:3: z] Fehler 1\nmake: Target 'all' not remade because of errors.\n")
	a := Why(s.trail(2))
	wants(t, shown(t, a, 100), "test #5 failed first: SIGSEGV", "Failed too", "cp late")
	s = newScript(t, "make")
	s.end(s.run(1, "sh", "-c", "$(shell)"), 1)
	s.said(1, "make: *** No rule to make target 'x'.  Stop.\n")
	wants(t, shown(t, Why(s.trail(2)), 100), "make #1 failed: exit 2", "No rule to make target 'x'")
}

// What went to /dev/null is told where nobody said anything else.
func TestWhyLost(t *testing.T) {
	for _, loud := range []bool{false, true} {
		s := newScript(t, "script")
		s.add(&event.Said{At: s.now(), ID: s.run(1, "test-program"), Text: "hidden\n", Lost: true})
		s.end(2, 1)
		want := []string{"test-program #2 wrote to standard error, which was /dev/null", "  hidden"}
		if loud {
			s.said(1, "aloud\n")
			want = []string{"script #1 wrote to standard error\n", "  aloud"}
		}
		wants(t, shown(t, Why(s.trail(1)), 100), want...)
	}
}

// What a shell makes of failures.
func TestWhyShell(t *testing.T) {
	tests := []struct {
		name  string
		story func(s *script) (exit int)
		want  string
	}{
		{"the last that failed like the shell", func(s *script) int {
			s.end(s.run(1, "one"), 3)
			s.end(s.run(1, "two"), 3)
			s.end(s.run(1, "rm", "-f", "x"), 0)
			return 3
		}, "two #3 failed first"},
		{"it went on", func(s *script) int {
			s.end(s.run(1, "one"), 1)
			s.end(s.run(1, "gcc"), 0)
			return 1
		}, "sh #1 failed:"},
		{"another status", func(s *script) int {
			s.end(s.run(1, "one"), 1)
			return 77
		}, "one #2 failed first"},
		{"a signal is 128 more", func(s *script) int {
			s.end(s.run(1, "one"), 3)
			s.killed(s.run(1, "two"), "SIGSEGV")
			s.end(s.run(1, "three"), 4)
			return 139
		}, "two #3 failed first: SIGSEGV"},
		{"a pipe that nobody reads", func(s *script) int {
			yes := s.born(1)
			s.exec(yes, "yes").Stdio[1] = "pipe:[1]"
			head := s.born(1)
			s.exec(head, "grep").Stdio[0] = "pipe:[1]"
			s.killed(yes, "SIGPIPE")
			s.end(head, 1)
			return 1
		}, "grep #3 failed first"},
		{"a subshell", func(s *script) int {
			sub := s.born(1)
			s.end(s.run(sub, "one"), 2)
			s.end(sub, 2)
			return 2
		}, "one #3 failed first"},
		{"killed by its parent", func(s *script) int {
			child := s.run(1, "sleep")
			s.signal(1, child, "SIGTERM")
			s.killed(child, "SIGTERM")
			return 124
		}, "sh #1 itself ended sleep #2 by SIGTERM"},
		{"killed from outside", func(s *script) int {
			child := s.run(1, "sleep")
			s.add(&event.Signalled{At: s.now(), ID: child, Signal: "SIGTERM", PID: 7})
			s.killed(child, "SIGTERM")
			return 143
		}, "a process outside the tree (pid 7)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newScript(t, "sh", "-c", "x")
			exit := test.story(s)
			wants(t, shown(t, Why(s.trail(exit)), 100), test.want)
		})
	}
}

// An error that was made up goes before everything else, one that a policy would have given is marked.
func TestWhyInjected(t *testing.T) {
	s := newScript(t, "cc1")
	s.fail(1, event.OpWrite, "/out", "EACCES")
	s.fail(1, event.OpRead, "/usr/include/foo.h", "ENOENT").Injected = true
	s.use(1, event.OpRead, "/etc/secret").Denied = "p.toml:3 [read] deny /etc/secret"
	a := Why(s.trail(1))
	wants(t, shown(t, a, 100), "ENOENT (injected)", "foo.h", "EACCES", "/out", "denied by")
	wants(t, written(t, a), `"injected": true`)
}

func TestWhySucceeded(t *testing.T) {
	s := newScript(t, "make")
	s.end(s.run(1, "false"), 1)
	a := Why(s.trail(0))
	wants(t, shown(t, a, 80), "The command succeeded.", "1 process failed, and it went on")
	if a.Status() != 1 {
		t.Errorf("status %d", a.Status())
	}
}

// A recording without an end tells what had failed by then.
func TestWhyCut(t *testing.T) {
	s := newScript(t, "make")
	sh := s.run(1, "sh")
	s.end(s.run(sh, "cp"), 1)
	a := Why(s.cut())
	wants(t, shown(t, a, 80), "cp #3 failed first", "may not be why")
	if a.Status() != 2 {
		t.Errorf("status %d", a.Status())
	}
	a = Why(newScript(t, "make").cut())
	if a.Status() != 2 || len(a.Chain) != 0 {
		t.Errorf("%+v", a)
	}
	shown(t, a, 80)
	empty := newScript(t, "make")
	empty.events = nil
	if a := Why(empty.cut()); a.Status() != 2 {
		t.Errorf("%+v", a)
	}
}

// Of processes that were attached to, the first that failed is asked about; if none did, what failed below them.
func TestWhyAttached(t *testing.T) {
	s := newScript(t, "sh")
	s.head.Command, s.head.Attached = nil, []int{1001, 1002}
	other := s.born(0)
	s.end(s.run(other, "cp"), 1)
	a := Why(s.cut())
	wants(t, shown(t, a, 80), "cp #3 failed first")
	if a.Status() != 2 {
		t.Errorf("status %d", a.Status())
	}
	s.end(other, 1)
	if a := Why(s.cut()); a.Status() != 0 || a.Chain[0].ID != 3 {
		t.Errorf("status %d, %+v", a.Status(), a.Chain)
	}
}

// What a program said long before is left out unless all is asked for.
func TestWhySaid(t *testing.T) {
	s := newScript(t, "make")
	s.said(1, strings.Repeat("line\n\tindented\n", 30))
	s.wait(time.Minute)
	a := Why(s.trail(2))
	text := shown(t, a, 80)
	wants(t, text, "at +1m00", "40 lines before that: --all", "        indented")
	a.All = true
	lacks(t, shown(t, a, 80), "before that")
}

// What ran before the failure is below the nearest process that had started something else before.
func TestWhyBefore(t *testing.T) {
	s := newScript(t, "make")
	sub := s.run(1, "make", "-C", "lib")
	s.end(s.run(sub, "cc", "x.c"), 0)
	sh := s.run(sub, "sh", "-c", "python3 gen.py")
	python := s.run(sh, "python3", "gen.py")
	s.end(python, 1)
	s.end(sh, 1)
	s.end(sub, 2)
	wants(t, shown(t, Why(s.trail(2)), 100), "python3 #5 failed first", "syd-trace tree '#2'  what ran before it")
}

// What was stopped on purpose, at a breakpoint, was not killed by somebody: what had failed before is told.
func TestWhyStopped(t *testing.T) {
	s := newScript(t, "make")
	sub := s.run(1, "make", "-C", "lib")
	s.end(s.run(sub, "python3", "gen.py"), 1)
	s.killed(sub, "SIGKILL")
	s.killed(1, "SIGKILL")
	s.interrupted = true
	a := Why(s.trail(0))
	text := shown(t, a, 100)
	wants(t, text, "python3 #3 failed first: exit 1", "The recording ends before")
	lacks(t, text, "memory")
	if a.Failed != nil || a.Status() != 2 {
		t.Errorf("failed %v, status %d", a.Failed, a.Status())
	}
}

// Who wants to trace what is recorded cannot: that is named, for it looks like a fault of the program.
func TestWhyTracedTwice(t *testing.T) {
	for said, want := range map[string]string{
		"==9==LeakSanitizer has encountered a fatal error.\n==9==HINT: LeakSanitizer does not work under ptrace\n": "detect_leaks=0",
		"strace: ptrace(PTRACE_TRACEME, ...): Operation not permitted\n":                                           "cannot be traced by another",
	} {
		s := newScript(t, "make")
		test := s.run(1, "./test")
		s.said(test, said)
		s.end(test, 1)
		wants(t, shown(t, Why(s.trail(2)), 0), "test #2 failed first", want)
	}
}
