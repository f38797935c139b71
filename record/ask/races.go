package ask

import (
	"cmp"
	"slices"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// RacesAnswer is what two jobs did to one file, where nothing made one of them wait for the other.
type RacesAnswer struct {
	Races []*Race `json:"races"`
	// Aside are those of processes that no build tool ran side by side: a script's own affair.
	Aside []*Race  `json:"aside"`
	Notes []string `json:"notes,omitempty"`
	dir   string
}

// RaceClass is what sort of race it is.
type RaceClass string

// The classes.
const (
	RaceReadWhileWritten RaceClass = "read while written"
	RaceReadAfter        RaceClass = "read without waiting"
	RaceReadBefore       RaceClass = "read before written"
	RaceMissing          RaceClass = "missing, then made"
	RaceWritten          RaceClass = "written twice"
	RaceDeleted          RaceClass = "deleted while used"
	RaceGone             RaceClass = "deleted, then wanted"
	RaceDirMade          RaceClass = "directory made twice"
	RaceDirDeleted       RaceClass = "directory deleted while used"
	RaceLucky            RaceClass = "right order by luck"
)

// Race is one.
type Race struct {
	Class  RaceClass  `json:"class"`
	Path   show.Bytes `json:"path"`
	First  RaceSide   `json:"first"`
	Second RaceSide   `json:"second"`
	Under  *Actor     `json:"under"` // who ran both
	Why    string     `json:"why"`
	Advice string     `json:"advice,omitempty"`
	// More counts other pairs of processes with the same race on the same path.
	More int `json:"more,omitempty"`
}

// RaceSide is one of the two.
type RaceSide struct {
	At   int64        `json:"at"`
	Op   string       `json:"op"`
	By   *Actor       `json:"by"`
	Job  *Actor       `json:"job"`            // what the build tool ran, of which By is a part
	Made []show.Bytes `json:"made,omitempty"` // the targets that the job made, as far as make looked at them
	proc *trail.Proc
	job  *trail.Proc
}

// Races finds races.
func Races(t *trail.Trail) *RacesAnswer {
	r := &racer{trail: t, order: newOrder(t), found: make(map[raceKey]*Race), under: make(map[*Race]*trail.Proc)}
	r.targets = newTargets(t, r.order.ends)
	r.dir = t.Head.Dir
	for name, list := range touches(t) {
		if len(list) > 1 {
			r.pairs(name, list)
		}
	}
	r.dirs()
	a := &r.RacesAnswer
	for _, race := range r.found {
		if isScheduler(r.under[race]) {
			a.Races = append(a.Races, race)
		} else {
			race.Advice = "" // there are no targets
			a.Aside = append(a.Aside, race)
		}
	}
	for _, list := range [][]*Race{a.Races, a.Aside} {
		slices.SortFunc(list, func(x, y *Race) int {
			return cmp.Or(cmp.Compare(x.Second.At, y.Second.At), cmp.Compare(x.Path, y.Path), cmp.Compare(x.Class, y.Class))
		})
	}
	r.notes()
	return a
}

// Status is 1 if there are races between jobs of a build tool.
func (a *RacesAnswer) Status() int {
	if len(a.Races) > 0 {
		return 1
	}
	return 0
}

// racer looks for races.
type racer struct {
	RacesAnswer
	trail   *trail.Trail
	order   *order
	found   map[raceKey]*Race
	under   map[*Race]*trail.Proc
	targets *targets
	capped  bool
}

type raceKey struct {
	class RaceClass
	path  string
}

// neighbours is how many later touches of a path are compared with each. A race is between touches that are near.
const neighbours = 2000

// pairs compares all touches of a path.
func (r *racer) pairs(name string, list []touch) {
	slices.SortStableFunc(list, func(a, b touch) int { return cmp.Compare(a.at, b.at) })
	for i := range list {
		later := list[i+1:]
		if len(later) > neighbours {
			later, r.capped = later[:neighbours], true
		}
		for j := range later {
			a, b := &list[i], &later[j]
			if a.proc == b.proc || a.sort == touchRead && b.sort == touchRead {
				continue
			}
			r.pair(name, a, b)
		}
	}
}

// pair compares two touches, the first earlier than the second.
func (r *racer) pair(name string, a, b *touch) {
	class := r.classOf(a, b)
	if class == "" {
		return
	}
	both, jobA, jobB := r.order.fork(a.proc, b.proc)
	if both == nil || jobA == nil || jobB == nil {
		return // a parent and its child have their own ways to agree
	}
	over := r.order.over(a.proc, jobA)
	if over <= jobB.Born {
		if class == RaceReadAfter && r.targets.lucky(both, jobA, jobB) {
			r.add(RaceLucky, name, a, b, both, jobA, jobB)
		}
		return
	}
	if r.order.piped(a.proc, jobA, b.proc, jobB) {
		return
	}
	if class == RaceReadAfter && (a.proc.End == nil || a.proc.Died > b.at) && a.op != event.OpRename {
		class = RaceReadWhileWritten
	}
	r.add(class, name, a, b, both, jobA, jobB)
}

// classOf is what a race of the two would be; empty if they do not mind each other.
func (r *racer) classOf(a, b *touch) RaceClass {
	switch {
	case a.sort == touchWrite && b.sort == touchRead && !a.append:
		return RaceReadAfter
	case a.sort == touchRead && b.sort == touchWrite && !b.append:
		return RaceReadBefore
	case a.sort == touchMiss && b.sort == touchWrite:
		return RaceMissing
	case a.sort == touchWrite && b.sort == touchWrite && !(a.append && b.append):
		return RaceWritten
	case b.sort == touchDelete && (a.sort == touchRead || a.sort == touchWrite):
		return RaceDeleted
	case a.sort == touchDelete && b.sort == touchMiss:
		return RaceGone
	}
	return ""
}

// add notes a race.
func (r *racer) add(class RaceClass, name string, a, b *touch, both, jobA, jobB *trail.Proc) {
	key := raceKey{class, name}
	if old := r.found[key]; old != nil {
		old.More++
		return
	}
	race := &Race{Class: class, Path: show.Bytes(name), Under: actor(both, b.at),
		First:  RaceSide{At: a.at, Op: a.op, By: actor(a.proc, a.at), Job: actor(jobA, a.at), proc: a.proc, job: jobA},
		Second: RaceSide{At: b.at, Op: b.op, By: actor(b.proc, b.at), Job: actor(jobB, b.at), proc: b.proc, job: jobB},
	}
	race.First.Made, race.Second.Made = r.targets.of(both, jobA), r.targets.of(both, jobB)
	r.found[key], r.under[race] = race, both
	race.explain(r.trail)
}
