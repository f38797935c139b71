package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sydbox/event"
)

// keyTrick is a program that gets what a key of [harden] or [env] takes away. It writes the file "won" where it does:
// with the key it must not, without it it must. What the key leaves is done as ever: the file "done".
type keyTrick struct {
	name, policy, script string
	// primitive must be told of as applied.
	primitive string
	rootOnly  bool
	userOnly  bool
}

var keyTricks = []keyTrick{
	{
		name: "capabilities", primitive: "capabilities", rootOnly: true, policy: "[harden]\ncapabilities = 'required'\n",
		script: ": > f; chown 1 f && : > won; chmod 600 f && : > done",
	},
	{
		name: "descriptors", primitive: "descriptors",
		policy: "[harden]\ndescriptors = 'required'\nkeep_descriptors = [4, 5]\n",
		script: "cat <&3 > won; [ -s won ] || rm won; cat <&4 && : > done",
	},
	{
		name: "umask", primitive: "umask", policy: "[harden]\numask = '077'\n",
		script: ": > f; case $(stat -c %a f) in *00) ;; *) : > won;; esac; : > done",
	},
	{
		name: "fsize", primitive: "limit_fsize", policy: "[harden]\nlimit_fsize = '64K'\n",
		script: "(ulimit -H -f 1000000; ulimit -S -f 1000000); dd if=/dev/zero of=f bs=1K count=100; " +
			"[ $(stat -c %s f) -gt 65536 ] && : > won; dd if=/dev/zero of=g bs=1K count=60 && : > done",
	},
	{
		name: "nofile", primitive: "limit_nofile", policy: "[harden]\nlimit_nofile = 9\n",
		script: "ulimit -n 100; tee a b c d e f g h i j < /dev/null && : > won; tee a b < /dev/null && : > done",
	},
	{
		name: "as", primitive: "limit_as", policy: "[harden]\nlimit_as = '100M'\n",
		script: "ulimit -v unlimited; dd if=/dev/zero of=/dev/null bs=200M count=1 && : > won; " +
			"dd if=/dev/zero of=/dev/null bs=1M count=1 && : > done",
	},
	{
		name: "core", primitive: "limit_core", policy: "[syscalls]\nallow = ['core']\n[harden]\nlimit_core = 0\n",
		script: "ulimit -c 1000 && : > won; : > done",
	},
	{
		name: "nproc", primitive: "limit_nproc", userOnly: true,
		policy: "[run]\nwait = 'root'\n[harden]\nlimit_nproc = 20\n",
		script: ": > done; for i in 1 2 3 4 5; do (for j in 1 2 3 4 5; do (for k in 1 2 3; do " +
			"(: > p$i$j$k; sleep 300) & done; wait) & done; wait) & done; " +
			"n=0; while set -- p*; [ $# -lt 75 ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done; [ $# -eq 75 ] && : > won",
	},
	{
		name: "calls", primitive: "deny_list",
		policy: "[harden]\ndeny_calls = ['mkdir', 'mkdirat', '@sysv-ipc', '@mqueue', '@numa']\n",
		script: "mkdir d && : > won; : > done",
	},
	{
		name: "env", primitive: "env", policy: "[env]\ndeny = ['*_TOKEN']\nset = { KIND = '${FRUIT}/x' }\n",
		script: "env | grep -q hunter2 && : > won; [ $FRUIT = pear ] && [ \"$KIND\" != a ] && : > done",
	},
	{
		name: "env by list", primitive: "env", policy: "[env]\ndefault = 'deny'\nallow = ['PATH', 'FRUI?']\n",
		script: "env | grep -q -e hunter2 -e LD_X && : > won; [ $FRUIT = pear ] && : > done",
	},
}

// TestHardening runs each trick with and without its key, as root and as somebody else.
func TestHardening(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		for i := range keyTricks {
			trick := &keyTricks[i]
			if uid == 0 && trick.userOnly || uid != 0 && trick.rootOnly {
				continue
			}
			t.Run(userName(uid)+"/"+trick.name, func(t *testing.T) {
				// What is not about a key has to be as it is with it, or nobody knows what stopped the trick.
				without := strings.Split(trick.policy, "[harden]")[0]
				if strings.HasPrefix(without, "[env]") {
					without = ""
				}
				won, _ := w.play(t, uid, trick, "control", without)
				if !won {
					t.Error("without the key it does not win either: it shows nothing")
				}
				won, finished := w.play(t, uid, trick, "full", trick.policy)
				if won {
					t.Error("it wins")
				}
				if !finished {
					t.Error("what the key leaves does not work")
				}
			})
		}
	}
}

// play runs a trick in a directory of its own and looks at what is there afterwards.
func (w *workshop) play(t *testing.T, uid int, k *keyTrick, dir, policy string) (won, finished bool) {
	t.Helper()
	here := filepath.Join(w.dir, fmt.Sprintf("%s-%s-%d", strings.ReplaceAll(k.name, " ", "-"), dir, uid))
	freshDir(t, here, uid)
	file := here + ".toml"
	if err := os.WriteFile(file, []byte(policy), 0o644); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(here, "log")
	var files []*os.File
	for range 2 {
		f, err := os.CreateTemp(w.dir, "inherited")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString("secret\n"); err != nil {
			t.Fatal(err)
		}
		again, err := os.Open(f.Name()) // at its start
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		files = append(files, again)
	}
	j := job{argv: []string{w.sydbox, "run", "-p", file, "--log", log, "--", "sh", "-c", k.script}, dir: here, uid: uid,
		env: []string{"A_TOKEN=hunter2", "FRUIT=pear", "LD_X=1"}, files: files}
	r := j.run(t)
	if r.hung {
		t.Fatalf("it hangs:\n%s", r.stderr)
	}
	if dir == "full" {
		if p := primitiveOf(t, log, k.primitive); p.Status != "applied" || p.Level != "required" {
			t.Errorf("%+v", p)
		}
	}
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(here, name))
		return err == nil
	}
	return exists("won"), exists("done")
}

// primitiveOf reads what the first line of a log says about one.
func primitiveOf(t *testing.T, log, name string) event.Primitive {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	e, err := event.Parse([]byte(first))
	h, ok := e.(*event.Hardening)
	if !ok {
		t.Fatalf("%q: %v", first, err)
	}
	for _, p := range h.Primitives {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("%s says nothing of %s", first, name)
	return event.Primitive{}
}

// TestNothingOfTheShim: numbers that are to be kept and that nobody had open are not what the shim has there.
func TestNothingOfTheShim(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	file := filepath.Join(w.dir, "keep.toml")
	const text = "[harden]\ndescriptors = 'required'\nkeep_descriptors = [3, 4, 5, 6, 7, 8]\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	const script = "for n in 3 4 5 6 7 8; do readlink /proc/$$/fd/$n; done; exit 0"
	r := (&job{argv: []string{w.sydbox, "run", "-p", file, "--", "sh", "-c", script}, dir: w.dir, uid: users()[0]}).run(t)
	if r.status != 0 || strings.Contains(r.stdout, "socket:") || strings.Contains(r.stdout, "pipe:") {
		t.Errorf("%d %q %s", r.status, r.stdout, r.stderr)
	}
}

// TestLimitOfTime: a program that keeps SIGXCPU from ending it is killed.
func TestLimitOfTime(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	file := filepath.Join(w.dir, "cpu.toml")
	if err := os.WriteFile(file, []byte("[harden]\nlimit_cpu = '1s'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, uid := range users() {
		const script = "trap : XCPU; ulimit -H -t 1000; while :; do :; done"
		r := (&job{argv: []string{w.sydbox, "run", "-p", file, "--", "sh", "-c", script}, dir: w.dir, uid: uid}).run(t)
		if r.hung || r.status != 137 {
			t.Errorf("user %d: status %d, hung: %v %s", uid, r.status, r.hung, r.stderr)
		}
	}
}

// TestProcessesOfRoot: a limit that the kernel does not hold root to is none, and that is said; others have one.
func TestProcessesOfRoot(t *testing.T) {
	t.Parallel()
	root := os.Getuid() == 0
	w := newWorkshop(t)
	for level, want := range map[string]int{"required": 125, "preferred": 0, "off": 0} {
		file := filepath.Join(w.dir, level+".toml")
		text := "[harden]\nlimit_nproc = 100\nlimits = " + strconv.Quote(level) + "\n"
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		log := filepath.Join(w.dir, level+".log")
		r := (&job{argv: []string{w.sydbox, "run", "-p", file, "--log", log, "--", "true"}, dir: w.dir}).run(t)
		told := strings.Contains(r.stderr, "the kernel does not count the processes of root")
		fails := root && level != "off"
		if !fails {
			want = 0
		}
		if r.status != want || told != fails {
			t.Errorf("%s: status %d, %s", level, r.status, r.stderr)
		}
		if p := primitiveOf(t, log, "limit_nproc"); p.Level != level || (p.Status == "failed") != fails {
			t.Errorf("%+v", p)
		}
	}
}

// TestAgentProfile: under the profile nothing of what is executed later without a look can be changed, by whatever way,
// and no secret read; work goes on.
func TestAgentProfile(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		for _, profile := range []string{"build", "agent"} {
			here := filepath.Join(w.dir, fmt.Sprintf("%s-%d", profile, uid))
			freshDir(t, here, uid)
			prepare := job{argv: []string{"sh", "-ec", `mkdir -p .git/hooks .git/objects .ssh
				echo secret > .ssh/id_x; echo secret > .env; echo good > .git/config; echo good > .bashrc`}, dir: here, uid: uid}
			if r := prepare.run(t); r.status != 0 {
				t.Fatal(r.stderr)
			}
			const script = `echo work > .git/objects/o && cat .git/objects/o > file
				echo evil > .git/hooks/pre-commit; echo evil >> .git/config
				ln -s .git/config way; echo evil >> way; ln .git/config hard && echo evil >> hard
				mv .git away && mkdir -p .git/hooks && echo evil > .git/config
				mv .git/hooks hooks2 && mkdir .git/hooks && echo evil > .git/hooks/post-merge
				echo evil > .git/commondir; mkdir sub && echo evil > sub/.git
				echo evil >> .bashrc; mkdir .vscode && echo evil > .vscode/tasks.json; echo evil > .envrc
				cat .ssh/id_x .env > stolen; echo "$SSH_AUTH_SOCK$A_TOKEN" >> stolen
				exit 0`
			j := job{argv: []string{w.sydbox, "run", "-q", "-p", profile, "--", "sh", "-c", script}, dir: here, uid: uid,
				env: []string{"SSH_AUTH_SOCK=/secret", "A_TOKEN=secret"}}
			r := j.run(t)
			const all = "cat .git/config .git/hooks/* .git/commondir sub/.git .bashrc .vscode/tasks.json .envrc stolen; cat file"
			look := job{argv: []string{"sh", "-c", all}, dir: here, uid: uid}
			seen := look.run(t).stdout
			bad := strings.Contains(seen, "evil") || strings.Contains(seen, "secret")
			if bad != (profile == "build") {
				t.Errorf("user %d, %s: %s%s", uid, profile, seen, r.stderr)
			}
			if !strings.Contains(seen, "work") || r.status != 0 || r.hung {
				t.Errorf("user %d, %s: status %d, %s%s", uid, profile, r.status, seen, r.stderr)
			}
		}
	}
}

// TestGraceAndOutput: SIGTERM comes before the end, to what is stopped as well; output beyond the bound is dropped, and
// whoever writes it goes on.
func TestGraceAndOutput(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	freshDir(t, filepath.Join(w.dir, "grace"), users()[0])
	for _, c := range []struct {
		timeout, grace time.Duration
		script         string
		status         int
		told           bool
	}{
		{300 * time.Millisecond, 30 * time.Second, "trap ': > term; exit 7' TERM; while :; do sleep 0.1; done", 124, true},
		{300 * time.Millisecond, 30 * time.Second, "trap ': > term; exit 7' TERM; kill -STOP $$", 124, true},
		{300 * time.Millisecond, time.Second, "trap ': > term' TERM; while :; do sleep 0.1; done", 124, true},
		{300 * time.Millisecond, 0, "trap ': > term' TERM; while :; do sleep 0.1; done", 124, false},
		{time.Minute, time.Minute, "exit 7", 7, false},
	} {
		here := filepath.Join(w.dir, "grace")
		for ; ; c.timeout, c.grace = 2*c.timeout, 2*c.grace { // on a busy machine the shell may have no trap by then
			os.Remove(filepath.Join(here, "term"))
			r := (&job{argv: []string{w.sydbox, "run", "--timeout", c.timeout.String(), "--grace", c.grace.String(), "sh", "-c",
				c.script}, dir: here, uid: users()[0]}).run(t)
			_, err := os.Stat(filepath.Join(here, "term"))
			if told := err == nil; c.told && !told && !r.hung && c.timeout < 10*time.Second {
				continue
			} else if r.status != c.status || r.hung || told != c.told {
				t.Errorf("%v, %v, %q: status %d, told: %v, hung: %v", c.timeout, c.grace, c.script, r.status, told, r.hung)
			}
			break
		}
	}
	file := filepath.Join(w.dir, "output.toml")
	if err := os.WriteFile(file, []byte("[run]\noutput = 1000\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	const script = "for i in 1 2 3 4 5 6 7 8 9 0; do head -c 30000 /dev/zero; head -c 30000 /dev/zero >&2; done; exit 3"
	r := (&job{argv: []string{w.sydbox, "run", "-p", file, "--", "sh", "-c", script}, dir: w.dir, uid: users()[0]}).run(t)
	if n := strings.Count(r.stdout, "\x00") + strings.Count(r.stderr, "\x00"); n != 1000 || r.status != 3 ||
		!strings.Contains(r.stderr, "599000 bytes beyond the limit of 1000") {
		t.Errorf("%d bytes, status %d, %d %d", n, r.status, len(r.stdout), len(r.stderr))
	}
}
