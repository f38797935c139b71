package sandbox

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sydbox/event"
)

// TestNetAttacks runs hostile programs, each with one trick to be heard by somebody whom they may not reach. Each trick
// must win without the box, must not win under any of the policies that it is up against, and, where some policy allows
// what it does, must win again in a box with that policy. Who has won the outsiders say, and the wire (net_world_test.go).
//
// Races are as in TestAttacks, and so are ATTACKS, RACE_MS and TRICK.
func TestNetAttacks(t *testing.T) {
	needSpaces(t)
	t.Parallel()
	w := newWorkshop(t)
	notes := &notes{reasons: map[string][]string{}}
	t.Cleanup(func() { notes.log(t) })
	for _, source := range netSources(t) {
		for _, v := range buildable(variantsOf(t, source, "static m32 int80")...) {
			for _, uid := range users() {
				name := fmt.Sprintf("%s/%s/%s", strings.TrimSuffix(filepath.Base(source), ".c"), v.name, userName(uid))
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					r := &raid{attempt: &attempt{assault: &assault{w: w, uid: uid}, v: v, notes: notes}}
					r.compile(t, source)
					r.settle(t)
					for _, trick := range r.tricks(t) {
						if r.takes(trick) {
							r.try(t, trick)
						}
					}
				})
			}
		}
	}
}

// netSources are the hostile programs that are after the network.
func netSources(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("../testdata/attacks/net/*.c")
	if err != nil || len(list) < 5 {
		t.Fatalf("no programs in testdata/attacks/net (%v)", err)
	}
	return list
}

// raid is one program as one user in one variant, in a world of its own.
type raid struct {
	*attempt
	world *world
}

func (r *raid) compile(t *testing.T, source string) {
	t.Helper()
	var err error
	if r.binary, err = r.w.compileFor(source, r.v, r.uid); err != nil {
		t.Fatal(err)
	}
	// Paths of unix sockets are short.
	h := fnv.New32a()
	fmt.Fprint(h, t.Name())
	r.base = filepath.Join(r.w.dir, fmt.Sprintf("n%08x", h.Sum32()))
}

// settle makes a world, and moves the test there.
func (r *raid) settle(t *testing.T) {
	t.Helper()
	r.world = newWorld(t, r.base)
	r.world.near.inhabit(t)
}

// takes says which tricks are tried: rare ones are a sample of the samples.
func (r *raid) takes(trick trick) bool {
	if trick.is("rare") && !full() && !some() {
		h := fnv.New32a()
		fmt.Fprint(h, trick.name, r.v.name, r.uid)
		return h.Sum32()%16 == 0
	}
	return r.attempt.takes(trick)
}

// netKinds are the policies that tricks are up against.
var netKinds = []string{"narrow", "build", "bind", "local"}

func (t trick) netKinds() []string {
	return slices.DeleteFunc(slices.Clone(netKinds), func(kind string) bool { return !t.is(kind) })
}

// try proves the trick live, then tries it under each policy, then under one that allows it.
func (r *raid) try(t *testing.T, trick trick) {
	t.Helper()
	where := trick.name + "/" + r.where()
	if reason := r.cannot(trick); reason != "" {
		r.notes.add(reason, where)
		return
	}
	native := r.win(t, trick, cage{})
	switch {
	case native.status == notApplicable:
		r.notes.add(strings.TrimPrefix(strings.TrimSpace(native.stderr), "not applicable: "), where)
		return
	case trick.is("maybe") && !r.succeeded(trick, &native) && native.status == 1:
		r.notes.add("this machine does not do it either", where)
		return
	case native.hung || !r.succeeded(trick, &native):
		t.Errorf("%s is broken: without the box it does not win (status %d)\n%s", trick.name, native.status, native.stderr)
		return
	case native.status != 0 && !trick.is("vague") && !trick.is("race"):
		t.Errorf("%s wins without the box, and says that it did not: status %d\n%s", trick.name, native.status, native.stderr)
	}
	for _, kind := range trick.netKinds() {
		r.hold(t, trick, kind)
	}
	if trick.is("refused") || trick.is("never") || trick.is("rare") || trick.is("delegated") ||
		trick.is("sample") && (r.v.name != "static" || r.uid != users()[0]) {
		return
	}
	if allowed := r.win(t, trick, cage{sydbox: r.w.sydbox, policy: "generous"}); !r.succeeded(trick, &allowed) {
		t.Errorf("%s does not work where the policy allows it (status %d)\n%s", trick.name, allowed.status, allowed.stderr)
	}
}

// succeeded says whether a run did what the trick is for.
func (r *raid) succeeded(trick trick, run *trial) bool {
	if !trick.is("delegated") {
		return len(run.won) != 0
	}
	return slices.ContainsFunc(run.won, func(by string) bool {
		return strings.Contains(by, "heard by an outsider") || strings.HasPrefix(by, "the wire carried")
	})
}

// win runs a trick that has to win.
func (r *raid) win(t *testing.T, trick trick, c cage) trial {
	t.Helper()
	rounds := 1
	if trick.is("race") {
		rounds, c.raceMS = raceRounds, raceWin
	}
	for {
		run := r.run(t, trick, c)
		if rounds--; rounds == 0 || len(run.won) != 0 || run.status == notApplicable || run.notStarted() {
			return run
		}
	}
}

// hold runs a trick that must not win, in the full box.
func (r *raid) hold(t *testing.T, trick trick, kind string) {
	t.Helper()
	boxed := r.run(t, trick, cage{sydbox: r.w.sydbox, policy: kind, raceMS: raceMS(t, r.v.name)})
	what := trick.name + " under " + kind
	switch {
	case trick.is("delegated"):
		if !r.succeeded(trick, &boxed) {
			t.Errorf("%s does not get what it was given (status %d): %q\n%s", what, boxed.status, boxed.won, boxed.stderr)
		}
		return
	case len(boxed.won) != 0 && trick.is("detected") && slices.ContainsFunc(boxed.denials, killed):
		r.notes.add("it wins, and its process is killed", trick.name+"/"+r.where())
		return
	case len(boxed.won) != 0 && lostOnNet(trick) != "":
		r.notes.add(lostOnNet(trick), trick.name+"/"+r.where())
		return
	case len(boxed.won) != 0:
		t.Errorf("%s ESCAPED (status %d):\n%s\n%s%s", what, boxed.status, strings.Join(boxed.won, "\n"), boxed.stdout, boxed.stderr)
		return
	case boxed.hung:
		t.Errorf("%s hangs in the box\n%s", what, boxed.stderr)
		return
	case boxed.notStarted():
		t.Errorf("%s: the box did not start\n%s", what, boxed.stderr)
		return
	case boxed.status == 0 && !slices.ContainsFunc([]string{"race", "vague", "silent"}, trick.is) && kind != "local":
		t.Errorf("%s says that it won, and nobody heard of it\n%s%s", what, boxed.stdout, boxed.stderr)
	}
	// Under `local` nothing is denied: nobody outside gets in.
	if slices.ContainsFunc([]string{"refused", "silent", "race"}, trick.is) || kind == "local" {
		return
	}
	if missing := r.explained(trick, kind, &boxed); missing != "" {
		t.Errorf("%s was stopped without a full word (status %d): %s\n%s", what, boxed.status, missing, boxed.stderr)
	}
}

// explained says what is missing in the log; "" if one of the denials tells all: the call, where it was to lead, the
// errno, who asked, the rule.
func (r *raid) explained(trick trick, kind string, run *trial) string {
	if len(run.denials) == 0 {
		return "nothing was logged"
	}
	var lacks []string
	for _, d := range run.denials {
		missing := r.missing(trick, kind, d)
		if missing == "" {
			return ""
		}
		lacks = append(lacks, fmt.Sprintf("%s %s %s: %s", d.Op, d.Call, d.Address, missing))
	}
	return strings.Join(lacks, "\n")
}

func (r *raid) missing(trick trick, kind string, d *event.Denial) string {
	want := ""
	// The default profile does not know what is harmless, and stops there already.
	early := kind == "build" && slices.ContainsFunc([]string{"10.77.0.2:1111", "[fd77::2]:1111", "/allow/decoy-"},
		func(decoy string) bool { return strings.Contains(d.Address, decoy) })
	for _, to := range trick.values("to") {
		want = strings.NewReplacer("%wire", fmt.Sprint("%", r.world.wire), "VICTIM", r.base+"/victim", "ALLOW",
			r.base+"/allow").Replace(to)
	}
	switch {
	case d.Action == "warn":
		return "it went on"
	case d.Call == "":
		return "no call is named"
	case d.Op != "connect" && d.Op != "bind":
		return "no operation is named"
	case d.Errno == "" && !strings.HasPrefix(d.Action, "kill"):
		return "no errno"
	case d.PID == 0 || d.TID == 0 || len(d.Chain) == 0 || d.Chain[0].PID != d.PID:
		return "no process"
	case d.Rule.Action == "" && d.Why == "":
		return "neither rule nor reason"
	case d.Rule.Action != "" && (d.Rule.Section == "" || d.Rule.Text == "" || d.Rule.Source == "" ||
		d.Rule.Text != "default" && d.Rule.Line == 0):
		return fmt.Sprintf("the rule is incomplete: %+v", d.Rule)
	case d.Address == "":
		return "no address"
	case want != "" && d.Address != want && !early && !deaf(d):
		return "the address should be " + want
	}
	return ""
}

// run runs one trick against a fresh victim.
func (r *raid) run(t *testing.T, trick trick, box cage) trial {
	t.Helper()
	freshDir(t, r.base, r.uid)
	defer removeAll(t, r.base)
	for _, dir := range []string{"victim", "allow"} {
		freshDir(t, filepath.Join(r.base, dir), r.uid)
	}
	w := r.world
	heard, bell, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer heard.Close()
	defer bell.Close()
	servers := w.count()
	defer w.closeSince(servers)
	w.forget(bell)
	if err := w.populateNames(r.uid); err != nil {
		t.Fatal(err)
	}
	a, channel, err := w.hire(r.uid)
	if err != nil {
		t.Fatal(err)
	}
	defer a.conn.Close()
	victim, allow := r.base+"/victim", r.base+"/allow"
	j := job{
		argv: []string{r.binary, trick.name, victim, allow}, dir: allow, uid: r.uid, files: []*os.File{channel, heard},
		env: []string{fmt.Sprint("ATTACK_MS=", box.raceMS), "SYDBOX_ABLATE=" + strings.Join(box.off, " ")},
	}
	log := r.base + ".log"
	if box.sydbox != "" {
		r.blank(t, log)
		defer os.Remove(log)
		j.argv = append([]string{box.sydbox, "run", "--log", log, "-p", r.policy(t, trick, box), "--"}, j.argv...)
	}
	tables := ""
	if trick.is("tables") {
		if tables, err = w.near.tables(); err != nil {
			t.Fatal(err)
		}
	}
	result := trial{outcome: j.run(t)}
	channel.Close()
	if box.sydbox != "" {
		result.denials = readLog(t, log)
	}
	if tables != "" {
		changed, err := w.near.tables()
		if err != nil {
			t.Fatal(err)
		}
		if changed != tables {
			result.won = append(result.won, "the machine's tables changed:\n"+diff(tables, changed))
			r.settle(t)
			w.forget(nil)
			return result
		}
	}
	contacts, err := w.judge()
	if err != nil {
		t.Errorf("%s: %v", trick.name, err)
	}
	w.forget(nil)
	result.won = append(append(result.won, contacts...), plunder(t, allow, victim)...)
	return result
}

// policy writes the policy that a trick is up against.
func (r *raid) policy(t *testing.T, trick trick, box cage) string {
	t.Helper()
	const head = "version = 1\nextends = []\n[write]\ndefault = \"allow\"\n"
	allow := r.base + "/allow/"
	var text string
	switch box.policy {
	case "build":
		text = "version = 1\nextends = [\"build\"]\n"
	case "narrow":
		words := []string{"10.77.0.2:1111", "[fd77::2]:1111", "127.0.0.1:1111", "[::1]:1111"}
		for _, kind := range []string{"stream", "dgram", "seqpacket"} {
			words = append(words, "unix:"+allow+"decoy-"+kind, "abstract:decoy-"+kind)
		}
		text = fmt.Sprintf("%s[connect]\nallow = %s\n[bind]\nallow = [\"any\"]\n", head, list(words))
	case "bind":
		text = head + "[connect]\nallow = [\"any\"]\n[bind]\nallow = [\"loopback\"]\n"
	case "local":
		text = head + "[connect]\nallow = [\"any\"]\n[bind]\nallow = [\"local\"]\n"
	default:
		text = head + "[connect]\nallow = [\"any\"]\n[bind]\nallow = [\"any\"]\n"
	}
	if lift := append(trick.values("lift"), box.lift...); len(lift) != 0 {
		text += fmt.Sprintf("[syscalls]\nallow = %s\n", list(lift))
	}
	if len(box.harden) != 0 {
		text += "[harden]\n" + strings.Join(box.harden, "\n") + "\n"
	}
	path := r.base + ".toml"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
