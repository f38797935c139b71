package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// rootTrick is a script that gets at a file outside of a private root. It writes "won" where it does.
type rootTrick struct{ name, script string }

var rootTricks = []rootTrick{
	{"read", "grep -q good $OUT/file && : > won"},
	{"up and down again", "cd /; grep -q good ../../..$OUT/file && : > $HERE/won"},
	{"list", "ls $(dirname $OUT) | grep -q outside && : > won"},
	{"write", "(echo evil > $OUT/file)"},
	{"through a link", "ln -s $OUT/file seen; grep -q good seen && : > won"},
	{"by the root of somebody else", "for p in /proc/[0-9]*; do grep -q good $p/root$OUT/file && : > won; done"},
	{"by the directory of somebody else", "for p in /proc/[0-9]*; do grep -q good $p/cwd/../outside/file && : > won; done"},
	{"from the directory that it starts in", "grep -q good ../outside/file && : > won"},
	{"out of the root", "mkdir d; chroot d true; pivot_root . d; umount -l /; grep -q good $OUT/file && : > won"},
	{"change the root", "mkdir /new && : > won; rm /bin && : > won; mv /etc /etd && : > won; cd /; rmdir usr && : > $HERE/won"},
	{"another name in tmp", "mkdir -p $OUT; echo evil > $OUT/file; [ -e $OUT/../outside/keep ] && : > won"},
}

// TestRoot plays each trick with and without a private root.
func TestRoot(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		needApart(t, w, uid)
		for _, trick := range rootTricks {
			t.Run(strings.ReplaceAll(trick.name, " ", "_")+"/"+userName(uid), func(t *testing.T) {
				t.Parallel()
				for _, more := range []string{"", "pid_namespace = 'required'\nlandlock = 'off'\n", "pinning = 'off'\n", "bare"} {
					if more == "bare" && strings.HasSuffix(trick.name, "the root") {
						continue // without one it is no trick
					}
					if won := w.playRoot(t, trick, uid, more); won != (more == "bare") {
						t.Errorf("with %q: won %v", more, won)
					}
				}
			})
		}
	}
}

// playRoot plays one trick.
func (w *workshop) playRoot(t *testing.T, trick rootTrick, uid int, more string) bool {
	t.Helper()
	top, err := os.MkdirTemp(w.dir, "root")
	if err != nil {
		t.Fatal(err)
	}
	own(t, top, uid)
	here, out := filepath.Join(top, "here"), filepath.Join(top, "outside")
	freshDir(t, here, uid)
	freshDir(t, out, uid)
	for _, name := range []string{"file", "keep"} {
		if err := os.WriteFile(filepath.Join(out, name), []byte("good\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		own(t, filepath.Join(out, name), uid)
	}
	harden := "[harden]\nroot = " + somewhere(here) + "\n" + more
	if more == "bare" {
		harden = "[harden]\nlandlock = 'off'\n"
	}
	text := fmt.Sprintf("version = 1\n[write]\nallow = [%q, '/tmp', '/dev/null']\n%s", top, harden)
	if err := os.WriteFile(top+".toml", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	r := (&job{argv: []string{w.sydbox, "run", "-p", top + ".toml", "--", "sh", "-c", trick.script}, dir: here, uid: uid,
		env: []string{"OUT=" + out, "HERE=" + here}}).run(t)
	if r.hung || r.status == 125 {
		t.Errorf("it did not run: %d\n%s", r.status, r.stderr)
	}
	if _, err := os.Lstat(here + "/won"); err == nil {
		return true
	}
	got, err := os.ReadFile(out + "/file")
	return err != nil || string(got) != "good\n"
}

// TestBenignRoot: programs run in a private root, see what is named there by its own name, and rules are about the same
// names.
func TestBenignRoot(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		needApart(t, w, uid)
		for i, c := range []struct{ more, rules, script, want string }{
			{"", "",
				"pwd -P | grep -c /benignroot; echo x > f; cat f; ls / | tr '\\n' ' ' | grep -c -E 'bin dev etc lib.*proc.*tmp usr'", "1\nx\n1\n"},
			{"", "",
				"readlink /bin; true > /dev/null && head -c 3 /dev/zero | wc -c; echo x | cat /dev/stdin; ls /dev/shm",
				linkOf("/bin") + "3\nx\n"},
			{"", "", "ls -A /dev | tr '\\n' ' '; cat /dev/fd/0 < open",
				"fd full null random shm stderr stdin stdout tty urandom zero open\n"},
			{"", "[write]\nallow = ['/tmp']\n",
				"echo x > /tmp/new; cat /tmp/new; echo x > /dev/shm/new; rm /dev/shm/new && echo fine", "x\nfine\n"},
			{"", "[write]\ndeny = ['$PWD/no']\n", "true > no/x; true > yes; ls -A no; ls yes", "yes\n"},
			{"", "[read]\ndeny = ['$PWD/secret', '/usr/share']\n",
				"cat secret; ls /usr/share; cat open; ln secret s; ln -s secret l; cat s l", "open\n"},
			{"read_only = ['$PWD/no', '/var']\nhide = ['$PWD/secret', '/var/lib']\n", "",
				"true > no/x; cat secret; ls -A no; echo fine", "fine\n"},
			{"pid_namespace = 'required'\n", "", "[ -e /proc/$$/stat ] && echo fine", "fine\n"},
			{"landlock = 'required'\n", "[write]\nallow = ['/var/tmp', '/nowhere/x']\n", "echo x > f && cat f", "x\n"},
		} {
			here := filepath.Join(w.dir, fmt.Sprintf("benignroot%d-%s", i, userName(uid)))
			freshDir(t, here, uid)
			freshDir(t, here+"/no", uid)
			for _, name := range []string{"secret", "open"} {
				if err := os.WriteFile(filepath.Join(here, name), []byte(name+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				own(t, filepath.Join(here, name), uid)
			}
			text := "version = 1\n" + c.rules + "[harden]\nroot = " + somewhere("$PWD") + "\n" + c.more
			if err := os.WriteFile(here+".toml", []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			script := "umask; { " + c.script + "; } 2> /dev/null"
			r := (&job{argv: []string{w.sydbox, "run", "-q", "-p", here + ".toml", "--", "sh", "-c", script}, dir: here, uid: uid}).run(t)
			if _, got, _ := strings.Cut(r.stdout, "\n"); got != c.want {
				t.Errorf("user %d, %s%s%s: %q, not %q, status %d\n%s", uid, c.more, c.rules, c.script, got, c.want, r.status, r.stderr)
			}
		}
	}
}

func linkOf(name string) string {
	if to, err := os.Readlink(name); err == nil {
		return to + "\n"
	}
	return ""
}

// TestRootLevels: where there can be no private root the command does not start, or goes on without it.
func TestRootLevels(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		needApart(t, w, uid)
		for i, c := range []struct{ root, says, status, reason string }{
			{strings.TrimSuffix(somewhere("$PWD"), "]") + `, "$PWD/no"]`, "cannot make a private root .*/no: no such file",
				"applied", "without .*/no"},
			{somewhere(), "cannot make a private root for the working directory .*: it lies in none", "skipped", "the working directory"},
		} {
			for _, level := range []string{"required", "preferred", "off"} {
				here := filepath.Join(w.dir, fmt.Sprintf("rootlevel%d-%s-%s", i, level, userName(uid)))
				freshDir(t, here, uid)
				text := "version = 1\n[harden]\nroot = " + c.root + "\nmounts = '" + level + "'\n"
				if err := os.WriteFile(here+".toml", []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				log := here + ".log"
				if err := os.WriteFile(log, nil, 0o644); err != nil {
					t.Fatal(err)
				}
				own(t, log, uid)
				script := "[ -d /var/lib ] && echo wide; :"
				r := (&job{argv: []string{w.sydbox, "run", "-p", here + ".toml", "--log", log, "--", "sh", "-c", script}, dir: here,
					uid: uid}).run(t)
				if level == "required" {
					if r.status != 125 || !regexp.MustCompile("(?m)^sydbox: "+c.says).MatchString(r.stderr) {
						t.Errorf("%s: status %d\n%s", c.root, r.status, r.stderr)
					}
					continue
				}
				want := c.status
				if level == "off" {
					want = "skipped"
				}
				p := primitiveOf(t, log, "root")
				if r.status != 0 || p.Status != want || (r.stdout == "") != (want == "applied") ||
					level == "preferred" && !regexp.MustCompile(c.reason).MatchString(p.Reason) {
					t.Errorf("%s %s: status %d, %+v\n%s%s", level, c.root, r.status, p, r.stdout, r.stderr)
				}
			}
		}
	}
}
