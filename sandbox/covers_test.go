package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// coverTrick is a script that writes, or reads, what [harden] covers, in a directory that [write] allows. It leaves a
// file "won", or a changed victim, where it does.
type coverTrick struct{ name, harden, script string }

const readOnlyHere = "read_only = ['$PWD/dir', '$PWD/file', '$PWD/link']\n"

const hiddenHere = "hide = ['$PWD/dir', '$PWD/file', '$PWD/link', '$PWD/empty']\n"

var coverTricks = []coverTrick{
	{"write a file", readOnlyHere, "echo evil > file"},
	{"write below", readOnlyHere, "echo evil > dir/below"},
	{"append by another name", readOnlyHere, "echo evil >> $PWD/../$(basename $PWD)/dir/sub/../below"},
	{"make a file", readOnlyHere, ": > dir/new; cp dir/new new && : > won"},
	{"through the link's target", readOnlyHere, "echo evil > target/below"},
	{"remove a file", readOnlyHere, "rm -f file; echo evil > file"},
	{"replace a file", readOnlyHere, "echo evil > new; mv -f new file"},
	{"rename a directory", readOnlyHere, "mv dir away; mkdir dir; echo evil > dir/below"},
	{"exchange", readOnlyHere, "mkdir new; echo evil > new/below; $ESCAPE exchange new dir"},
	{"rename what is above", readOnlyHere, "mkdir up; cd ..; mv here there; cd there; echo evil > dir/below; " +
		"echo evil > file; rm -f file; mv dir x; cd ..; mv there here"},
	{"change a mode", readOnlyHere, "chmod 777 file dir/below && : > won"},
	{"from the directory that it starts in", "read_only = ['$PWD']\n",
		"echo evil > file; echo evil > dir/below; rm -f file"},
	{"unmount", readOnlyHere, "umount -l dir; umount -l file; echo evil > dir/below; echo evil > file"},
	{"remount", readOnlyHere,
		"mount -o remount,bind,rw dir; mount -o remount,rw file; echo evil > dir/below; echo evil > file"},
	{"read a file", hiddenHere, "grep -q good file && : > won"},
	{"read below", hiddenHere, "grep -q good dir/below && : > won"},
	{"list", hiddenHere, "[ -n \"$(ls dir)\" ] && : > won"},
	{"read through the link", hiddenHere, "grep -q good target/below && : > won"},
	{"rename and read", hiddenHere, "mv file seen; mv dir shown; cat seen shown/below > out; cat file dir/below >> out; " +
		"grep -q good out && : > won"},
	{"remove what covers", hiddenHere, "rmdir empty; rm -f file; rm -rf dir; mkdir empty && : > won"},
	{"link", hiddenHere, "ln file seen; grep -q good seen && : > won"},
	{"replace what is hidden", hiddenHere, "echo evil > new; mv -f new file"},
	{"put something there", hiddenHere, "chmod 700 dir; echo evil > dir/below; echo evil > file"},
}

// victims are made anew for each trick.
func victims(t *testing.T, here string, uid int) {
	t.Helper()
	for _, dir := range []string{"dir", "dir/sub", "target", "empty"} {
		if err := os.Mkdir(filepath.Join(here, dir), 0o755); err != nil {
			t.Fatal(err)
		}
		own(t, filepath.Join(here, dir), uid)
	}
	for _, name := range victimFiles {
		file := filepath.Join(here, name)
		if err := os.WriteFile(file, []byte("good\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		own(t, file, uid)
	}
	if err := os.Symlink("target", filepath.Join(here, "link")); err != nil {
		t.Fatal(err)
	}
}

var victimFiles = []string{"file", "dir/below", "target/below"}

// wonOver says whether a trick has won: the victims are what they are outside.
func wonOver(t *testing.T, here string) bool {
	t.Helper()
	if _, err := os.Lstat(here + "/won"); err == nil {
		return true
	}
	for _, name := range victimFiles {
		text, err := os.ReadFile(filepath.Join(here, name))
		if err != nil || string(text) != "good\n" {
			return true
		}
	}
	return false
}

// TestCovers plays each trick with and without its key, with the rules' walls and without them.
func TestCovers(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	helper, err := w.compile("../testdata/harden/escape.c", variants["static"])
	if err != nil {
		t.Fatal(err)
	}
	for _, uid := range users() {
		needApart(t, w, uid)
		for _, trick := range coverTricks {
			t.Run(strings.ReplaceAll(trick.name, " ", "_")+"/"+userName(uid), func(t *testing.T) {
				t.Parallel()
				for _, wall := range []string{"", "pinning = 'off'\n", "pid_namespace = 'required'\n", "bare"} {
					won := w.playCover(t, helper, trick, uid, wall)
					if won != (wall == "bare") {
						t.Errorf("with %q: won %v", wall, won)
					}
				}
			})
		}
	}
}

// playCover plays one trick. The wall "bare" is without the key.
func (w *workshop) playCover(t *testing.T, helper string, trick coverTrick, uid int, wall string) bool {
	t.Helper()
	top, err := os.MkdirTemp(w.dir, "cover")
	if err != nil {
		t.Fatal(err)
	}
	own(t, top, uid)
	here := filepath.Join(top, "here")
	freshDir(t, here, uid)
	victims(t, here, uid)
	key := trick.harden + wall
	if wall == "bare" {
		key = ""
	}
	if strings.Contains(trick.name, "mount") { // what keeps it is then that the user has no rights to
		key += "user_namespace = 'required'\ncapabilities = 'required'\n"
	}
	policy := top + ".toml"
	text := fmt.Sprintf("version = 1\n[write]\nallow = [%q, '/dev/null']\n[harden]\n%s", top, key)
	if err := os.WriteFile(policy, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	log := top + ".log"
	if err := os.WriteFile(log, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	own(t, log, uid)
	r := (&job{argv: []string{w.sydbox, "run", "-p", policy, "--log", log, "--", "sh", "-c", trick.script}, dir: here,
		uid: uid, env: []string{"ESCAPE=" + helper}}).run(t)
	if r.hung || r.status == 125 {
		t.Errorf("%s: it did not run: %d\n%s", wall, r.status, r.stderr)
	}
	if wall != "bare" {
		for _, name := range []string{"read_only", "hide"} {
			if p := primitiveOf(t, log, name); (p.Status == "applied") != strings.Contains(key, name) {
				t.Errorf("%+v\n%s", p, r.stderr)
			}
		}
	}
	return wonOver(t, here)
}

// TestBenignCovers: what is not covered is as ever, what is covered can be read where it is read-only, and the rules are
// about the same names.
func TestBenignCovers(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		needApart(t, w, uid)
		for i, c := range []struct{ harden, script, want string }{
			{readOnlyHere, "cat file dir/below link/below target/below", "good\ngood\ngood\ngood\n"},
			{readOnlyHere, "echo x > new && mv new other && mkdir d && mv d e && rmdir e && cat other && rm -r other empty",
				"x\n"},
			{readOnlyHere, "rm file; mv dir x; true > dir/y; [ -w dir ] || echo no", "no\n"},
			{"read_only = ['$PWD']\n", "pwd -P | grep -c /covered; true > new; [ -e new ] || echo none", "1\nnone\n"},
			{"read_only = ['/']\n", "true > new; [ -e new ] || echo none; true > /dev/null && echo fine",
				"none\nfine\n"},
			{hiddenHere, "ls -A dir; cat empty/x file; stat -c '%F %a' file dir; echo x > new && rm new && echo fine",
				"regular empty file 0\ndirectory 0\nfine\n"},
			{"hide = ['$PWD/dir/sub', '$PWD/dir']\nread_only = ['$PWD/dir/sub', '$PWD']\n",
				"true > x; cat file dir/below", "good\n"},
			{"hide = ['/tmp', '/run']\n", "ls -A /run; echo fine", "fine\n"},
			{hiddenHere + "pid_namespace = 'required'\n", "[ -e /proc/$$/stat ] && echo fine", "fine\n"},
			{"hide = ['${UNSET:-}']\n", "echo fine", "fine\n"},
		} {
			here := filepath.Join(w.dir, fmt.Sprintf("covered%d-%s", i, userName(uid)))
			freshDir(t, here, uid)
			victims(t, here, uid)
			policy := here + ".toml"
			if strings.Contains(c.harden, "'/tmp'") && strings.HasPrefix(here, "/tmp/") {
				continue
			}
			if err := os.WriteFile(policy, []byte("version = 1\n[harden]\n"+c.harden), 0o644); err != nil {
				t.Fatal(err)
			}
			script := "{ " + c.script + "; } 2> /dev/null" // root may look into what is hidden: it is empty
			r := (&job{argv: []string{w.sydbox, "run", "-q", "-p", policy, "--", "sh", "-c", script}, dir: here, uid: uid}).run(t)
			if r.stdout != c.want {
				t.Errorf("user %d, %s%s: %q, not %q, status %d\n%s", uid, c.harden, c.script, r.stdout, c.want, r.status, r.stderr)
			}
		}
	}
}

const noMounts = "echo 0 > /proc/sys/user/max_mnt_namespaces"

// TestCoverLevels: what cannot be covered keeps the command from starting, with a line that says what, where that is
// required; else it goes on, and the log says so.
func TestCoverLevels(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		needApart(t, w, uid)
		for i, c := range []struct{ keys, restrict, says, primitive, status, reason string }{
			{"read_only = ['$PWD/no', '$PWD']", "", "cannot make read-only .*/no: no such file", "read_only", "applied",
				"without .*/no"},
			{"hide = ['$PWD/no']", "", "cannot hide .*/no: no such file", "hide", "skipped", "without .*/no"},
			{"hide = ['$PWD/up']", "", "cannot hide .*/up: it is the root directory", "hide", "skipped",
				"without .*/up"},
			{"hide = ['$PWD/dir']", noMounts, "cannot make a mount namespace: .*mounts = \"preferred\"", "hide", "failed",
				"mount namespaces"},
			{"mount_namespace = 'required'\nhide = ['$PWD/dir']", noMounts, "cannot make a mount namespace", "", "", ""},
		} {
			for _, level := range []string{"required", "preferred", "off"} {
				here := filepath.Join(w.dir, fmt.Sprintf("coverlevel%d-%s-%s", i, level, userName(uid)))
				freshDir(t, here, uid)
				victims(t, here, uid)
				if err := os.Symlink("/", here+"/up"); err != nil {
					t.Fatal(err)
				}
				text := "version = 1\n[harden]\n" + c.keys + "\nmounts = '" + level + "'\n"
				if err := os.WriteFile(here+".toml", []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				log := here + ".log"
				if err := os.WriteFile(log, nil, 0o644); err != nil {
					t.Fatal(err)
				}
				own(t, log, uid)
				argv := []string{w.sydbox, "run", "-p", here + ".toml", "--log", log, "--", "sh", "-c", "(: > dir/won) 2>&-; echo fine"}
				if c.restrict != "" {
					if uid != 0 {
						continue // only root can make it so
					}
					argv = append([]string{"unshare", "-U", "-r", "sh", "-c", c.restrict + `; exec "$@"`, "sh"}, argv...)
				}
				r := (&job{argv: argv, dir: here, uid: uid}).run(t)
				if c.primitive == "" || level == "required" && c.says != "" {
					if r.status != 125 || r.stdout != "" || !regexp.MustCompile("(?ms)^sydbox: "+c.says).MatchString(r.stderr) {
						t.Errorf("%s %s: status %d\n%s%s", level, c.keys, r.status, r.stdout, r.stderr)
					}
					continue
				}
				if r.status != 0 || r.stdout != "fine\n" {
					t.Errorf("%s %s: status %d\n%s%s", level, c.keys, r.status, r.stdout, r.stderr)
					continue
				}
				want := c.status
				if level == "off" {
					want = "skipped"
				}
				p := primitiveOf(t, log, c.primitive)
				if p.Status != want || p.Level != level || level == "preferred" && !regexp.MustCompile(c.reason).MatchString(p.Reason) {
					t.Errorf("%s %s: %+v", level, c.keys, p)
				}
				if _, err := os.Stat(here + "/dir/won"); (err == nil) == (want == "applied") {
					t.Errorf("%s %s: written: %v", level, c.keys, err)
				}
			}
		}
	}
}
