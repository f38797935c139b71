package ask

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/BurntSushi/toml"

	"sydbox/event"
	"sydbox/policy"
	"sydbox/record/trail"
)

// nowhere is a machine without files.
var nowhere = policy.System{FS: fstest.MapFS{"etc/resolv.conf": {Data: []byte("nameserver 192.0.2.53\n")}}}

func mustPolicy(t *testing.T, tr *trail.Trail, o PolicyOptions) *PolicyAnswer {
	t.Helper()
	o.System = nowhere
	a, err := Policy(tr, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := shown(t, a, 0); got != a.Policy {
		t.Errorf("the text is not the policy:\n%s", got)
	}
	checkMinimal(t, tr, a)
	return a
}

// checkMinimal loads a policy as sydbox does: nothing that was recorded is denied by it, and without any one of its
// rules something is.
func checkMinimal(t *testing.T, tr *trail.Trail, a *PolicyAnswer) {
	t.Helper()
	denied := func(text string) bool {
		sys := nowhere
		sys.FS = withFile{nowhere.FS, "p.toml", text}
		// The rules of hosts: the recording's own addresses.
		against, err := PolicyAgainst(tr, PolicyOptions{System: sys}, []string{"/p.toml"})
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		return len(against.Denied) > 0
	}
	if denied(a.Policy) != (len(a.Unmet) > 0) {
		t.Errorf("it denies something:\n%s", a.Policy)
	}
	lines := strings.SplitAfter(a.Policy, "\n")
	rules := 0
	for i, line := range lines {
		if !strings.HasPrefix(line, `    "`) {
			continue
		}
		rules++
		if !denied(strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "")) {
			t.Errorf("%s is not needed in\n%s", line, a.Policy)
		}
	}
	if rules != len(a.Rules) {
		t.Errorf("%d rules are written, and %d told of:\n%s", rules, len(a.Rules), a.Policy)
	}
}

// rules are "section action rule" of a policy.
func rulesText(a *PolicyAnswer) string {
	var list []string
	for _, r := range a.Rules {
		list = append(list, r.Section+" "+r.Action+" "+string(r.Rule))
	}
	return strings.Join(list, "\n")
}

func TestPolicy(t *testing.T) {
	open := func(s *script, op, path string) *event.Used {
		u := s.use(2, op, path)
		u.Call, u.Flags = "openat", "O_WRONLY|O_CREAT|O_TRUNC"
		return u
	}
	for name, c := range map[string]struct {
		do   func(s *script)
		o    PolicyOptions
		want string
	}{
		"nothing": {func(s *script) {
			open(s, event.OpMake, "/b/x")
			open(s, event.OpMake, "/tmp/y")
		}, PolicyOptions{}, ""},
		"a file": {func(s *script) { open(s, event.OpMake, "/etc/x y") }, PolicyOptions{}, "write allow /etc/x y"},
		"a lock that is only read": {func(s *script) {
			open(s, event.OpMake, "/etc/lock").Flags = "O_RDONLY|O_CREAT"
		}, PolicyOptions{}, "create allow /etc/lock"},
		"a failure": {func(s *script) { open(s, event.OpMake, "/etc/x").Errno = "EEXIST" }, PolicyOptions{}, ""},
		"forbidden by the system": {func(s *script) { open(s, event.OpMake, "/etc/x").Errno = "EROFS" }, PolicyOptions{},
			"write mute /etc/x"},
		"forbidden once": {func(s *script) {
			open(s, event.OpMake, "/etc/x").Errno = "EACCES"
			open(s, event.OpMake, "/etc/x")
		}, PolicyOptions{}, "write allow /etc/x"},
		"another error": {func(s *script) { s.move(2, "/b/x", "/mnt/x").Errno = "EXDEV" }, PolicyOptions{},
			"write allow /mnt/x"},
		"reading": {func(s *script) { s.use(2, event.OpRead, "/etc/shadow") }, PolicyOptions{Bare: true}, ""},
		"a directory of its own": {func(s *script) {
			s.use(2, event.OpMake, "/opt/app").Kind = "dir"
			s.use(2, event.OpMake, "/opt/app/bin").Kind = "dir"
			open(s, event.OpMake, "/opt/app/bin/x")
			open(s, event.OpMake, "/opt/app/y")
		}, PolicyOptions{}, "write allow /opt/app"},
		"one that was there": {func(s *script) {
			s.use(2, event.OpAttr, "/opt/app").Kind = "dir"
			open(s, event.OpMake, "/opt/app/y")
		}, PolicyOptions{}, "attr allow /opt/app/.\nwrite allow /opt/app/y"},
		"narrow sections": {func(s *script) {
			s.use(2, event.OpSymlink, "/opt/app/l").To = "x"
			s.use(2, event.OpDelete, "/opt/app/d")
			s.use(2, event.OpAttr, "/opt/app/a")
		}, PolicyOptions{}, "attr allow /opt/app/a\ndelete allow /opt/app/d\ncreate allow /opt/app/l"},
		"temporary names": {func(s *script) {
			open(s, event.OpMake, "/opt/app/ccAb12Xy.s")
			open(s, event.OpMake, "/opt/app/ccQw34Er.s")
			open(s, event.OpMake, "/opt/app/lock.1002") // the process's own number
			open(s, event.OpMake, "/opt/app/nameAb12Xy").Flags = "O_RDWR|O_CREAT|O_EXCL"
		}, PolicyOptions{}, "write allow /opt/app/cc??????.s\nwrite allow /opt/app/lock.*\nwrite allow /opt/app/name??????"},
		"every language": {func(s *script) {
			for _, l := range []string{"de", "en", "fr", "it", "nl"} {
				open(s, event.OpMake, "/usr/share/locale/"+l+"/LC_MESSAGES/hello.mo")
			}
			open(s, event.OpMake, "/usr/bin/hello")
		}, PolicyOptions{}, "write allow /usr/bin/hello\nwrite allow /usr/share/locale/*/LC_MESSAGES/hello.mo"},
		"shared directories stay closed": {func(s *script) {
			for _, n := range []string{"a", "b", "c", "d", "e"} {
				open(s, event.OpMake, "/usr/bin/"+n)
			}
		}, PolicyOptions{}, "write allow /usr/bin/a\nwrite allow /usr/bin/b\nwrite allow /usr/bin/c\n" +
			"write allow /usr/bin/d\nwrite allow /usr/bin/e"},
		"a cache in the home": {func(s *script) {
			for _, n := range []string{"a", "b", "c", "d"} {
				open(s, event.OpWrite, "/root/.cache/tool/"+n+"/index")
			}
			open(s, event.OpWrite, "/root/.toolrc")
		}, PolicyOptions{}, "write allow ~/.cache/tool/*/index\nwrite allow ~/.toolrc"},
		"many files of a cache": {func(s *script) {
			for _, n := range []string{"a", "b", "c", "d"} {
				open(s, event.OpWrite, "/root/.cache/tool/"+n)
			}
		}, PolicyOptions{}, "write allow ~/.cache/tool"},
		"renamed": {func(s *script) {
			open(s, event.OpMake, "/etc/x.new")
			s.move(2, "/etc/x.new", "/etc/x")
		}, PolicyOptions{}, "write allow /etc/x\nwrite allow /etc/x.new"},
		"renamed out of the tree": {func(s *script) {
			open(s, event.OpMake, "/b/x")
			s.move(2, "/b/x", "/etc/x")
		}, PolicyOptions{}, "write allow /etc/x"},
		"bare": {func(s *script) {
			open(s, event.OpMake, "/b/x")
			open(s, event.OpMake, "/tmp/ccAb12Xy.s")
			open(s, event.OpWrite, "/dev/null")
			open(s, event.OpWrite, "/proc/1002/oom_score_adj")
		}, PolicyOptions{Bare: true}, "write allow $PWD/x\nwrite allow $TREE/oom_score_adj\n" +
			"write allow ${TMPDIR:-/tmp}/cc??????.s\nwrite allow /dev/null"},
		"bare, and much": {func(s *script) {
			for _, n := range []string{"a", "b", "c", "d"} {
				open(s, event.OpMake, "/b/"+n)
				open(s, event.OpMake, "/b/sub/"+n)
			}
		}, PolicyOptions{Bare: true}, "write allow $PWD"},
		"programs": {func(s *script) {
			s.run(2, "/b/conf test")
			s.run(2, "cc it's")
		}, PolicyOptions{Exec: true}, "exec allow $PWD ...\nexec allow /usr/bin/cc\\ it\\'s ...\n" +
			"exec allow /usr/bin/make ...\nexec allow /usr/bin/sh ..."},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, "make")
			s.run(1, "sh")
			c.do(s)
			a := mustPolicy(t, s.trail(0), c.o)
			got := strings.Split(rulesText(a), "\n")
			want := strings.Split(c.want, "\n")
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("rules\n%s\nwant\n%s\nin\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), a.Policy)
			}
		})
	}
}

func TestPolicyNetwork(t *testing.T) {
	reach := func(s *script, op, address, errno string) *event.Reached {
		e := &event.Reached{At: s.now(), ID: 1, Op: op, Address: address, Protocol: "tcp", Errno: errno}
		s.add(e)
		return e
	}
	for name, c := range map[string]struct {
		do   func(s *script)
		bare bool
		want string
	}{
		"its own server": {func(s *script) {
			reach(s, "bind", "127.0.0.1:8080", "")
			reach(s, "listen", "127.0.0.1:8080", "")
			reach(s, "connect", "127.0.0.1:8080", "EINPROGRESS")
		}, false, ""},
		"its own, bare": {func(s *script) {
			reach(s, "bind", "127.0.0.1:0", "")
			reach(s, "listen", "127.0.0.1:43211", "")
			reach(s, "bind", "0.0.0.0:80", "")
			reach(s, "connect", "127.0.0.1:43211", "")
		}, true, "bind allow local\nconnect allow bound"},
		"another's": {func(s *script) {
			reach(s, "connect", "127.0.0.1:5432", "")
			reach(s, "connect", "127.0.0.1:5433", "ECONNREFUSED")
			reach(s, "connect", "[2001:db8::1]:443", "")
			reach(s, "send", "192.0.2.1:53", "")
		}, false, "connect allow 127.0.0.1:5432\nconnect allow 192.0.2.1:53\nconnect allow [2001:db8::1]:443"},
		"by its name": {func(s *script) {
			reach(s, "connect", "198.51.100.7:443", "").Host = "example.org"
			reach(s, "connect", "198.51.100.8:443", "").Host = "example.org"
			reach(s, "connect", "198.51.100.9:443", "").Host = "evil\"\n\x1b.org"
		}, false, "connect allow 198.51.100.9:443\nconnect allow example.org:443"},
		"in vain": {func(s *script) {
			reach(s, "connect", "198.51.100.7:80", "ENETUNREACH")
		}, false, "connect mute 198.51.100.7:80"},
		"unix sockets": {func(s *script) {
			reach(s, "connect", "unix:/run/docker.sock", "")
			reach(s, "connect", "unix:/run/absent.sock", "ENOENT")
			reach(s, "connect", "abstract:x*\x00y", "")
			reach(s, "bind", "unix:/run/app/s", "")
			reach(s, "connect", "unix:/run/app/s", "")
		}, false, "connect allow abstract:x\\*?y\nconnect allow unix:/run/docker.sock\ncreate allow /run/app/s"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, "make")
			c.do(s)
			a := mustPolicy(t, s.trail(0), PolicyOptions{Bare: c.bare})
			got := strings.Split(rulesText(a), "\n")
			slices.Sort(got)
			if got := strings.Join(got, "\n"); got != c.want {
				t.Errorf("rules\n%q\nwant\n%q\nin\n%s", got, c.want, a.Policy)
			}
		})
	}
}

// Nothing that a tracee chose ends a comment or a string, and becomes a rule.
func TestPolicyInjection(t *testing.T) {
	nasty := []string{
		"\"]\n[write]\nallow = [\"/", "\n# ", "\r", "\x1b[2J", "\\", "\\\"", "'''", "\"\"\"", "\u202e", "\xff\n\"",
		"\u0085", "a\u2028b", "\x7f", "]", "$HOME", "${X", "~", "**", "\U000e0041",
	}
	for _, text := range nasty {
		s := newScript(t, "make", text)
		id := s.run(1, "/usr/bin/"+strings.ReplaceAll(text, "/", "_"), text)
		u := s.use(id, event.OpMake, "/etc/"+strings.ReplaceAll(text, "/", "_"))
		u.Call = "openat"
		s.add(&event.Reached{At: s.now(), ID: id, Op: "connect", Address: "abstract:" + text})
		s.head.Tool, s.head.Dir = "x"+text, "/b"
		a := mustPolicy(t, s.trail(1), PolicyOptions{Exec: true})
		var tree map[string]any
		if _, err := toml.Decode(a.Policy, &tree); err != nil {
			t.Fatalf("%q: %v in\n%s", text, err, a.Policy)
		}
		for key := range tree {
			if !slices.Contains([]string{"version", "extends", "write", "exec", "connect"}, key) {
				t.Errorf("%q: there is a %q in\n%s", text, key, a.Policy)
			}
		}
		if got := len(tree["write"].(map[string]any)["allow"].([]any)); got != 1 {
			t.Errorf("%q: there are %d rules of [write] in\n%s", text, got, a.Policy)
		}
		for _, line := range strings.Split(a.Policy, "\n") {
			for _, r := range line {
				if r < ' ' || r == 0x7f || r == 0x202e || r == 0x85 {
					t.Errorf("%q: there is %q in\n%s", text, r, a.Policy)
				}
			}
		}
	}
}

func TestPolicyAgainst(t *testing.T) {
	s := newScript(t, "make")
	sh := s.run(1, "sh")
	s.use(sh, event.OpMake, "/etc/x").Call = "openat"
	s.use(sh, event.OpRead, "/root/.ssh/id").Count = 2
	s.use(sh, event.OpMake, "/usr/lib/__pycache__/x").Call = "openat"
	s.run(sh, "curl", "http://x")
	s.add(&event.Reached{At: s.now(), ID: sh, Op: "connect", Address: "198.51.100.7:80", Errno: "ETIMEDOUT"})
	sys := nowhere
	sys.FS = withFile{nowhere.FS, "p.toml", "[read]\ndeny = [\"~/.ssh\"]\n[exec]\ndeny = [\"curl\"]\n"}
	a, err := PolicyAgainst(s.trail(0), PolicyOptions{System: sys}, []string{"/p.toml"})
	if err != nil {
		t.Fatal(err)
	}
	text := shown(t, a, 0)
	for _, part := range []string{"by build:7 [write] default", "create|write /etc/x ×2, by sh #2 < make #1",
		"by /p.toml:2 [read] deny ~/.ssh",
		"read /root/.ssh/id ×2, by sh #2", "[exec] deny curl", "exec /usr/bin/curl", "connect 198.51.100.7:80",
		"it failed in the recording, too", "denied without a report"} {
		wants(t, text, part)
	}
	if a.Status() != 1 {
		t.Errorf("status %d", a.Status())
	}
	if _, err := PolicyAgainst(s.trail(0), PolicyOptions{System: nowhere}, []string{"/absent.toml"}); err == nil {
		t.Error("a policy that is not there is no error")
	}
	var none fs.FS = fstest.MapFS{}
	if _, err := PolicyAgainst(s.trail(0), PolicyOptions{System: policy.System{FS: none}}, []string{"open"}); err != nil {
		t.Error(err)
	}
}
