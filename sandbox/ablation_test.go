package sandbox

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/policy"
)

// landlockWall is what the second wall is called in the matrix.
const landlockWall = "landlock"

var pinning = protectPinning.String()

// needless has the protections that no attack of testdata/attacks needs, and why they are there all the same. A
// protection that is neither here nor needed by an attack fails the test.
var needless = map[string]string{
	"untraced": "cannot be lifted: a child made with CLONE_UNTRACED fails every call that stops (ENOSYS), so that it " +
		"changes nothing; it would outlive the sandbox",
	"ptrace": "a member has a tracer already and there is only one, so that nothing is won among members; an outsider " +
		"is what TestOutsiders attacks",
	"lookup_dcookie": "gone from Linux 6.6 on",
	// TestNetAblation asks what these are good for.
	"routing": aboutNetwork, "net_admin": aboutNetwork, "owned": aboutNetwork, "muffled": aboutNetwork,
}

// onlyX86 has the protections from calls that no younger machine has.
var onlyX86 = map[string]bool{"socketcall": true, "obsolete": true}

const aboutNetwork = "it is about the network"

// TestAblation is the matrix of protections: with one of them off and all others on, the attacks that it stops must win
// again. Landlock stands behind most: it is off meanwhile, and has its own row, in which it holds what the other
// protection does not any more. An attack that needs two others off must not win with only one of them off.
//
// The words needs= and hull of a trick say in which rows it is (attack.h). Races are sampled unless ATTACKS=full.
func TestAblation(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	for _, name := range m.rows() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m.row(t, name)
		})
	}
}

// matrix is what all rows share.
type matrix struct {
	*headquarters
	sydbox   string // with switches
	landlock bool   // the kernel has it
	tricks   []*armed
}

// armed is a trick with the program that knows it.
type armed struct {
	trick
	source string
	by     variant
	uid    int
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{headquarters: newHeadquarters(t), landlock: kernelLandlock() > 0}
	m.sydbox = m.ablated(t)
	for _, source := range attackSources(t) {
		known := map[string]bool{}
		for _, v := range buildable(variantsOf(t, source, "static m32 int80")...) {
			uid := users()[0]
			a := m.assault(t, source, v, uid)
			for _, trick := range a.tricks(t) {
				// One variant is enough: the first that has it.
				if !known[trick.name] && len(trick.values("needs")) != 0 && chosen(trick.name) {
					m.tricks = append(m.tricks, &armed{trick, source, v, uid})
				}
				known[trick.name] = true
			}
		}
	}
	return m
}

// kernelLandlock is the version of Landlock that the kernel has, 0 if none.
func kernelLandlock() int {
	const createRulesetVersion = 1
	n, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, createRulesetVersion)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// rows are all protections: the refusals of the policy, those of ablate.go, and Landlock.
func (m *matrix) rows() []string {
	rows := []string{landlockWall}
	for i := range policy.Refusals {
		rows = append(rows, policy.Refusals[i].Name)
	}
	return append(rows, protectionNames[:]...)
}

// sets are the sets of protections without which a trick wins.
func (a *armed) sets() [][]string {
	var sets [][]string
	for _, value := range a.values("needs") {
		sets = append(sets, strings.Split(value, "+"))
	}
	return sets
}

// without is a box with these protections off.
func (m *matrix) without(trick trick, set []string) (cage, error) {
	c := cage{sydbox: m.sydbox, policy: trick.kind()}
	for _, name := range set {
		switch {
		case name == landlockWall:
			c.harden = append(c.harden, `landlock = "off"`)
		case slices.Contains(protectionNames[:], name):
			c.off = append(c.off, name)
		case slices.Contains(policy.RefusalNames(), name):
			c.lift = append(c.lift, name)
		default:
			return c, fmt.Errorf("needs=%s: there is no such protection, or it cannot be switched off", name)
		}
	}
	return c, nil
}

// row shows what a protection is good for.
func (m *matrix) row(t *testing.T, name string) {
	live, tried := 0, 0
	for _, a := range m.tricks {
		for _, set := range a.sets() {
			if !m.concerns(name, a, set) {
				continue
			}
			tried++
			if !m.sampled(a) {
				continue
			}
			if m.show(t, name, a, set) {
				live++
			}
		}
	}
	reason := needless[name]
	switch {
	case some():
	case name == landlockWall && !m.landlock:
		t.Log("this kernel has no Landlock")
	case tried == 0 && onlyX86[name] && runtime.GOARCH != "amd64" && runtime.GOARCH != "386":
		t.Log("the calls that it is about are those of other machines")
	case tried == 0 && reason == "":
		t.Errorf("no attack needs %q: is it good for anything?", name)
	case tried != 0 && reason != "":
		t.Errorf("%q is said to be needed by no attack, and is by %d", name, tried)
	case live == 0 && tried != 0:
		t.Logf("none of its %d attacks can be made on this machine", tried)
	}
}

// concerns says whether a trick that needs a set is in a row.
func (m *matrix) concerns(name string, a *armed, set []string) bool {
	if name == landlockWall {
		return m.landlock && (a.is("hull") || slices.Contains(set, name))
	}
	return slices.Contains(set, name)
}

// sampled picks a part of the races, but each that is the only one of its name before the dot.
func (m *matrix) sampled(a *armed) bool {
	if full() || some() || !a.is("race") {
		return true
	}
	h := fnv.New32a()
	fmt.Fprint(h, a.name)
	return h.Sum32()%10 == 0 || !strings.Contains(a.name, ".")
}

// show runs one trick for one row. false: it is not live on this machine.
func (m *matrix) show(t *testing.T, name string, a *armed, set []string) bool {
	t.Helper()
	as := m.assaultBy(t, a)
	if reason := as.cannot(a.trick); reason != "" {
		return false
	}
	all := slices.Clone(set)
	if !slices.Contains(all, landlockWall) {
		all = append(all, landlockWall)
	}
	if name == landlockWall && !slices.Contains(all, pinning) {
		all = append(all, pinning) // what the tracer does in the task's place meets no wall
	}
	off, err := m.without(a.trick, all)
	if err != nil {
		t.Errorf("%s: %v", a.name, err)
		return true
	}
	if r := as.win(t, a.trick, off); len(r.won) == 0 {
		if native := as.win(t, a.trick, cage{}); len(native.won) == 0 && !a.is("unable") {
			return false // TestAttacks tells why
		}
		t.Errorf("%s does not win without %s (status %d): it is contained by something else\n%s", a.name,
			strings.Join(all, ", "), r.status, r.stderr)
	}
	// All others off, and this one on.
	rest := slices.DeleteFunc(slices.Clone(all), func(other string) bool { return other == name })
	alone, err := m.without(a.trick, rest)
	if err != nil {
		t.Errorf("%s: %v", a.name, err)
		return true
	}
	alone.raceMS = raceMS(t, "static")
	if r := as.run(t, a.trick, alone); len(r.won) != 0 {
		t.Errorf("%s wins although %s is on:\n%s", a.name, name, strings.Join(r.won, "\n"))
	}
	return true
}

// assaultBy is the assault of a trick in this subtest's own directory.
func (m *matrix) assaultBy(t *testing.T, a *armed) *assault {
	t.Helper()
	v := a.by
	v.name += "-" + userName(a.uid)
	name := strings.TrimSuffix(filepath.Base(a.source), ".c") + "-" + v.name
	return &assault{
		w: m.workshop, mark: m.mark, cell: m.cell, uid: a.uid, binary: filepath.Join(m.dir, name),
		base: filepath.Join(m.dir, strings.ReplaceAll(t.Name(), "/", "-")),
	}
}

// TestAblationIsOff shows that a binary as it is installed has no switches.
func TestAblationIsOff(t *testing.T) {
	t.Setenv("SYDBOX_ABLATE", strings.Join(protectionNames[:], " "))
	for p := range protections {
		if ablated(p) {
			t.Errorf("%s can be switched off", p)
		}
	}
}
