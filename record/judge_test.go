package record

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sydbox/policy"
	"sydbox/sandbox/probetest"
)

// judged records a script and compares with a policy: what is denied, by the first words of its line.
func judged(t *testing.T, dir, text, script string) (denied []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "own.toml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := policy.Load(system(dir), policy.Options{Policies: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	tr := recordOf(t, script, func(c *Cmd) { c.Dir, c.Policy, c.Policies = dir, p, []string{file} })
	if !slices.Equal(tr.Head.Policies, []string{file}) {
		t.Errorf("the first line says %q", tr.Head.Policies)
	}
	short := func(rule string) string { return strings.ReplaceAll(rule, filepath.Dir(file)+"/", "") }
	add := func(what, rule string) {
		if line := what + ": " + short(rule); rule != "" && !slices.Contains(denied, line) {
			denied = append(denied, line)
		}
	}
	for _, proc := range tr.Procs {
		for _, x := range proc.Execs {
			add("exec "+x.Name(), x.Denied)
		}
	}
	for _, u := range tr.Uses {
		what := u.Op + " " + strings.TrimPrefix(u.Path, dir+"/")
		if u.To != "" {
			what += " " + strings.TrimPrefix(u.To, dir+"/")
		}
		add(what, u.Denied)
	}
	for _, r := range tr.Reaches {
		address := strings.TrimPrefix(r.Address, "unix:"+dir+"/")
		add(r.Op+" "+address, r.Denied)
	}
	slices.Sort(denied)
	return denied
}

func TestJudgeFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"free/a", "kept/b", "kept/c", "hidden/d", "secret"} {
		path := filepath.Join(dir, name)
		if os.MkdirAll(filepath.Dir(path), 0o755) != nil || os.WriteFile(path, []byte("x"), 0o644) != nil {
			t.Fatal(path)
		}
	}
	policy := `version = 1
extends = ["open"]
[write]
deny = ["$PWD/kept"]
[create]
allow = ["$PWD/kept/new"] # to write it is another thing
[delete]
deny = ["$PWD/free/kept"]
[attr]
deny = ["$PWD/free/a"]
[read]
deny = ["$PWD/secret"]
[stat]
deny = ["$PWD/hidden"]
`
	script := `cat free/a secret nothing; echo x >kept/b; mkdir kept/new; : >kept/old; mkdir kept/dir; rm -f kept/none
ls -d hidden/d; mv free/a free/kept; mv free/kept kept/moved; chmod 600 free/a kept/b; ln kept/c free/link
cat /proc/self/status >/dev/null; ls / nothing >/dev/null 2>&1; rm -f secret`
	got := judged(t, dir, policy, script)
	for _, line := range []string{
		"attr kept/b: own.toml:4 [write] deny $PWD/kept",
		"link kept/c free/link: own.toml:4 [write] deny $PWD/kept",
		"look hidden/d: own.toml:14 [stat] deny $PWD/hidden",
		"make kept/dir: own.toml:4 [write] deny $PWD/kept",
		"make kept/old: own.toml:4 [write] deny $PWD/kept",
		"read secret: own.toml:12 [read] deny $PWD/secret",
		"rename free/a free/kept: " + outOfReach,
		"rename free/kept kept/moved: own.toml:8 [delete] deny $PWD/free/kept",
		"write kept/b: own.toml:4 [write] deny $PWD/kept",
	} {
		if !slices.Contains(got, line) {
			t.Errorf("missing: %s", line)
		}
	}
	if len(got) != 9 {
		t.Errorf("%d lines are marked:\n%s", len(got), strings.Join(got, "\n"))
	}
}

func TestJudgePrograms(t *testing.T) {
	got := judged(t, t.TempDir(), `version = 1
extends = ["open"]
[exec]
deny = ["rm", "git push"]
`, `busybox rm -f x; rm -f y; git push nowhere; git --version; cp "$(command -v rm)" other; ./other -f z`)
	want := []string{
		"exec git push: own.toml:4 [exec] deny git push", "exec other: own.toml:4 [exec] deny rm",
		"exec rm: own.toml:4 [exec] deny rm",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// What the tree has bound may be reached, as the default profile has it, and what nobody hears at fails by itself.
func TestJudgeAddresses(t *testing.T) {
	probetest.Needs(t, "pidfd_getfd")
	got := judged(t, t.TempDir(), "version = 1\nextends = [\"build\"]\n", `python3 -S -c '
import socket
def reach(a, kind=socket.SOCK_STREAM, family=socket.AF_INET):
    s = socket.socket(family, kind)
    s.setblocking(False)
    try: s.connect(a)
    except OSError: pass
    return s
server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen()
own = reach(server.getsockname())
unix = socket.socket(socket.AF_UNIX); unix.bind("own"); unix.listen()
also = reach("own", family=socket.AF_UNIX)
reach(("127.0.0.1", 1))
reach(("192.0.2.1", 80))
reach("nothing", family=socket.AF_UNIX)
'`)
	if len(got) != 1 || !strings.HasPrefix(got[0], "connect 192.0.2.1:80: build") || !strings.HasSuffix(got[0], "[connect] default") {
		t.Errorf("%q", got)
	}
}
