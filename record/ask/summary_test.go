package ask

import (
	"testing"

	"sydbox/event"
)

func TestSummaryFailed(t *testing.T) {
	s := newScript(t, "make", "a b")
	s.head.Policies, s.head.Injected = []string{"home.toml"}, []string{"/x=ENOENT"}
	cc1 := s.run(1, "cc1", "x.c")
	s.fail(cc1, event.OpRead, "/x", "ENOENT").Injected = true
	s.use(cc1, event.OpRead, "/usr/include/stdio.h").Denied = "home.toml:3 [read] deny /usr"
	s.use(cc1, event.OpMake, "/b/x.o")
	s.use(cc1, event.OpMake, "/etc/\x1b]x")
	s.use(cc1, event.OpWrite, "/dev/null").Kind = "device"
	s.add(&event.Reached{At: s.now(), ID: cc1, Op: "connect", Address: "192.0.2.7:80", Protocol: "tcp", Host: "example.org"})
	s.add(&event.Asked{At: s.now(), ID: cc1, Host: "example.org", Server: "192.0.2.53:53"})
	s.said(cc1, "x.c: broken\n")
	s.end(cc1, 1)
	a := Summary(s.trail(2))
	text := shown(t, a, 100)
	wants(t, text, "make 'a b': exit 2, in /b", "cc1 #2 failed first: exit 1", "(injected)", "x.c: broken", "time", "processes",
		"2 processes, 2 programs run, 2 failed", "read", "1 file, 1 of them outside", "written", "2 files, outside", `/etc/\x1b]x`,
		"network", "example.org", "would deny", "home.toml:3 [read] deny /usr", "injected", "/x=ENOENT, 1 time",
		"Ask next", "syd-trace cmd '#2'", "syd-trace net", "syd-trace outputs", "syd-trace inputs")
	if a.Status() != 1 {
		t.Errorf("status %d", a.Status())
	}
	wants(t, written(t, a), `"result": "exit 2"`, `"processes": 2`, `"files_written_outside"`, `"why": {`, `"next": [`)
}

func TestSummarySucceeded(t *testing.T) {
	s := newScript(t, "true")
	a := Summary(s.trail(0))
	text := shown(t, a, 80)
	wants(t, text, "true: ok, in /b", "1 process, 1 program run", "0 files", "nobody reached out")
	lacks(t, text, "Ask next", "failed")
	if a.Status() != 0 {
		t.Errorf("status %d", a.Status())
	}
}

// A recording without an end, or of nothing, is summed up as far as it goes.
func TestSummaryCut(t *testing.T) {
	s := newScript(t, "make")
	s.run(1, "sh")
	a := Summary(s.cut())
	wants(t, shown(t, a, 80), "make: not ended", "2 processes")
	if a.Status() != 2 || a.Cut == "" {
		t.Errorf("status %d, %q", a.Status(), a.Cut)
	}
	s.events = nil
	shown(t, Summary(s.cut()), 80)
	s.head.Attached = []int{7}
	wants(t, shown(t, Summary(s.cut()), 80), "attached to 7: not ended")
}

func TestSummaryReal(t *testing.T) {
	tr, dir := recordedFiles(t, []string{"Makefile", "all:\n\techo x >y\n\tgcc -c z.c\n", "z.c", "int x = ;\n"}, "make")
	text := shown(t, Summary(tr), 100)
	t.Logf("%s", text)
	wants(t, text, "make: exit 2, in "+dir, "cc1 #", "failed first: exit 1", "< gcc #", "error: expected expression", "processes",
		"Ask next", "syd-trace cmd")
}
