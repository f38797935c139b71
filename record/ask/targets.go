package ask

import (
	"slices"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// targets tells what jobs made, and when make looked at it. GNU make looks at a target again once its job has
// ended, when it next considers what needs it. A job that needs the target of another therefore starts after such a
// look; one that only came later, because there was no free slot before, starts without it. Measured with GNU make
// 4.3; with a single slot it waits at once, and looks, so that nothing can be told.
type targets struct {
	known map[lookKey]bool       // make looked at a path, whether it was there or not
	looks map[lookKey][]lookTime // when make looked at a path and found it
	slots *slots
	made  map[*trail.Proc][]string // what a job made, by the job
}

// lookTime is a look, or several of which only the first and the last are recorded.
type lookTime struct{ from, to int64 }

type lookKey struct {
	proc *trail.Proc
	path string
}

func newTargets(t *trail.Trail, ends []int64) *targets {
	g := &targets{slots: newSlots(t, ends), known: make(map[lookKey]bool), looks: make(map[lookKey][]lookTime),
		made: make(map[*trail.Proc][]string)}
	seen := make(map[lookKey]bool)
	for i := range t.Uses {
		u := &t.Uses[i]
		if u.Op == event.OpLook && isMake(u.Proc) {
			g.known[lookKey{u.Proc, u.Path}] = true
		}
		if u.Errno != "" {
			continue
		}
		switch u.Op {
		case event.OpLook:
			if isMake(u.Proc) {
				key := lookKey{u.Proc, u.Path}
				g.looks[key] = append(g.looks[key], lookTime{u.At, max(u.At, u.Last)})
			}
		case event.OpMake, event.OpWrite, event.OpSymlink, event.OpRename, event.OpLink, event.OpAttr:
			name := u.Path
			if u.Op == event.OpRename || u.Op == event.OpLink {
				name = u.To
			}
			if private(name) {
				continue
			}
			for p := u.Proc; p.Parent != nil; p = p.Parent {
				if isMake(p.Parent) && !seen[lookKey{p, name}] {
					seen[lookKey{p, name}] = true
					g.made[p] = append(g.made[p], name)
				}
			}
		}
	}
	return g
}

// of are the targets of a job: what it made that its make looked at, before or after.
func (g *targets) of(maker, job *trail.Proc) (list []show.Bytes) {
	for _, name := range g.made[job] {
		if g.known[lookKey{maker, name}] {
			list = append(list, show.Bytes(name))
		}
	}
	return list
}

// another says that two jobs are of different targets, not lines of one recipe.
func (g *targets) another(maker, earlier, later *trail.Proc) (own bool) {
	for _, name := range g.made[later] {
		if slices.Contains(g.made[earlier], name) {
			return false
		}
		own = own || g.known[lookKey{maker, name}]
	}
	return own
}

// lucky says that a job did not wait for an earlier one that had ended, but for a slot, as far as make's looks tell.
// Where make never looked at what the earlier job made, as with a phony target, nothing can be told. Two lines of a
// recipe that each make a target of their own look the same, as in those of node-gyp, where make includes the .d; with
// a single slot it can be nothing else.
func (g *targets) lucky(maker, earlier, later *trail.Proc) bool {
	if !isMake(maker) || g.slots.one(maker) || !g.slots.full(maker, earlier.Died) || !g.another(maker, earlier, later) {
		return false
	}
	looked := false
	for _, name := range g.made[earlier] {
		for _, look := range g.looks[lookKey{maker, name}] {
			switch {
			case look.to < earlier.Died:
			case look.from <= later.Born:
				return false
			default:
				looked = true
			}
		}
	}
	return looked
}
