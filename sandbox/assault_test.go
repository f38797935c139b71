package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/event"
)

// secret is what VICTIM/secret says.
const secret = "the combination is 4711-0815"

// trick is one way that a program of testdata/attacks knows. attack.h says what the words mean.
type trick struct {
	name  string
	words []string
}

func (t trick) is(word string) bool { return slices.Contains(t.words, word) }

// kinds are the policies that tricks are up against.
var kinds = []string{"write", "read", "stat", "exec", "calls"}

// deniedCalls are what the policy "calls" names.
var deniedCalls = []string{"@sysv-ipc", "bind", "mkdir", "mkdirat", "prlimit64", "sendmsg", "truncate", "utimensat"}

// kind is the policy that a trick is up against.
func (t trick) kind() string {
	for _, word := range t.words {
		if slices.Contains(kinds, word) {
			return word
		}
	}
	return ""
}

// values are what a word of the form WORD=VALUE says, each time it is there.
func (t trick) values(word string) []string {
	var list []string
	for _, w := range t.words {
		if value, ok := strings.CutPrefix(w, word+"="); ok {
			list = append(list, strings.Split(value, ",")...)
		}
	}
	return list
}

// assault is one program as one user.
type assault struct {
	w      *workshop
	binary string
	mark   string // the program that must not run
	cell   string // makes namespaces; empty where there are none to be had
	base   string
	uid    int
}

// headquarters are what all programs need.
type headquarters struct {
	*workshop
	mark, cell string
}

func newHeadquarters(t *testing.T) *headquarters {
	t.Helper()
	h := &headquarters{workshop: newWorkshop(t)}
	for name, binary := range map[string]*string{"mark": &h.mark, "cell": &h.cell} {
		var err error
		if *binary, err = h.compile("../testdata/attacks/"+name+".c", variants["static"]); err != nil {
			t.Fatal(err)
		}
	}
	j := job{argv: []string{"/bin/true"}, dir: h.dir, cell: h.cell}
	if os.Getuid() != 0 || j.run(t).status != 0 {
		h.cell = ""
	}
	return h
}

// attackSources are the hostile programs.
func attackSources(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("../testdata/attacks/*.c")
	if err != nil || len(list) < 3 {
		t.Fatalf("no programs in testdata/attacks (%v)", err)
	}
	return slices.DeleteFunc(list, func(path string) bool {
		return filepath.Base(path) == "mark.c" || filepath.Base(path) == "cell.c"
	})
}

func (h *headquarters) assault(t *testing.T, source string, v variant, uid int) *assault {
	t.Helper()
	a := &assault{w: h.workshop, mark: h.mark, cell: h.cell, uid: uid}
	a.base = filepath.Join(h.dir, strings.ReplaceAll(t.Name(), "/", "-"))
	var err error
	if a.binary, err = h.compileFor(source, v, uid); err != nil {
		t.Fatal(err)
	}
	return a
}

// compileFor builds a program under a name of its own, so that subtests need not wait for each other.
func (w *workshop) compileFor(source string, v variant, uid int) (string, error) {
	v.name += "-" + userName(uid)
	return w.compile(source, v)
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

// cannot says why a trick cannot be tried by this user; "" if it can.
func (a *assault) cannot(trick trick) string {
	switch {
	case trick.is("root") && a.uid != 0:
		return "it needs root"
	case trick.is("private") && a.cell == "" && os.Getuid() == 0:
		return "no namespaces to throw away"
	case absent(trick):
		return "this kernel does not have the call"
	}
	return ""
}

// cage is what a trick is run in. The zero value is no box at all.
type cage struct {
	sydbox string
	policy string   // "generous", or the trick's own kind
	lift   []string // refusals that are lifted besides
	harden []string // lines of [harden]
	off    []string // protections that are switched off; needs an ablated sydbox
	raceMS int      // how long a race may take
}

// trial is what came of one run.
type trial struct {
	outcome
	won     []string // by what it has won; nothing if it has not
	denials []*event.Denial
}

// notStarted says that the box failed: it contained everything, and proved nothing.
func (r *trial) notStarted() bool {
	return r.status == 125 && strings.Contains(r.stderr, "sydbox:") && len(r.denials) == 0
}

// run runs one trick against a fresh victim.
func (a *assault) run(t *testing.T, trick trick, box cage) trial {
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
		argv: []string{a.binary, trick.name, victim, allow}, dir: allow, uid: a.uid, files: []*os.File{dir, file},
		env: []string{fmt.Sprint("ATTACK_MS=", box.raceMS), "SYDBOX_ABLATE=" + strings.Join(box.off, " ")},
	}
	if trick.is("private") {
		j.cell = a.cell
	}
	if trick.is("stdio") {
		j.stdin = file
	}
	log := a.base + ".log"
	if box.sydbox != "" {
		a.blank(t, log)
		defer os.Remove(log)
		j.argv = append([]string{box.sydbox, "run", "--log", log, "-p", a.policy(t, trick, box), "--"}, j.argv...)
	}
	r := trial{outcome: j.run(t)}
	took := func() (won []string) {
		won = plunder(t, allow, victim)
		if trick.kind() == "write" || trick.kind() == "calls" {
			won = append(won, changes(before, fingerprint(t, a.base, allow))...)
		}
		return won
	}
	if strings.Contains(trick.name, "daemon") {
		// Those that have let go of the output as well are waited for by time alone; they write after 300 ms.
		late := 600 * time.Millisecond
		if box.sydbox == "" {
			late = hang // on a busy machine it may take them longer, and without the box they do
		}
		for end := time.Now().Add(late); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if r.won = took(); box.sydbox == "" && len(r.won) != 0 {
				break
			}
		}
	}
	if box.sydbox != "" {
		r.denials = readLog(t, log)
	}
	r.won = took()
	return r
}

// policy writes the policy that a trick is up against, and nothing else, because every rule more makes more calls
// stop. "generous" allows everything.
func (a *assault) policy(t *testing.T, trick trick, box cage) string {
	t.Helper()
	// Where there is nobody to connect to, a policy that allows it is refused.
	reach := "allow"
	if slices.Contains(box.harden, inNamespace) {
		reach = "deny"
	}
	text := fmt.Sprintf("version = 1\nextends = []\n[connect]\ndefault = %q\n[bind]\ndefault = \"allow\"\n", reach)
	free := "[write]\ndefault = \"allow\"\n"
	switch box.policy {
	case "write":
		allow := []string{a.base + "/allow", "/dev/null"}
		for word, variable := range map[string]string{"tree": "$TREE", "stdio": "$STDIO"} {
			if trick.is(word) {
				allow = append(allow, variable)
			}
		}
		text += fmt.Sprintf("[write]\nallow = %s\n", list(allow))
	case "read":
		text += fmt.Sprintf("[read]\ndeny = [%q]\n%s", a.base+"/victim/secret", free)
	case "stat":
		text += fmt.Sprintf("[stat]\ndeny = [%q, %q]\n%s", a.base+"/victim/secret", a.base+"/victim/hint", free)
	case "exec":
		text += fmt.Sprintf("[exec]\ndeny = [%q]\n%s", a.base+"/victim/bin/mark", free)
	case "calls":
		text += free
		box.harden = append(slices.Clone(box.harden), "deny_calls = "+list(deniedCalls))
	default:
		text += free
	}
	if lift := append(trick.values("lift"), box.lift...); len(lift) != 0 {
		text += fmt.Sprintf("[syscalls]\nallow = %s\n", list(lift))
	}
	if len(box.harden) != 0 {
		text += "[harden]\n" + strings.Join(box.harden, "\n") + "\n"
	}
	path := a.base + ".toml"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// list is a list of strings in TOML.
func list(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
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
	for name, to := range map[string]string{"link": "file", "hint": secret} {
		if err := os.Symlink(to, a.base+"/victim/"+name); err != nil {
			t.Fatal(err)
		}
		own(t, a.base+"/victim/"+name, a.uid)
	}
	settle()
}

func (a *assault) put(t *testing.T, name string, text []byte, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(a.base, name)
	if err := writeProgram(path, text, mode); err != nil {
		t.Fatal(err)
	}
	own(t, path, a.uid)
	value := "kept"
	if name == "victim/secret" {
		value = secret
	}
	if err := unix.Setxattr(path, "user.keep", []byte(value), 0); err != nil && err != unix.ENOTSUP {
		t.Fatal(err)
	}
}

// blank makes an empty file that uid may write.
func (a *assault) blank(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	own(t, path, a.uid)
}

// settle lets the clock that files are stamped with move on, so that the next change gets another time.
func settle() {
	var before, now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &before) != nil {
		return
	}
	for now = before; now == before; _ = unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now) {
		time.Sleep(time.Millisecond)
	}
}
