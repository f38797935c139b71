package report

import (
	"errors"
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

var (
	buildDefault = event.Rule{Section: "write", Action: "deny", Text: "default", Source: "build", Line: 7, Column: 1}
	chain        = []event.Process{{PID: 4121, Name: "install"}, {PID: 4119, Name: "sh"}, {PID: 4102, Name: "make"}}
)

func denial(op, path string) *event.Denial {
	return &event.Denial{
		Time: time.Unix(1, 0), Action: "deny", Op: op, Errno: "EACCES", Call: "openat", Flags: "O_WRONLY|O_CREAT", Typed: path,
		Path: path, Dir: "/home/a/hello/src", PID: 4121, TID: 4121, Chain: chain, Rule: buildDefault,
	}
}

// stub is a decider whose rules are lists of allowed and of stubbornly denied directories.
type stub struct{ allowed, stubborn, cache, built []string }

func (s stub) allows(d *event.Denial) bool {
	op, path := d.Op, d.Path
	best, ok := -1, false
	weigh := func(rules []string, allow bool) {
		for _, rule := range rules {
			section, dir, _ := strings.Cut(rule, "=")
			if section != op && (section != "write" || !changes(op)) || path != dir && !strings.HasPrefix(path, dir+"/") {
				continue
			}
			score := 2 * len(dir)
			if section == op {
				score++ // between equals the narrower section wins
			}
			if score >= best {
				best, ok = score, allow
			}
		}
	}
	weigh(s.stubborn, false)
	weigh(s.allowed, true)
	return ok
}

func (s stub) withProfile(name string) (decider, error) {
	if name != "go" && name != "build" {
		return nil, errors.New("no such profile")
	}
	s.allowed = append([]string(nil), s.allowed...)
	if name == "go" {
		s.allowed = append(s.allowed, s.cache...)
	}
	s.allowed = append(s.allowed, s.built...)
	return s, nil
}

func (s stub) withGrants(list []grant) (decider, error) {
	s.allowed = append([]string(nil), s.allowed...)
	for _, g := range list {
		s.allowed = append(s.allowed, g.section+"="+g.path)
	}
	return s, nil
}

func TestSuggest(t *testing.T) {
	const home = "/home/a"
	for _, test := range []struct {
		name    string
		policy  stub
		denied  []string // "op path"
		want    string
		allowed int
	}{
		{"an install prefix", stub{}, []string{"create /usr/local/bin/hello"}, "-w /usr/local", 1},
		{"a package in /opt", stub{}, []string{"create /opt/x/bin/y"}, "-w /opt/x", 1},
		{"the directory of a file", stub{}, []string{"write /srv/www/x/index"}, "-w /srv/www/x", 1},
		{"the parent of two", stub{}, []string{"write /srv/www/x/a", "delete /srv/www/y/b"}, "-w /srv/www", 2},
		{"never a system directory", stub{}, []string{"create /etc/a", "create /etc/b"}, "-w /etc/a -w /etc/b", 2},
		{"nor what all share", stub{}, []string{"write /usr/lib/a", "write /var/lib/b"}, "-w /usr/lib/a -w /var/lib/b", 2},
		{"nor a home", stub{}, []string{"create /home/a/x", "create /home/a/y/z"}, "-w /home/a/x -w /home/a/y", 2},
		{"nor all homes", stub{}, []string{"create /home/b/x"}, "-w /home/b/x", 1},
		{"nor a home's caches", stub{}, []string{"create /home/a/.cache/x/y", "create /home/a/.cache/z"},
			"-w /home/a/.cache/x -w /home/a/.cache/z", 2},
		{"a new directory in the root", stub{}, []string{"create /data"}, "-w /data", 1},
		{"but no old one", stub{}, []string{"attr /etc"}, "", 0},
		{"nor the root", stub{}, []string{"create /"}, "-w /", 1},
		{"devices one by one", stub{}, []string{"write /dev/sda", "write /dev/sdb"}, "-w /dev/sda -w /dev/sdb", 2},
		{"many in one place", stub{}, []string{"create /usr/local/bin/a", "create /usr/local/lib/b", "write /usr/local/c"},
			"-w /usr/local", 3},
		{"a written rule is not undone", stub{stubborn: []string{"write=/srv/x/.git"}},
			[]string{"write /srv/x/a", "write /srv/x/.git/index"}, "-w /srv/x -w /srv/x/.git/index", 2},
		{"around a narrower section", stub{stubborn: []string{"delete=/srv/x/.git/index"}},
			[]string{"delete /srv/x/.git/index", "write /srv/x/.git/index"},
			"--allow delete=/srv/x/.git/index -w /srv/x/.git/index", 2},
		{"reading", stub{}, []string{"read /home/a/.ssh/id"}, "--allow read=/home/a/.ssh/id", 1},
		{"a program", stub{}, []string{"exec /usr/bin/dd"}, "--allow 'exec=/usr/bin/dd ...'", 1},
		{"an add-on", stub{cache: []string{"write=/home/a/go"}}, []string{"create /home/a/go/pkg/x", "create /srv/a/x"},
			"-p go -w /srv/a", 2},
		{"no add-on for what the default policy allows", stub{built: []string{"write=/tmp/x"}}, []string{"create /tmp/x/y"},
			"-w /tmp/x", 1},
		{"pattern characters", stub{}, []string{"write /srv/a[1]*/x"}, `-w '/srv/a\[1\]\*'`, 1},
		{"not more than fit", stub{}, []string{"write /etc/a", "write /etc/b", "write /etc/c", "write /etc/d",
			"write /etc/e", "write /etc/f", "write /etc/g"},
			"-w /etc/a -w /etc/b -w /etc/c -w /etc/d -w /etc/e -w /etc/f", 6},
		{"what is allowed already", stub{allowed: []string{"write=/srv"}}, []string{"write /srv/x/y"}, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var tally tally
			for _, d := range test.denied {
				op, path, _ := strings.Cut(d, " ")
				e := denial(op, path)
				if strings.Contains(path, ".git") {
					e.Rule.Text, e.Rule.Source = "$PWD/.git", "/p.toml"
				}
				tally.add(e)
			}
			flags, allowed := suggest(test.policy, tally.entries, home)
			if got := shellJoin(flags); got != test.want || allowed != test.allowed {
				t.Errorf("suggested %q for %d, want %q for %d", got, allowed, test.want, test.allowed)
			}
		})
	}
}

func TestNoSuggestionWhereNoRuleHelps(t *testing.T) {
	for name, change := range map[string]func(*event.Denial){
		"file permissions": func(d *event.Denial) { d.Natural = "EACCES" },
		"no rule denied":   func(d *event.Denial) { d.Why = "the path cannot be read" },
		"a warn rule":      func(d *event.Denial) { d.Rule.Action, d.Action = "warn", "warn" },
	} {
		var tally tally
		d := denial("create", "/srv/x/y")
		change(d)
		tally.add(d)
		if flags, _ := suggest(stub{}, tally.entries, ""); flags != nil {
			t.Errorf("%s: suggested %v", name, flags)
		}
	}
}

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
