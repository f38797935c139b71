package ask

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"sydbox/event"
	"sydbox/record/trail"
)

// dirUse is one use of a directory, or of something in it.
type dirUse struct {
	touch
	path string
}

// dirs finds races for directories: one that two jobs make without -p, and one that goes while another job works in it.
func (r *racer) dirs() {
	made := make(map[string][]touch)
	var clashes, gone, inside []dirUse
	for i := range r.trail.Uses {
		u := &r.trail.Uses[i]
		to := touch{proc: u.Proc, at: u.At, op: u.Op}
		mkdir := u.Op == event.OpMake && isDir(u)
		rmdir := u.Op == event.OpDelete && isDir(u)
		switch {
		case mkdir && u.Errno == "":
			made[u.Path] = append(made[u.Path], to)
		case mkdir && u.Errno == "EEXIST" && u.Proc.End != nil && u.Proc.End.Exit != 0:
			clashes = append(clashes, dirUse{to, u.Path})
		case rmdir && u.Errno == "":
			gone = append(gone, dirUse{to, u.Path})
		}
		switch u.Op {
		case event.OpRead, event.OpWrite, event.OpMake, event.OpEnter:
			if u.Errno == "" {
				inside = append(inside, dirUse{to, u.Path})
			}
		}
	}
	for _, c := range clashes {
		for _, m := range made[c.path] {
			r.dirPair(RaceDirMade, c.path, m, c.touch)
		}
	}
	if len(gone) == 0 {
		return
	}
	slices.SortStableFunc(inside, func(a, b dirUse) int { return cmp.Compare(a.path, b.path) })
	for _, g := range gone {
		if private(g.path) {
			continue
		}
		for _, prefix := range []string{g.path, g.path + "/"} {
			i := sort.Search(len(inside), func(i int) bool { return inside[i].path >= prefix })
			for ; i < len(inside) && strings.HasPrefix(inside[i].path, prefix); i++ {
				if prefix == g.path && inside[i].path != prefix {
					break
				}
				if in := inside[i]; in.proc != g.proc && in.at < g.at {
					r.dirPair(RaceDirDeleted, g.path, in.touch, g.touch)
				}
			}
		}
	}
}

// dirPair notes a race for a directory if nothing made the later one wait.
func (r *racer) dirPair(class RaceClass, name string, a, b touch) {
	both, jobA, jobB := r.order.fork(a.proc, b.proc)
	if both == nil || jobA == nil || jobB == nil || r.order.over(a.proc, jobA) <= jobB.Born ||
		r.order.piped(a.proc, jobA, b.proc, jobB) {
		return
	}
	r.add(class, name, &a, &b, both, jobA, jobB)
}

// alone says whether there is a build tool, and whether no two of its jobs ever ran at the same time.
func alone(t *trail.Trail, ends []int64) (tool, alone bool) {
	for _, p := range t.Procs {
		if !isScheduler(p) {
			continue
		}
		tool = true
		for i, c := range p.Children {
			if i > 0 && ends[p.Children[i-1].ID-1] > c.Born {
				return true, false
			}
		}
	}
	return tool, tool
}
