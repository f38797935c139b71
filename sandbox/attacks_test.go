package sandbox

import (
	"fmt"
	"hash/fnv"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sydbox/event"
)

// TestAttacks runs hostile programs, each with one trick, against a victim outside the only directory that they may
// write. Each trick must win without the box, must not win in it, and, where some policy allows what it does, must win
// again in a box with that policy: a box in which nothing works contains everything and proves nothing.
//
// Who has won is judged from outside: by the victim's fingerprint, and by what turned up in the attacker's directory.
//
// A race that must be won gets raceRounds rounds of raceWin each, and ends when it is won: one that is not won by then is
// broken. In the box it gets raceHold, about ten times what it takes to win against a box without protection. ATTACKS=full
// runs everything as every user in every variant, and races for raceLong in the first variant, raceAgain in the others,
// which differ from it in how the call is made and in nothing that is raced. RACE_MS sets another number for all.
// TRICK=PATTERN runs the tricks of that name alone.
func TestAttacks(t *testing.T) {
	t.Parallel()
	h := newHeadquarters(t)
	notes := &notes{reasons: map[string][]string{}}
	t.Cleanup(func() { notes.log(t) })
	for _, source := range attackSources(t) {
		for _, v := range buildable(variantsOf(t, source, "static m32 int80")...) {
			for _, uid := range users() {
				name := fmt.Sprintf("%s/%s/%s", strings.TrimSuffix(filepath.Base(source), ".c"), v.name, userName(uid))
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					needsKernelFor(t, v)
					a := &attempt{assault: h.assault(t, source, v, uid), v: v, notes: notes}
					for _, trick := range a.tricks(t) {
						if a.takes(trick) {
							a.try(t, trick)
						}
					}
				})
			}
		}
	}
}

const (
	raceRounds = 5
	raceWin    = 2000 // ms
	raceHold   = 120  // ms
	raceLong   = 1500 // ms
	raceAgain  = 400  // ms
)

// full says that everything is to be tried, however long it takes.
func full() bool { return os.Getenv("ATTACKS") == "full" }

// some says that only some tricks were asked for, chosen whether this is one.
func some() bool { return os.Getenv("TRICK") != "" }

func chosen(name string) bool {
	matches, err := path.Match(os.Getenv("TRICK"), name)
	if !some() || err == nil && matches {
		choices.Add(1)
		return true
	}
	return false
}

// choices counts what was chosen: TRICK= of nothing that there is would pass.
var choices atomic.Int64

// raceMS is how long a race is held in the box, in the variant of that name.
func raceMS(t *testing.T, variant string) int {
	t.Helper()
	text := os.Getenv("RACE_MS")
	switch {
	case text != "":
	case !full():
		return raceHold
	case variant != "static":
		return raceAgain
	default:
		return raceLong
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("RACE_MS=%s is no number of milliseconds", text)
	}
	return n
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

// attempt is one program as one user in one variant.
type attempt struct {
	*assault
	v     variant
	notes *notes
}

func (a *attempt) where() string { return a.v.name + "/" + userName(a.uid) }

// takes says which tricks are tried. Of samples all but the first variant and user take a third, another third each; of
// races those take one in twelve, and the first user shares with the second.
func (a *attempt) takes(trick trick) bool {
	first := a.v.name == "static" && a.uid == users()[0]
	h := fnv.New32a()
	fmt.Fprint(h, trick.name, a.v.name)
	switch {
	case some():
		return chosen(trick.name)
	case full():
		return true
	case trick.is("race") && a.v.name != "static":
		fmt.Fprint(h, a.uid)
		return h.Sum32()%12 == 0
	case trick.is("race"):
		return trick.is("root") || users()[h.Sum32()%uint32(len(users()))] == a.uid
	case trick.is("sample") && !first:
		fmt.Fprint(h, a.uid)
		return h.Sum32()%3 == 0
	}
	return true
}

// try proves the trick live, then tries it in the box, then in a box that allows it.
func (a *attempt) try(t *testing.T, trick trick) {
	t.Helper()
	if reason := a.cannot(trick); reason != "" {
		a.notes.add(reason, trick.name+"/"+a.where())
		return
	}
	native := a.win(t, trick, cage{})
	if native.status == notApplicable {
		a.notes.add(strings.TrimPrefix(strings.TrimSpace(native.stderr), "not applicable: "), trick.name+"/"+a.where())
		return
	}
	switch {
	case trick.is("unable") && len(native.won) != 0:
		t.Errorf("%s is broken: it wins without the box", trick.name)
		return
	case trick.is("unable"):
		a.hold(t, trick)
		return
	case trick.is("maybe") && len(native.won) == 0 && strings.HasPrefix(native.stderr, "refused: "):
		a.notes.add("this machine refuses it as well", trick.name+"/"+a.where())
		return
	case native.hung || len(native.won) == 0:
		t.Errorf("%s is broken: without the box it does not win (status %d)\n%s", trick.name, native.status, native.stderr)
		return
	case native.status != 0 && !trick.is("vague"):
		t.Errorf("%s wins without the box, and says that it did not: status %d\n%s", trick.name, native.status, native.stderr)
	}
	a.hold(t, trick)
	if trick.is("refused") || trick.is("never") || (trick.is("sample") && (a.v.name != "static" || a.uid != users()[0])) {
		return
	}
	allowed := a.win(t, trick, cage{sydbox: a.w.sydbox, policy: "generous"})
	if len(allowed.won) == 0 {
		t.Errorf("%s does not work where the policy allows it (status %d)\n%s", trick.name, allowed.status, allowed.stderr)
	}
}

// win runs a trick that has to win: a race as often as it takes, up to raceRounds.
func (a *assault) win(t *testing.T, trick trick, c cage) trial {
	t.Helper()
	rounds := 1
	if trick.is("race") {
		rounds, c.raceMS = raceRounds, raceWin
	}
	for {
		r := a.run(t, trick, c)
		if rounds--; rounds == 0 || len(r.won) != 0 || r.status == notApplicable || r.notStarted() {
			return r
		}
	}
}

// hold runs a trick that must not win, in the full box, and holds what the box tells against what happened.
func (a *attempt) hold(t *testing.T, trick trick) {
	t.Helper()
	boxed := a.run(t, trick, cage{sydbox: a.w.sydbox, policy: trick.kind(), raceMS: raceMS(t, a.v.name)})
	switch {
	case len(boxed.won) != 0 && trick.is("detected") && slices.ContainsFunc(boxed.denials, killed):
		a.notes.add("it wins, and its process is killed", trick.name+"/"+a.where())
		return
	case len(boxed.won) != 0 && lost(trick, &boxed) != "":
		a.notes.add(lost(trick, &boxed), trick.name+"/"+a.where())
		return
	case len(boxed.won) != 0:
		t.Errorf("%s ESCAPED:\n%s\n%s%s", trick.name, strings.Join(boxed.won, "\n"), boxed.stdout, boxed.stderr)
		return
	case boxed.hung:
		t.Errorf("%s hangs in the box\n%s", trick.name, boxed.stderr)
		return
	case boxed.notStarted():
		t.Errorf("%s: the box did not start\n%s", trick.name, boxed.stderr)
		return
	case boxed.status == 0 && !trick.is("race") && !trick.is("vague"):
		t.Errorf("%s says that it won, and nothing shows\n%s%s", trick.name, boxed.stdout, boxed.stderr)
	}
	if slices.ContainsFunc([]string{"refused", "silent", "race", "unable"}, trick.is) {
		return
	}
	if missing := a.explained(trick, &boxed); missing != "" {
		t.Errorf("%s was stopped without a full word (status %d): %s\n%s", trick.name, boxed.status, missing, boxed.stderr)
	}
}

// killed says that a process was ended for what it did.
func killed(d *event.Denial) bool {
	return strings.HasPrefix(d.Action, "kill") || strings.Contains(d.Why, whyMoved)
}
