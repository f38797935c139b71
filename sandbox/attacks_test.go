package sandbox

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// secret is what VICTIM/secret says.
const secret = "the combination is 4711-0815"

// TestAttacks runs hostile programs, each with one trick, against a victim outside the only directory that they may
// write. Each trick must win without the box, must not win in it, and, where some policy allows what it does, must win
// again in a box with that policy: a box in which nothing works contains everything and proves nothing.
//
// Who has won is judged from outside: by the victim's fingerprint, and by what turned up in the attacker's directory.
func TestAttacks(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	mark, err := w.compile("../testdata/attacks/mark.c", variants["static"])
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("../testdata/attacks/*.c")
	if err != nil || len(sources) < 2 {
		t.Fatalf("no programs in testdata/attacks (%v)", err)
	}
	notes := &notes{reasons: map[string][]string{}}
	t.Cleanup(func() { notes.log(t) })
	mounts := canUnshareMounts()
	for _, source := range sources {
		if filepath.Base(source) == "mark.c" {
			continue
		}
		for _, v := range buildable(variantsOf(t, source, "static m32 int80")...) {
			for _, uid := range users() {
				name := fmt.Sprintf("%s/%s/%s", strings.TrimSuffix(filepath.Base(source), ".c"), v.name, userName(uid))
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					a := &assault{w: w, mark: mark, uid: uid, notes: notes, mounts: mounts}
					a.base = filepath.Join(w.dir, strings.ReplaceAll(t.Name(), "/", "-"))
					if a.binary, err = w.compileFor(source, v, uid); err != nil {
						t.Fatal(err)
					}
					for _, trick := range a.tricks(t) {
						if !trick.is("sample") || a.takes(trick, v) {
							a.try(t, trick, v.name+"/"+userName(uid))
						}
					}
				})
			}
		}
	}
}

// compileFor builds a program under a name of its own, so that subtests need not wait for each other.
func (w *workshop) compileFor(source string, v variant, uid int) (string, error) {
	v.name += "-" + userName(uid)
	return w.compile(source, v)
}

// notes collects what could not be tried, and why.
type notes struct {
	mu      sync.Mutex
	reasons map[string][]string
}

func (n *notes) add(reason, trick string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reasons[reason] = append(n.reasons[reason], trick)
}

func (n *notes) log(t *testing.T) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for reason, list := range n.reasons {
		slices.Sort(list)
		t.Logf("not applicable, %s: %s", reason, strings.Join(list, " "))
	}
}

// trick is one way that a program knows.
type trick struct {
	name  string
	words []string
}

func (t trick) is(word string) bool { return slices.Contains(t.words, word) }

// assault is one program as one user.
type assault struct {
	w      *workshop
	binary string
	mark   string
	base   string
	uid    int
	mounts bool
	notes  *notes
}

func (a *assault) tricks(t *testing.T) []trick {
	t.Helper()
	j := job{argv: []string{a.binary, "list"}, dir: a.w.dir, uid: a.uid}
	result := j.run(t)
	var list []trick
	for line := range strings.Lines(result.stdout) {
		words := strings.Fields(line)
		list = append(list, trick{words[0], words[1:]})
	}
	if result.status != 0 || len(list) == 0 {
		t.Fatalf("%s list: status %d, %d tricks", a.binary, result.status, len(list))
	}
	return list
}

// takes picks a third of the samples for all but the first variant and user, another third for each.
func (a *assault) takes(trick trick, v variant) bool {
	if v.name == "static" && a.uid == users()[0] {
		return true
	}
	h := fnv.New32a()
	fmt.Fprint(h, trick.name, v.name, a.uid)
	return h.Sum32()%3 == 0
}

// The policies: each trick is up against the one that its words name, and nothing else, because every rule more makes
// more calls stop. "generous" allows everything.
func (a *assault) policy(t *testing.T, trick trick, kind string) string {
	t.Helper()
	text := "version = 1\nextends = []\n"
	switch kind {
	case "write":
		text += fmt.Sprintf("[write]\nallow = [%q, \"/dev/null\"]\n", a.base+"/allow")
	case "read":
		text += fmt.Sprintf("[read]\ndeny = [%q]\n[write]\ndefault = \"allow\"\n", a.base+"/victim/secret")
	case "exec":
		text += fmt.Sprintf("[exec]\ndeny = [%q]\n[write]\ndefault = \"allow\"\n", a.base+"/victim/bin/mark")
	case "generous":
		text += "[write]\ndefault = \"allow\"\n"
	}
	for _, word := range trick.words {
		if refusal, ok := strings.CutPrefix(word, "lift="); ok {
			text += fmt.Sprintf("[syscalls]\nallow = [%q]\n", refusal)
		}
	}
	path := a.base + ".toml"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// try proves the trick live, then tries it in the box, then in a box that allows it.
func (a *assault) try(t *testing.T, trick trick, where string) {
	t.Helper()
	switch {
	case trick.is("root") && a.uid != 0:
		a.notes.add("it needs root", trick.name+"/"+where)
		return
	case trick.is("private") && a.uid == 0 && !a.mounts:
		a.notes.add("no mount namespace to throw away", trick.name+"/"+where)
		return
	}
	native, won := a.run(t, trick, nil)
	if native.status == notApplicable {
		a.notes.add(strings.TrimPrefix(strings.TrimSpace(native.stderr), "not applicable: "), trick.name+"/"+where)
		return
	}
	if len(won) == 0 || native.hung {
		t.Errorf("%s is broken: without the box it does not win (status %d)\n%s", trick.name, native.status, native.stderr)
		return
	}
	kind := trick.words[0]
	boxed, won := a.run(t, trick, []string{a.w.sydbox, "run", "-p", a.policy(t, trick, kind), "--"})
	switch {
	case len(won) != 0:
		t.Errorf("%s ESCAPED:\n%s\n%s", trick.name, strings.Join(won, "\n"), boxed.stderr)
	case boxed.hung:
		t.Errorf("%s hangs in the box\n%s", trick.name, boxed.stderr)
	case boxed.status == 125:
		t.Errorf("%s: the box did not start\n%s", trick.name, boxed.stderr)
	case !trick.is("refused") && !trick.is("silent") && !strings.Contains(boxed.stderr, "sydbox: denied"):
		t.Errorf("%s was stopped without a word (status %d)\n%s", trick.name, boxed.status, boxed.stderr)
	}
	if trick.is("refused") || (trick.is("sample") && where != "static/"+userName(users()[0])) {
		return
	}
	allowed, won := a.run(t, trick, []string{a.w.sydbox, "run", "-p", a.policy(t, trick, "generous"), "--"})
	if len(won) == 0 {
		t.Errorf("%s does not work where the policy allows it (status %d)\n%s", trick.name, allowed.status, allowed.stderr)
	}
}

// run runs one trick against a fresh victim and returns by what it has won.
func (a *assault) run(t *testing.T, trick trick, box []string) (outcome, []string) {
	t.Helper()
	a.arrange(t)
	defer removeAll(t, a.base)
	victim, allow := a.base+"/victim", a.base+"/allow"
	dir, err := os.Open(victim)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	file, err := os.Open(victim + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before := fingerprint(t, a.base, allow)
	j := job{
		argv: append(slices.Clone(box), a.binary, trick.name, victim, allow),
		dir:  allow, uid: a.uid, files: []*os.File{dir, file},
		mounts: a.mounts && trick.is("private"),
	}
	result := j.run(t)
	if strings.Contains(trick.name, "daemon") {
		// Those that have let go of the output as well are waited for by time alone; they write after 300 ms.
		time.Sleep(600 * time.Millisecond)
	}
	return result, append(changes(before, fingerprint(t, a.base, allow)), plunder(t, allow)...)
}

// arrange lays out a fresh victim and a fresh attacker's directory beside it, and a sibling whose name begins like it.
func (a *assault) arrange(t *testing.T) {
	t.Helper()
	freshDir(t, a.base, a.uid)
	for _, dir := range []string{
		"victim", "victim/dir", "victim/empty", "victim/bin", "allow", "allow/owndir", "allowx", "allowx/empty",
	} {
		freshDir(t, filepath.Join(a.base, dir), a.uid)
	}
	for name, text := range map[string]string{
		"victim/file": "what was here before\n", "victim/dir/inner": "inner\n", "victim/secret": secret + "\n",
		"allow/own": "own\n", "allowx/file": "what was here before\n",
	} {
		a.put(t, name, []byte(text), 0o644)
	}
	program, err := os.ReadFile(a.mark)
	if err != nil {
		t.Fatal(err)
	}
	a.put(t, "victim/bin/mark", program, 0o755)
	if err := os.Symlink("file", a.base+"/victim/link"); err != nil {
		t.Fatal(err)
	}
	own(t, a.base+"/victim/link", a.uid)
	settle()
}

func (a *assault) put(t *testing.T, name string, text []byte, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(a.base, name)
	if err := os.WriteFile(path, text, mode); err != nil {
		t.Fatal(err)
	}
	own(t, path, a.uid)
	if err := unix.Setxattr(path, "user.keep", []byte("kept"), 0); err != nil && err != unix.ENOTSUP {
		t.Fatal(err)
	}
}

// settle lets the clock that files are stamped with move on, so that the next change gets another time.
func settle() {
	var resolution unix.Timespec
	if unix.ClockGetres(unix.CLOCK_REALTIME_COARSE, &resolution) == nil {
		time.Sleep(time.Duration(resolution.Nano()) + time.Millisecond)
	}
}
