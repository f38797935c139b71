package policy

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"sydbox/access"
	"sydbox/policy/program"
)

// named is a Name spelled "HOW TEXT WORD...": HOW is a letter, in capitals if the name is what runs, with a `?` behind
// it if it is unsure.
func named(t testing.TB, spelled string) program.Name {
	t.Helper()
	words := strings.Fields(spelled)
	letter := words[0][0]
	n := program.Name{Text: []byte(words[1]), Unsure: strings.HasSuffix(words[0], "?")}
	if letter >= 'A' && letter <= 'Z' {
		n.Runs, letter = true, letter+'a'-'A'
	}
	how, known := map[byte]program.How{
		't': program.Typed, 'l': program.Link, 'f': program.Canonical, 's': program.Script, 'i': program.Interpreter,
		'd': program.Loader, 'e': program.ELFInterp, 'a': program.Applet, 'c': program.Container, 'v': program.Argv0,
		'k': program.Copy, 'm': program.Same, 'p': program.InProcess,
	}[letter]
	if !known {
		t.Fatalf("no such how: %q", spelled)
	}
	n.How = how
	for _, word := range words[2:] {
		n.Args = append(n.Args, []byte(word))
	}
	return n
}

// identity is one of names, separated by `;`.
func identity(t testing.TB, spelled string) *program.Identity {
	t.Helper()
	id := &program.Identity{}
	for part := range strings.SplitSeq(spelled, ";") {
		id.Names = append(id.Names, named(t, strings.TrimSpace(part)))
	}
	return id
}

func TestDecideExec(t *testing.T) {
	const deny = "default = 'deny'\n"
	tests := []struct{ name, exec, id, want string }{
		// A rule that denies matches by any name.
		{"typed", "deny = ['dd']", "t ./dd; F /bin/x", "deny dd"},
		{"link", "deny = ['/opt/dd']", "t x; l /opt/dd; F /bin/x", "deny /opt/dd"},
		{"file", "deny = ['/bin/dd']", "t x; F /bin/dd", "deny /bin/dd"},
		{"script", "deny = ['a.sh']", "s /x/a.sh; F /bin/sh /x/a.sh", "deny a.sh"},
		{"interpreter", "deny = ['python3*']", "F /x/tool; i /usr/bin/python3.11 /x/tool", "deny python3*"},
		{"loader", "deny = ['dd']", "f /lib/ld.so /bin/dd; D /bin/dd", "deny dd"},
		{"ELF interpreter", "deny = ['dd']", "F /x/y; e /bin/dd", "deny dd"},
		{"applet", "deny = ['dd']", "f /bin/busybox; C busybox dd; A dd", "deny dd"},
		{"container", "deny = ['busybox']", "f /bin/bb; C busybox dd; A dd", "deny busybox"},
		{"argv[0]", "deny = ['dd']", "F /x/y; v? dd", "deny dd"},
		{"copy", "deny = ['/bin/dd']", "F /tmp/q; k /bin/dd", "deny /bin/dd"},
		{"same file", "deny = ['dd']", "F /tmp/q; m /bin/dd", "deny dd"},
		{"without an exec", "deny = ['dd']", "F /bin/find; p dd", "deny dd"},
		{"none", "deny = ['dd', 'git push']", "t ls; F /bin/ls; F /usr/bin/git pull", "allow default"},

		// One that allows only by what runs.
		{"allow runs", deny + "allow = ['ls']", "F /bin/ls", "allow ls"},
		{"allow not typed", deny + "allow = ['ls']", "t /x/ls; F /x/evil", "deny default"},
		{"allow not unsure", deny + "allow = ['ls']", "F /x/evil; V? ls", "deny default"},
		{"allow not a copy", deny + "allow = ['ls']", "F /x/evil; k /bin/ls", "deny default"},
		{"allow applet", deny + "allow = ['ls ...']", "f /bin/busybox ls /; C busybox ls /; A ls /", "allow ls ..."},
		{"allow applet by its container", deny + "allow = ['busybox ls ...']",
			"f /bin/busybox ls /; C busybox ls /; A ls /", "allow busybox ls ..."},
		{"allow container is exact", deny + "allow = ['busybox']", "f /bin/busybox dd; C busybox dd; A dd",
			"deny default"},

		// Words: an allow rule is the whole command.
		{"no words", deny + "allow = ['ls']", "F /bin/ls /etc", "deny default"},
		{"exact", deny + "allow = ['ls /etc']", "F /bin/ls /etc", "allow ls /etc"},
		{"exact, more", deny + "allow = ['ls /etc']", "F /bin/ls /etc /root", "deny default"},
		{"exact, less", deny + "allow = ['ls /etc']", "F /bin/ls", "deny default"},
		{"open", deny + "allow = ['ls ...']", "F /bin/ls /etc /root", "allow ls ..."},
		{"open, none", deny + "allow = ['ls ...']", "F /bin/ls", "allow ls ..."},
		{"open behind words", deny + "allow = ['git log ...']", "F /usr/bin/git log -p", "allow git log ..."},
		{"open behind other words", deny + "allow = ['git log ...']", "F /usr/bin/git push", "deny default"},
		{"a path is a command", deny + "allow = ['/bin/ls']", "F /bin/ls /etc", "deny default"},
		{"so is one with wildcards", deny + "allow = ['/bin/l*']", "F /bin/ls /etc", "deny default"},
		{"a directory allows any words", deny + "allow = ['/bin']", "F /bin/ls /etc", "allow /bin"},
		{"so does one with wildcards", deny + "allow = ['/nix/*/bin']", "F /nix/a/bin/ls /etc", "allow /nix/*/bin"},
		{"words go with no directory", deny + "allow = ['/bin /etc']", "F /bin/ls /etc", "deny default"},

		// A deny rule is a prefix.
		{"prefix", "deny = ['git push']", "F /usr/bin/git push --force o", "deny git push"},
		{"past options", "deny = ['git push']", "F /usr/bin/git -C dir -c k=v push", "deny git push"},
		{"another subcommand", "deny = ['git push']", "F /usr/bin/git stash push", "allow default"},
		{"not by the bare path", "deny = ['/usr/bin/git push']", "F /usr/bin/git", "allow default"},
		{"flags", "deny = ['rm -rf']", "F /bin/rm -f x -r", "deny rm -rf"},
		{"less flags", "deny = ['rm -rf']", "F /bin/rm -f x", "allow default"},
		{"dots say nothing", "deny = ['dd ...']", "F /bin/dd of=x", "deny dd ..."},

		// Which rule wins.
		{"more words", "deny = ['git']\nallow = ['git status ...']", "F /usr/bin/git status", "allow git status ..."},
		{"more words, reversed", "allow = ['git ...']\ndeny = ['git push']", "F /usr/bin/git push", "deny git push"},
		{"more words over a path", "deny = ['/usr/bin/git']\nallow = ['git log ...']", "F /usr/bin/git log",
			"allow git log ..."},
		{"a path over a name", "deny = ['dd']\nallow = ['/opt/dd ...']", "F /opt/dd x", "allow /opt/dd ..."},
		{"the program over its directory", "deny = ['dd']\nallow = ['/opt']", "F /opt/dd x", "deny dd"},
		{"whatever the path is", "deny = ['/bin/dd']\nallow = ['/a/b/c/d']", "F /a/b/c/d/e/s; i /bin/dd",
			"deny /bin/dd"},
		{"no wildcard", "deny = ['d*']\nallow = ['dd ...']", "F /bin/dd x", "allow dd ..."},
		{"the nearer directory", "deny = ['/opt']\nallow = ['/opt/a']", "F /opt/a/x y", "allow /opt/a"},
		{"the stricter", "deny = ['dd']\nallow = ['dd ...']\nkill = ['dd']", "F /bin/dd", "kill dd"},

		// What runs inside is weighed by itself.
		{"no right for the inner one", "deny = ['dd']\nallow = ['nice -n 5 ...']", "A nice -n 5 dd; p dd", "deny dd"},
		{"its own right", deny + "allow = ['find ...', 'dd ...']", "F /bin/find x; p dd of=x", "allow find ..."},
		{"not its own right", deny + "allow = ['find ...', 'dd ...']", "F /bin/find x; p rm x", "deny default"},
		{"left to its exec", deny + "allow = ['find ...']", "F /bin/find x; p? rm x", "allow find ..."},
		{"unless a rule denies it", deny + "allow = ['find ...']\ndeny = ['rm']", "F /bin/find x; p? rm x", "deny rm"},

		// warn sees what deny sees, and gives a right as allow does.
		{"warn by any name", "warn = ['dd']", "t dd; F /bin/x", "warn dd"},
		{"warn by words", "warn = ['git push']", "F /usr/bin/git -C x push", "warn git push"},
		{"warn gives no right", deny + "warn = ['ls']", "t ls; F /x/evil", "deny default"},
		{"warn gives the right of its words", deny + "warn = ['ls']", "F /bin/ls /", "deny default"},
		{"warn gives a right", deny + "warn = ['ls ...']", "F /bin/ls /", "warn ls ..."},
		{"warn and a denial", "deny = ['dd']\nwarn = ['x']", "t x; F /bin/dd", "deny dd"},
		{"mute", "mute = ['dd']", "F /bin/dd", "mute dd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := mustLoad(t, host(nil), "extends = []\n[exec]\n"+tt.exec)
			id := identity(t, tt.id)
			d := p.DecideExec(id)
			if got := verdict(d.Decision); got != tt.want {
				t.Fatalf("%s, want %s", got, tt.want)
			}
			if d.Rule.Default != (d.Name == nil) {
				t.Errorf("rule %q, name %v", d.Rule.Text, d.Name)
			}
			if d.Denied() != (d.Errno == syscall.EACCES) {
				t.Errorf("%s with %v", d.Action, d.Errno)
			}
			explained, lost := p.ExplainExec(id)
			if explained != d {
				t.Errorf("explained as %+v, decided %+v", explained, d)
			}
			for _, m := range lost {
				if m.Rule == d.Rule {
					t.Errorf("the winner lost too: %q", m.Text)
				}
			}
		})
	}
}

func TestExecNearerLayer(t *testing.T) {
	p := mustLoad(t, host(nil), "extends = []\n[exec]\ndeny = ['dd']",
		RuleFlag{Section: "exec", Action: "allow", Pattern: "dd ...", Flag: "--allow"})
	if got := verdict(p.DecideExec(identity(t, "F /bin/dd x")).Decision); got != "allow dd ..." {
		t.Error(got)
	}
}

func TestExecWords(t *testing.T) {
	p := mustLoad(t, host(nil, "X=a b"), `
extends = []
[exec]
default = "deny"
allow = ["echo 'a b' \\* \"$X\" ~/x ''"]
`)
	id := identity(t, "F /bin/echo")
	id.Names[0].Args = [][]byte{[]byte("a b"), []byte("*"), []byte("a b"), []byte("/home/a/x"), nil}
	if d := p.DecideExec(id); d.Denied() {
		t.Errorf("%+v", d)
	}
	id.Names[0].Args[1] = []byte("x")
	if d := p.DecideExec(id); !d.Denied() {
		t.Errorf("a quoted `*` matched: %+v", d)
	}
}

// A rule whose words hold a variable that may be unset is left out with it.
func TestExecLeftOut(t *testing.T) {
	p := mustLoad(t, host(nil), "extends = []\n[exec]\ndeny = ['git ${NOPE:-}']")
	if d := p.DecideExec(identity(t, "F /usr/bin/git")); d.Denied() || p.Polices(access.Exec) {
		t.Errorf("%+v", d)
	}
}

func TestExecHint(t *testing.T) {
	p := mustLoad(t, host(nil), "extends = []\n[exec]\ndefault = 'deny'\nallow = ['ls', 'git log']")
	for id, want := range map[string]string{
		"F /bin/ls /":           "/p.toml:4:10 allows `ls` with no other words; `ls ...` allows any",
		"F /usr/bin/git log -p": "/p.toml:4:16 allows `git log` with no other words; `git log ...` allows any",
		"F /usr/bin/git push":   "",
		"t ls; F /x/evil":       "",
		"F /bin/ls":             "",
	} {
		if d := p.DecideExec(identity(t, id)); d.Hint != want {
			t.Errorf("%s: %q, want %q", id, d.Hint, want)
		}
	}
}

func TestExecUnknown(t *testing.T) {
	id := identity(t, "F /bin/ls")
	id.Unknown = "the file cannot be read"
	for rules, want := range map[string]string{
		"deny = ['dd']":                        "cannot be told: the file cannot be read",
		"default = 'deny'\nallow = ['ls ...']": "cannot be told: the file cannot be read",
		"warn = ['dd']":                        "", // nothing can be denied
		"":                                     "",
	} {
		d := mustLoad(t, host(nil), "extends = []\n[exec]\n"+rules).DecideExec(id)
		if d.Why != want || d.Denied() != (want != "") || d.Rule == nil {
			t.Errorf("%s: %+v", rules, d)
		}
	}
	fails := identity(t, "F /bin/ls")
	fails.Fails = true
	if d := mustLoad(t, host(nil), "extends = []\n[exec]\ndeny = ['ls']").DecideExec(fails); d.Denied() {
		t.Errorf("what the kernel refuses: %+v", d)
	}
}

// What is asked about a path knows of no words.
func TestDecidePathIgnoresWords(t *testing.T) {
	p := mustLoad(t, host(nil), "extends = []\n[exec]\ndeny = ['/bin/git push', 'dd of=x', 'rm ...']\n"+
		"allow = ['/bin/git log']")
	for path, want := range map[string]string{
		"/bin/git": "allow default", "/bin/dd": "allow default", "/bin/rm": "deny rm ...",
	} {
		q := &Query{Op: access.Exec, Path: []byte(path)}
		if got := verdict(p.Decide(q)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
		if d, lost := p.Explain(q); verdict(d) != want || len(lost) > 1 {
			t.Errorf("%s: explained %s, %d lost", path, verdict(d), len(lost))
		}
	}
	if !p.Polices(access.Exec) {
		t.Error("not policed")
	}
}

func TestExplainExec(t *testing.T) {
	p := mustLoad(t, host(nil), `
extends = []
[exec]
deny = ["git", "/usr", "git pu"]
allow = ["git push ..."]
`)
	d, lost := p.ExplainExec(identity(t, "t git push; F /usr/bin/git push"))
	var got []string
	for _, m := range lost {
		got = append(got, fmt.Sprintf("%s %d %d %t", m.Text, m.Words, m.Above, m.Name != nil))
	}
	if want := "git 0 0 true,/usr 0 2 true,default 0 0 false"; verdict(d.Decision) != "allow git push ..." ||
		strings.Join(got, ",") != want {
		t.Errorf("%s over %s, want %s", verdict(d.Decision), got, want)
	}
}

// manyCommands has n rules on as many programs, with and without words.
func manyCommands(n int) string {
	var text strings.Builder
	text.WriteString("extends = []\n[exec]\nallow = ['tool ...']\ndeny = [\n")
	for i := range n {
		spelled := [...]string{"name%d", "/opt/p%d/bin/x", "**/t%d-*", "sub%d push", "rm%d -rf"}[i%5]
		fmt.Fprintf(&text, "'"+spelled+"',\n", i)
	}
	return text.String() + "'dd', 'git push']\n"
}

func BenchmarkDecideExec(b *testing.B) {
	for _, n := range []int{0, 10, 1000} {
		p := mustLoad(b, host(nil), manyCommands(n))
		id := identity(b, "t cc -c x.c; l /usr/bin/cc -c x.c; F /usr/bin/gcc-12 -c x.c; v? cc -c x.c")
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d := p.DecideExec(id); d.Denied() {
					b.Fatal(d.Rule.Text)
				}
			}
		})
	}
}

func TestExecRule(t *testing.T) {
	for _, path := range []string{"/bin/ls", "/opt/a b/it's", `/x/"q"`, `/x/\y`, "/x/*[a]$B{c}", "/x/\t~"} {
		p := mustLoad(t, host(nil), "extends = []\n[exec]\ndefault = 'deny'",
			RuleFlag{"exec", "allow", ExecRule(path), "--allow"})
		id := &program.Identity{Names: []program.Name{{Text: []byte(path), How: program.Canonical, Runs: true,
			Args: [][]byte{[]byte("x")}}}}
		if d := p.DecideExec(id); d.Denied() {
			t.Errorf("%s: %s does not allow it", path, ExecRule(path))
		}
		id.Names[0].Text = append(id.Names[0].Text, 'x')
		if d := p.DecideExec(id); !d.Denied() {
			t.Errorf("%s: %s allows more", path, ExecRule(path))
		}
	}
}
