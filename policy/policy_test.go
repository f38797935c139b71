package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"sydbox/access"
)

// host is a System of a few files. Its working directory is /home/a/src.
func host(files map[string]string, env ...string) *System {
	m := fstest.MapFS{}
	for name, text := range files {
		m[strings.TrimPrefix(name, "/")] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	vars := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		vars[name] = value
	}
	return &System{
		FS:         m,
		Getenv:     func(name string) string { return vars[name] },
		Cwd:        "/home/a/src",
		Home:       "/home/a",
		ConfigDirs: []string{"/home/a/.config/sydbox", "/etc/sydbox"},
	}
}

// links makes a Realpath of a table; other paths resolve to themselves, those that lead to "" do not exist.
func links(table map[string]string) func(string) (string, error) {
	return func(name string) (string, error) {
		to, known := table[name]
		switch {
		case !known:
			return name, nil
		case to == "":
			return "", fs.ErrNotExist
		}
		return to, nil
	}
}

// mustLoad loads the policy whose text is given, in a file.
func mustLoad(t testing.TB, sys *System, text string, rules ...RuleFlag) *Policy {
	t.Helper()
	sys.FS.(fstest.MapFS)["p.toml"] = &fstest.MapFile{Data: []byte(text)}
	p, err := Load(sys, Options{Policies: []string{"/p.toml"}, Rules: rules})
	if err != nil {
		t.Fatal(detail(err))
	}
	return p
}

func detail(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Detail()
	}
	return fmt.Sprint(err)
}

// ask returns the verdict as "deny /p.toml:3:4 **/x", without the column for defaults: "allow default".
func ask(p *Policy, op access.Op, path string) string {
	d := p.Decide(&Query{Op: op, Path: []byte(path)})
	return verdict(d)
}

func verdict(d Decision) string { return fmt.Sprintf("%s %s", d.Action, d.Rule.Text) }

func TestWhichRuleWins(t *testing.T) {
	tests := []struct {
		name, text string
		flags      []RuleFlag
		op         access.Op
		path, want string
	}{
		{"the deeper", "[read]\nallow = ['/a/b']\ndeny = ['/a']", nil, access.Read, "/a/b/c", "allow /a/b"},
		{"the deeper, reversed", "[read]\ndeny = ['/a/b']\nallow = ['/a']", nil, access.Read, "/a/b/c", "deny /a/b"},
		{"deeper than a near layer", "[read]\ndeny = ['/a/b']", []RuleFlag{{"read", "allow", "/a", "--allow"}},
			access.Read, "/a/b", "deny /a/b"},
		{"trailing stars add nothing", "[read]\nallow = ['/a/b']\ndeny = ['/a/*/*/**']", nil,
			access.Read, "/a/b/c", "allow /a/b"},
		{"a class adds nothing", "[read]\nallow = ['/a']\ndeny = ['/a/[b]']", nil, access.Read, "/a/b", "deny /a/[b]"},
		{"classes lose to a literal", "[read]\nallow = ['/a']\ndeny = ['**/[b]']", nil, access.Read, "/a/b", "allow /a"},
		{"the deepest reading of **", "[read]\nallow = ['/a/b']\ndeny = ['**/a']", nil,
			access.Read, "/a/b/c/a", "deny **/a"},
		{"no wildcard over one", "[read]\nallow = ['/a/b.pem']\ndeny = ['/a/*.pem']", nil,
			access.Read, "/a/b.pem", "allow /a/b.pem"},
		{"no wildcard over a near layer with one", "[read]\nallow = ['/a/b.pem']",
			[]RuleFlag{{"read", "deny", "/a/*.pem", "--deny"}}, access.Read, "/a/b.pem", "allow /a/b.pem"},
		{"a wildcard before the last component does not count", "[read]\nallow = ['/a/b']\ndeny = ['/*/b']", nil,
			access.Read, "/a/b", "deny /*/b"},
		{"the nearer layer", "[read]\ndeny = ['/a']", []RuleFlag{{"read", "allow", "/a", "--allow"}},
			access.Read, "/a", "allow /a"},
		{"the nearer layer over the narrower section", "[create]\ndeny = ['/a']",
			[]RuleFlag{{"write", "allow", "/a", "-w"}}, access.Create, "/a", "allow /a"},
		{"the narrower section over the stricter action", "[create]\nallow = ['/a']\n[write]\ndeny = ['/a']", nil,
			access.Create, "/a", "allow /a"},
		{"which is not asked about other operations", "[create]\nallow = ['/a']\n[write]\ndeny = ['/a']", nil,
			access.Delete, "/a", "deny /a"},
		{"a wide section, deeper", "[create]\nallow = ['/a']\n[write]\ndeny = ['/a/b']", nil,
			access.Create, "/a/b", "deny /a/b"},
		{"[create] does not judge writing", "[create]\nallow = ['/a']", nil, access.Write, "/a", "deny default"},
		{"[write] judges attr", "[write]\nallow = ['/a']", nil, access.Attr, "/a", "allow /a"},
		{"the stricter", "[read]\nallow = ['/a']\nwarn = ['/a']\nmute = ['/a']", nil, access.Read, "/a", "mute /a"},
		{"deny over mute", "[read]\ndeny = ['/a']\nmute = ['/a']", nil, access.Read, "/a", "deny /a"},
		{"kill over deny", "[read]\nkill = ['/a']\ndeny = ['/a']", nil, access.Read, "/a", "kill /a"},
		{"kill-tree over kill", "[read]\nkill = ['/a']\nkill-tree = ['/a']", nil, access.Read, "/a", "kill-tree /a"},
		{"a rule of depth 0 over the default", "[read]\ndefault = 'deny'\nallow = ['/']", nil,
			access.Read, "/a", "allow /"},
		{"a list sets no default", "[read]\nallow = ['/a']", nil, access.Read, "/b", "allow default"},
		{"deny in allow in deny", "[write]\nallow = ['/a', '/a/b/c/d']\ndeny = ['/a/b']", nil,
			access.Write, "/a/b/c/d/e", "allow /a/b/c/d"},
		{"the border of a component", "[write]\nallow = ['/foo']", nil, access.Write, "/foobar", "deny default"},
	}
	for _, tt := range tests {
		p := mustLoad(t, host(nil), "extends = []\n"+tt.text, tt.flags...)
		if got := ask(p, tt.op, tt.path); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	ops := []access.Op{access.Read, access.Stat, access.Write, access.Create, access.Delete, access.Attr, access.Exec}
	tests := []struct{ near, far, want string }{
		{"", "", "allow allow deny deny deny deny allow"},
		{"[write]\ndefault = 'allow'", "", "allow allow allow allow allow allow allow"},
		{"[create]\ndefault = 'warn'", "", "allow allow deny warn deny deny allow"},
		{"[create]\ndefault = 'warn'\n[write]\ndefault = 'kill'", "", "allow allow kill warn kill kill allow"},
		{"[write]\ndefault = 'allow'", "[create]\ndefault = 'mute'", "allow allow allow allow allow allow allow"},
		{"[create]\ndefault = 'mute'", "[write]\ndefault = 'allow'", "allow allow allow mute allow allow allow"},
		{"[exec]\ndefault = 'deny'\n[stat]\ndefault = 'mute'\n[read]\ndefault = 'kill-tree'", "",
			"kill-tree mute deny deny deny deny deny"},
	}
	for _, tt := range tests {
		sys := host(map[string]string{"/far.toml": "extends = []\n" + tt.far})
		p := mustLoad(t, sys, "extends = ['/far.toml']\n"+tt.near)
		var got []string
		for _, op := range ops {
			d := p.Decide(&Query{Op: op, Path: []byte("/x")})
			got = append(got, d.Action.String())
			if p.Polices(op) != (d.Action != Allow) {
				t.Errorf("%q %q: Polices(%s) = %v", tt.near, tt.far, SectionOf(op), p.Polices(op))
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%q over %q: %s, want %s", tt.near, tt.far, s, tt.want)
		}
	}
}

func TestDefaultHasAPlace(t *testing.T) {
	p, err := Load(host(nil), Options{})
	if err != nil {
		t.Fatal(detail(err))
	}
	d := p.Decide(&Query{Op: access.Create, Path: []byte("/usr/local/bin/hello")})
	r := d.Rule
	if got := fmt.Sprintf("%s:%d [%s] %s", r.Source, r.Line, r.Section, r.Text); got != "build:7 [write] default" || !r.Default {
		t.Error(got)
	}
	if d.Errno.Error() != "permission denied" {
		t.Error(d.Errno)
	}
}

func TestErrno(t *testing.T) {
	p := mustLoad(t, host(nil), `
extends = []
[write]
errno = "EROFS"
[delete]
errno = "EPERM"
[read]
deny = ["/a"]
errno = "ENOENT"
`)
	for op, want := range map[access.Op]string{
		access.Write: "EROFS", access.Create: "EROFS", access.Delete: "EPERM", access.Attr: "EROFS", access.Read: "ENOENT",
	} {
		if d := p.Decide(&Query{Op: op, Path: []byte("/a")}); d.Errno != errnoByName()[want] || !d.Denied() {
			t.Errorf("%s: %v", SectionOf(op), d.Errno)
		}
	}
	if d := p.Decide(&Query{Op: access.Read, Path: []byte("/b")}); d.Errno != 0 {
		t.Error("an allowed call has an errno:", d.Errno)
	}
}

func TestPolices(t *testing.T) {
	tests := []struct {
		text string
		want access.Op
	}{
		{"[write]\ndefault = 'allow'", 0},
		{"[write]\ndefault = 'allow'\nallow = ['/a']\n[read]\nallow = ['/x']", 0},
		{"[write]\ndefault = 'allow'\ndeny = ['/a']", access.Write | access.Create | access.Delete | access.Attr},
		{"[write]\ndefault = 'allow'\n[attr]\nmute = ['/a']", access.Attr},
		{"[write]\ndefault = 'allow'\n[read]\nwarn = ['/a']", access.Read},
		{"[write]\ndefault = 'allow'\n[exec]\ndeny = ['dd']", access.Exec},
		{"[write]\ndefault = 'allow'\n[read]\ndeny = ['${NOPE:-}']", 0},
		{"", access.Write | access.Create | access.Delete | access.Attr},
	}
	for _, tt := range tests {
		p := mustLoad(t, host(nil), "extends = []\nconnect.default = 'allow'\nbind.default = 'allow'\n"+tt.text)
		for s := range sections {
			op := Section(s).Op()
			if p.Polices(op) != (tt.want&op != 0) {
				t.Errorf("%q: Polices(%s) = %v", tt.text, Section(s), p.Polices(op))
			}
		}
	}
}

func TestReservedVariables(t *testing.T) {
	p := mustLoad(t, host(nil, "TREE=/wrong", "STDIO=/wrong"), `
extends = []
[write]
allow = ["$TREE", "$STDIO"]
deny  = ["${TREE}/mem"]
`)
	tests := []struct {
		q    Query
		path string
		want string
	}{
		{Query{Member: true}, "/proc/12/comm", "allow $TREE"},
		{Query{Member: true}, "/proc/12", "allow $TREE"},
		{Query{Member: true}, "/proc/12/mem", "deny ${TREE}/mem"},
		{Query{}, "/proc/12/comm", "deny default"},
		{Query{Member: true}, "/proc", "deny default"},
		{Query{Stdio: true}, "/dev/pts/3", "allow $STDIO"},
		{Query{}, "/dev/pts/3", "deny default"},
		{Query{Stdio: true, Member: true}, "/proc/12/mem", "deny ${TREE}/mem"},
	}
	for _, tt := range tests {
		tt.q.Op, tt.q.Path = access.Write, []byte(tt.path)
		if got := verdict(p.Decide(&tt.q)); got != tt.want {
			t.Errorf("%+v %s: %s, want %s", tt.q, tt.path, got, tt.want)
		}
	}
}

func TestUnjudgedOperations(t *testing.T) {
	p := mustLoad(t, host(nil), "extends = ['open']")
	for op, want := range map[access.Op]string{
		0: "deny default", access.Read | access.Write: "deny default", 1 << 15: "deny default",
	} {
		q := &Query{Op: op, Path: []byte("/a")}
		if got := verdict(p.Decide(q)); got != want {
			t.Errorf("%b: %s", op, got)
		}
		if d, lost := p.Explain(q); verdict(d) != want || lost != nil {
			t.Errorf("%b: %s %v", op, verdict(d), lost)
		}
	}
}

func TestExplain(t *testing.T) {
	p := mustLoad(t, host(nil), `
extends = []
[write]
deny  = ["**/x", "/a"]
allow = ["/a/b", "/a/?/x", "/q"]
[create]
mute  = ["/a/b/[x]"]
`)
	d, lost := p.Explain(&Query{Op: access.Create, Path: []byte("/a/b/x/y")})
	got := []string{verdict(d)}
	for _, m := range lost {
		got = append(got, fmt.Sprintf("%s %s %s %d %v", m.Section, m.Action, m.Text, m.Depth, m.Exact))
	}
	want := []string{"deny **/x", "write allow /a/?/x 3 true", "create mute /a/b/[x] 2 true", "write allow /a/b 2 true",
		"write deny /a 1 true", "write deny default 0 false"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if d, lost := p.Explain(&Query{Op: access.Read, Path: []byte("/zz")}); verdict(d) != "allow default" || len(lost) != 0 {
		t.Error(verdict(d), lost)
	}
}
