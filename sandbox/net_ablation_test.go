package sandbox

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// netProtections are what only attacks on the network need, or also those.
var netProtections = []string{"pinning", "owned", "muffled", "routing", "net_admin", "sockets", "io_uring"}

// TestNetAblation is TestAblation for the tricks of testdata/attacks/net: with the protections off that a trick names, and
// Landlock, it must win in the box; with any one of them on again it must not.
func TestNetAblation(t *testing.T) {
	needSpaces(t)
	t.Parallel()
	w := newWorkshop(t)
	sydbox := w.ablated(t)
	shown := map[string]int{}
	t.Run("tricks", func(t *testing.T) {
		for _, source := range netSources(t) {
			list := buildable(variantsOf(t, source, "static m32 int80")...)
			uid := users()[0]
			name := strings.TrimSuffix(filepath.Base(source), ".c")
			t.Run(name, func(t *testing.T) {
				r := &raid{attempt: &attempt{assault: &assault{w: w, uid: uid}, v: list[0], notes: &notes{}}}
				r.compile(t, source)
				r.settle(t)
				for _, trick := range r.tricks(t) {
					if r.ablates(trick) {
						r.ablate(t, sydbox, trick, shown)
					}
				}
			})
		}
	})
	for _, name := range netProtections {
		if shown[name] == 0 && !some() {
			t.Errorf("no attack shows what %q is good for", name)
		}
	}
}

// ablates says which tricks are tried: a third of the races, half of the samples.
func (r *raid) ablates(trick trick) bool {
	h := fnv.New32a()
	fmt.Fprint(h, trick.name)
	switch {
	case len(trick.values("needs")) == 0 || r.cannot(trick) != "" || !chosen(trick.name):
		return false
	case full(), some():
		return true
	case trick.is("race"):
		return h.Sum32()%3 == 0
	}
	return !trick.is("sample") || h.Sum32()%2 == 0
}

func (r *raid) ablate(t *testing.T, sydbox string, trick trick, shown map[string]int) {
	t.Helper()
	m := &matrix{sydbox: sydbox}
	kind := trick.netKinds()[0]
	for _, value := range trick.values("needs") {
		set := strings.Split(value, "+")
		off, err := m.without(trick, append(slices.Clone(set), landlockWall))
		if err != nil {
			t.Errorf("%s: %v", trick.name, err)
			return
		}
		off.policy = kind
		if run := r.win(t, trick, off); len(run.won) == 0 {
			if native := r.win(t, trick, cage{}); native.status == notApplicable || len(native.won) == 0 {
				continue // TestNetAttacks tells why
			}
			t.Errorf("%s under %s does not win without %s (status %d): it is contained by something else\n%s%s", trick.name,
				kind, value, run.status, run.stdout, run.stderr)
			continue
		}
		for _, name := range set {
			rest := slices.DeleteFunc(slices.Clone(set), func(other string) bool { return other == name })
			alone, err := m.without(trick, append(rest, landlockWall))
			if err != nil {
				t.Errorf("%s: %v", trick.name, err)
				return
			}
			alone.policy, alone.raceMS = kind, raceMS(t, "static")
			if run := r.run(t, trick, alone); len(run.won) != 0 {
				t.Errorf("%s under %s wins although %s is on:\n%s", trick.name, kind, name, strings.Join(run.won, "\n"))
			}
			shown[name]++
		}
	}
}
