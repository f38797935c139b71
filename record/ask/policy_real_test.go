package ask

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"sydbox/event"
	"sydbox/policy"
	"sydbox/record"
	"sydbox/sandbox"
	"sydbox/sandbox/probetest"
)

// odd is a directory that the profile build does not open: not in /tmp, and not where the command is started.
func odd(t *testing.T) string {
	t.Helper()
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(home, "syd-trace-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// proof is a place in which a script is run several times, each time from the same beginning.
type proof struct {
	t            *testing.T
	work, odd    string
	setup        string
	script       string
	bare, execed bool
}

// begin makes everything as it was.
func (p *proof) begin() {
	p.t.Helper()
	cmd := exec.Command("sh", "-ec", `rm -rf "$W" "$D"; mkdir -p "$W" "$D"; cd "$W"; `+p.setup)
	cmd.Env = p.env()
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("%v: %s", err, out)
	}
}

func (p *proof) env() []string {
	return append(os.Environ(), "W="+p.work, "D="+p.odd, "LC_ALL=C", "TMPDIR=")
}

func (p *proof) command() []string { return []string{"sh", "-ec", p.script} }

// denials runs the script under a policy, and returns what was denied and how it ended.
func (p *proof) denials(text string) (list []*event.Denial, err error) {
	p.t.Helper()
	p.begin()
	name := filepath.Join(p.t.TempDir(), "p.toml")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
	sys := sandbox.Host()
	sys.Cwd, sys.Getenv = p.work, func(name string) string {
		for _, s := range slices.Backward(p.env()) {
			if value, ok := strings.CutPrefix(s, name+"="); ok {
				return value
			}
		}
		return ""
	}
	loaded, err := policy.Load(sys, policy.Options{Policies: []string{name}})
	if err != nil {
		p.t.Fatalf("%v in\n%s", err, text)
	}
	cmd := sandbox.Command(loaded, "sh", p.command()[1:]...)
	cmd.Dir, cmd.Env = p.work, p.env()
	var said strings.Builder
	cmd.Stderr = &said
	var lock sync.Mutex
	cmd.Reporter = reporter(func(d *event.Denial) {
		lock.Lock()
		defer lock.Unlock()
		if d.Action != "mute" {
			list = append(list, d)
		}
	})
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("%w: %s", err, said.String())
	}
	return list, err
}

type reporter func(*event.Denial)

func (r reporter) Denied(d *event.Denial) { r(d) }

// prove records the script, makes a policy of that, and runs the script under it: nothing may be denied. Without any
// one of its rules something must be.
func (p *proof) prove() *PolicyAnswer {
	t := p.t
	t.Helper()
	p.begin()
	t.Setenv("W", p.work)
	t.Setenv("D", p.odd)
	t.Setenv("TMPDIR", "")
	tr, status := recorded(t, p.work, p.command()...)
	if status.ExitStatus() != 0 {
		t.Fatalf("the script ended with %v: %s", status.ExitStatus(), tr.Root().Said)
	}
	programs, err := record.OpenPrograms()
	if err != nil {
		t.Fatal(err)
	}
	defer programs.Close()
	a, err := Policy(tr, PolicyOptions{
		System: *sandbox.Host(), Bare: p.bare, Exec: p.execed, Identify: programs.Identify,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Unmet) > 0 {
		t.Errorf("unmet demands:\n%s", a.Policy)
	}
	list, err := p.denials(a.Policy)
	if len(list) > 0 || err != nil {
		t.Fatalf("%v; denied was %s under\n%s", err, told(list), a.Policy)
	}
	lines := strings.SplitAfter(a.Policy, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, `    "`) {
			continue
		}
		list, err := p.denials(strings.Join(slices.Delete(slices.Clone(lines), i, i+1), ""))
		if itself := (*sandbox.DeniedError)(nil); len(list) == 0 && !errors.As(err, &itself) {
			t.Errorf("nothing is denied without %s in\n%s", line, a.Policy)
		}
	}
	return a
}

func told(list []*event.Denial) string {
	var words []string
	for _, d := range list {
		words = append(words, d.Op+" "+event.Quote(d.Path)+event.Quote(d.Address)+" "+d.Call+" by "+d.Rule.Text)
	}
	return strings.Join(words, "; ")
}

// A build passes under the policy that was made of its recording, and needs each of its rules.
func TestPolicyProof(t *testing.T) {
	for name, c := range map[string]proof{
		"install": {script: `
			mkdir -p "$D/prefix/bin" "$D/prefix/share/doc"
			echo x > x; install -m 755 x "$D/prefix/bin/x"; ln -s x "$D/prefix/bin/y"
			cp x "$D/prefix/share/doc/x"; touch -d 2001-01-01 "$D/prefix/share/doc/x"; chmod 700 "$D/prefix/share"`},
		"what was there": {
			setup: `mkdir "$D/there"; echo a > "$D/there/conf"; echo b > "$D/old"; echo c > "$D/log"`,
			script: `sed -i s/a/b/ "$D/there/conf"; rm "$D/old"; echo more >> "$D/log"; touch "$D/there"
				mkdir "$D/there/new"; mv "$D/there/new" "$D/renamed"`,
		},
		"moves": {
			setup: `mkdir "$D/there"; echo a > "$D/a"`,
			script: `echo x > x; mv x "$D/x"; ln "$D/x" "$D/there/hard"; mv "$D/a" "$D/there/b"; mv "$D/there/b" back
				mkdir d; echo x > d/f; mv d "$D/there/d"; mv "$D/there/d" "$D/e"; mv -T "$D/e" "$D/there/d"`,
		},
		"temporary": {
			setup: `echo a > "$D/f"`,
			script: `for i in 1 2 3; do f=$(mktemp "$D/workXXXXXX"); echo x > "$f"; rm "$f"; done
				echo $$ > "$D/pid.$$"; rm "$D/pid.$$"`,
		},
		"odd names":   {script: `for n in 'a b' 'q"q' "it's"; do mkdir "$D/$n"; echo x > "$D/$n/f$n"; done`},
		"odder names": {script: `for n in 'back\slash' 'st*r' '$HOME'; do mkdir "$D/$n"; echo x > "$D/$n/f$n"; done`},
		"patterns":    {script: `for n in '[x]' '{y}' '~'; do mkdir "$D/$n"; echo x > "$D/$n/f$n"; done`},
		"ends of lines": {script: `n=$(printf 'new\nline\r'); mkdir "$D/$n"; mkdir "$D/#"
			n=$(printf '\377"\376'); echo x > "$D/$n"`},
		"many odd names": {script: `for n in a 'b b' 'c"' '\' '*' '?'; do echo x > "$D/$n"; done`},
		"odd names that were there": {
			setup:  `mkdir "$D/"'q"\'; for n in 'q"q' "$(printf 'new\nline')" "$(printf '\377a')"; do echo x > "$D/$n"; done`,
			script: `chmod 600 "$D/"*; echo x >> "$D/"'q"q'; touch "$D/"'q"\'`,
		},
		"bare": {
			bare:  true,
			setup: `printf 'int main(void){return 0;}' > x.c`,
			script: `gcc -c x.c; gcc -o x x.o; ./x; echo $(./x) > /dev/null; echo a >> log
				t=$(mktemp -d); echo y > "$t/f"; rm -r "$t"; echo 0 > /proc/self/oom_score_adj`,
		},
		"programs": {
			execed: true,
			setup: `printf '#!/bin/sh\nexec env true\n' > run; chmod +x run
				printf '#!/usr/bin/env sh\ncat /dev/null' > "$D/tool"; chmod +x "$D/tool"`,
			script: `./run; "$D/tool"; ls > list; sh -c 'printf x | grep -q x'`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.t, c.odd, c.work = t, filepath.Join(odd(t), "d"), filepath.Join(realDir(t), "w")
			t.Logf("\n%s", c.prove().Policy)
		})
	}
}

const sockets = `
import os, socket, sys
d = os.environ["D"]
def serve(family, address):
    s = socket.socket(family); s.bind(address); s.listen()
    c = socket.socket(family); c.connect(s.getsockname()); s.accept()
serve(socket.AF_INET, ("127.0.0.1", 0))
serve(socket.AF_INET6, ("::1", 0))
serve(socket.AF_UNIX, d + "/own.sock")
serve(socket.AF_UNIX, "\0syd-trace-test-%d" % os.getpid())
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0))
v = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); v.sendto(b"x", u.getsockname())
w = socket.socket(); w.bind(("0.0.0.0", 0)); w.listen()
for port in sys.argv[1:2]:
    socket.create_connection(("127.0.0.1", int(port)))
for path in sys.argv[2:]:
    socket.socket(socket.AF_UNIX).connect(path)
`

// Servers of the command and of others, by every sort of address.
func TestPolicyProofNetwork(t *testing.T) {
	probetest.Needs(t, "pidfd_getfd")
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	path := filepath.Join(realDir(t), "s")
	local, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	for _, l := range []net.Listener{outside, local} {
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
			}
		}()
	}
	_, port, _ := net.SplitHostPort(outside.Addr().String())
	for _, bare := range []bool{false, true} {
		c := proof{t: t, bare: bare, odd: filepath.Join(odd(t), "d"), work: filepath.Join(realDir(t), "w")}
		c.setup = "cat > net.py <<'EOF'\n" + sockets + "\nEOF\n"
		c.script = "PYTHONDONTWRITEBYTECODE=1 python3 net.py " + port + " " + path
		a := c.prove()
		t.Logf("\n%s", a.Policy)
		wants(t, rulesText(a), "connect allow 127.0.0.1:"+port)
		wants(t, rulesText(a), "connect allow unix:")
	}
}
