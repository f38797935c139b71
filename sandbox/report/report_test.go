package report

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sydbox/event"
)

func TestBlock(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*event.Denial)
		want   string
	}{
		{"the design's", func(*event.Denial) {}, `sydbox: denied create /usr/local/bin/hello (EACCES)
  by    install[4121] < sh[4119] < make[4102]  in /home/a/hello/src
  typed /usr/local/bin/hello   openat(O_WRONLY|O_CREAT)
  rule  build:7 [write] default
`},
		{"a descriptor, a pattern, permissions", func(d *event.Denial) {
			d.Op, d.Call, d.Flags, d.Typed, d.Natural = "attr", "fchmod", "", "", "EPERM"
			d.Rule = event.Rule{Section: "write", Action: "deny", Text: "/usr", Source: "command line"}
		}, `sydbox: denied attr /usr/local/bin/hello (EACCES)
  by    install[4121] < sh[4119] < make[4102]  in /home/a/hello/src
  call  fchmod
  rule  command line [write] deny /usr
  note  file permissions refuse it too (EPERM), no rule helps
`},
		{"warn mode", func(d *event.Denial) { d.Action, d.Errno = "warn", "" },
			`sydbox: would deny create /usr/local/bin/hello
  by    install[4121] < sh[4119] < make[4102]  in /home/a/hello/src
  typed /usr/local/bin/hello   openat(O_WRONLY|O_CREAT)
  rule  build:7 [write] default
`},
		{"a warn rule", func(d *event.Denial) {
			d.Action, d.Errno, d.Rule.Action, d.Rule.Text = "warn", "", "warn", "/usr/**/x"
		}, `sydbox: warning: create /usr/local/bin/hello
  by    install[4121] < sh[4119] < make[4102]  in /home/a/hello/src
  typed /usr/local/bin/hello   openat(O_WRONLY|O_CREAT)
  rule  build:7 [write] warn /usr/**/x
`},
		{"killed, without a path or a rule", func(d *event.Denial) {
			*d = event.Denial{Action: "kill", Call: "open", Why: "the arguments cannot be read"}
		}, `sydbox: denied open (process killed)
  call  open
  why   the arguments cannot be read
`},
		{"a process", func(d *event.Denial) {
			d.Op, d.Errno, d.Call, d.Flags, d.Typed, d.Path = "signal", "EPERM", "kill", "77, SIGTERM", "", ""
			d.Target, d.Rule = event.Process{PID: 77, Name: "a b"}, event.Rule{}
		}, `sydbox: denied signal to "a b"[77] (EPERM)
  by    install[4121] < sh[4119] < make[4102]  in /home/a/hello/src
  call  kill(77, SIGTERM)
`},
		{"a group of processes", func(d *event.Denial) {
			d.Op, d.Errno, d.Call, d.Flags, d.Typed, d.Path = "priority", "EPERM", "setpriority", "1, 77, 5", "", ""
			d.Target, d.Rule = event.Process{PID: -77}, event.Rule{}
		}, `sydbox: denied priority of process group 77 (EPERM)
  by    install[4121] < sh[4119] < make[4102]  in /home/a/hello/src
  call  setpriority(1, 77, 5)
`},
		{"hostile", func(d *event.Denial) {
			d.Path, d.Typed, d.Dir = "/x\n/y", "\x1b[2J", "/\u202e"
			d.Chain = []event.Process{{PID: 1, Name: "\x9b31m"}}
		}, `sydbox: denied create "/x\x0a/y" (EACCES)
  by    "\x9b31m"[1]  in "/\u202e"
  typed "\x1b[2J"   openat(O_WRONLY|O_CREAT)
  rule  build:7 [write] default
`},
		{"a long chain", func(d *event.Denial) {
			d.Chain = nil
			for i := range 9 {
				d.Chain = append(d.Chain, event.Process{PID: i, Name: fmt.Sprintf("p%d", i)})
			}
		}, `sydbox: denied create /usr/local/bin/hello (EACCES)
  by    p0[0] < p1[1] < p2[2] < p3[3] < … < p8[8]  in /home/a/hello/src
  typed /usr/local/bin/hello   openat(O_WRONLY|O_CREAT)
  rule  build:7 [write] default
`},
	} {
		d := denial("create", "/usr/local/bin/hello")
		test.change(d)
		if diff := cmp.Diff(test.want, block(d, false)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
	}
	if got := block(denial("create", "/x"), true); !strings.HasPrefix(got, "sydbox: \x1b[31mdenied\x1b[0m create /x") {
		t.Errorf("in colour: %q", got)
	}
}

func TestTerminalMergesAndBounds(t *testing.T) {
	var out strings.Builder
	term := NewTerminal(&out, Options{})
	term.Summary()
	if out.Len() != 0 {
		t.Errorf("written without a denial: %q", out.String())
	}
	for i := range 3 {
		d := denial("create", "/usr/local/bin/hello")
		d.PID, d.Chain = i, []event.Process{{PID: i, Name: "install"}}
		term.Denied(d)
	}
	muted := denial("create", "/other")
	muted.Action = "mute"
	term.Denied(muted)
	if n := strings.Count(out.String(), "sydbox: denied"); n != 1 {
		t.Errorf("%d blocks for one merged denial:\n%s", n, out.String())
	}
	out.Reset()
	term.Summary()
	if got := out.String(); got != "sydbox: 3 denials\n" {
		t.Errorf("summary %q", got)
	}

	out.Reset()
	term = NewTerminal(&out, Options{})
	for i := range maxDistinct + 10 {
		term.Denied(denial("create", fmt.Sprintf("/usr/local/%d/x", i)))
	}
	if n := strings.Count(out.String(), "sydbox: denied"); n != maxShown {
		t.Errorf("%d blocks, want %d", n, maxShown)
	}
	if n := strings.Count(out.String(), "only counted"); n != 1 {
		t.Errorf("the end of the blocks was told %d times", n)
	}
	out.Reset()
	term.Summary()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 1+maxGroups+1 || lines[0] != "sydbox: 4106 denials, more than 4096 different" ||
		lines[len(lines)-1] != "  … and 4098 more, see --log" {
		t.Errorf("summary:\n%s", out.String())
	}

	// Long names fill it sooner, and are counted all the same.
	out.Reset()
	term = NewTerminal(&out, Options{Quiet: true})
	for i := range maxDistinct {
		term.Denied(denial("create", fmt.Sprintf("/%0*d", 4000, i)))
	}
	if n := &term.tally; n.text > maxText || n.text < maxText/2 || n.total != maxDistinct || n.beyond+len(n.entries) != maxDistinct {
		t.Errorf("%d bytes of %d denials are kept, %d are only counted", n.text, len(n.entries), n.beyond)
	}

	quiet := NewTerminal(&out, Options{Quiet: true})
	out.Reset()
	quiet.Denied(denial("create", "/x"))
	quiet.Summary()
	if out.Len() != 0 {
		t.Errorf("quiet, but %q", out.String())
	}
}

func TestSummaryGroups(t *testing.T) {
	var out strings.Builder
	term := NewTerminal(&out, Options{Logged: true})
	for _, path := range []string{"/usr/local/bin/a", "/usr/local/bin/b", "/usr/local/bin/b", "/etc/ld.so.cache"} {
		term.Denied(denial("create", path))
	}
	w := denial("write", "/etc/x")
	w.Action = "warn"
	term.Denied(w)
	for _, pid := range []int{77, 77, 78} {
		s := denial("signal", "")
		s.Target = event.Process{PID: pid, Name: "x"}
		term.Denied(s)
	}
	out.Reset()
	term.Summary()
	const want = `sydbox: 7 denials and 1 warning, 6 different
  3×  create  /usr/local/bin (2 paths)  by install < sh < make
  2×  signal  to x[77]                  by install < sh < make
  1×  create  /etc/ld.so.cache          by install < sh < make
  1×  write   /etc/x                    by install < sh < make
  1×  signal  to x[78]                  by install < sh < make
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestShellQuote(t *testing.T) {
	sh, err := exec.LookPath("bash")
	if err != nil {
		t.Fatalf("this test needs bash: %v", err)
	}
	for _, s := range []string{
		"plain", "/usr/local", "a b", "", "it's", `"`, `\`, "$HOME", "`id`", "*", "~", "a\nb", "\x1b[31m", "\xff1", "é", "#x",
		"\u202e1", "a'\x01'b", "!", "--allow", "{a,b}", "-",
	} {
		q := ShellQuote(s)
		got, err := exec.Command(sh, "-c", "printf %s "+q).Output()
		if err != nil || string(got) != s && s != "--allow" && s != "-" {
			t.Errorf("%q is quoted %s, which bash reads as %q (%v)", s, q, got, err)
		}
		if !showable(q) {
			t.Errorf("%q is quoted %q", s, q)
		}
	}
	if got := shellJoin([]string{"make", "X=1", "a b", "it's"}); got != `make X=1 'a b' 'it'\''s'` {
		t.Error(got)
	}
}

func TestLog(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	for range 2 {
		l, err := OpenLog(name)
		if err != nil {
			t.Fatal(err)
		}
		l.Denied(denial("create", "/a\nb"))
		l.Summary(&event.Summary{Time: time.Unix(2, 0), Denials: 1})
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d lines, want two runs of two:\n%s", len(lines), text)
	}
	for _, line := range lines {
		if _, err := event.Parse([]byte(line)); err != nil {
			t.Errorf("%v in %s", err, line)
		}
	}
	if _, err := OpenLog(filepath.Join(name, "x")); err == nil {
		t.Error("a log below a file was opened")
	}
	l, err := OpenLog("/dev/full")
	if err != nil {
		t.Fatal(err)
	}
	l.Denied(denial("create", "/a"))
	if err := l.Close(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("a full disk: %v", err)
	}
}

func TestUseColor(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if UseColor(null, func(string) string { return "" }) {
		t.Error("/dev/null is no terminal")
	}
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pty.Close()
	for _, test := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{"TERM": "xterm"}, true},
		{map[string]string{"TERM": "dumb"}, false},
		{map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false},
	} {
		if got := UseColor(pty, func(name string) string { return test.env[name] }); got != test.want {
			t.Errorf("UseColor with %v = %v", test.env, got)
		}
	}
}
