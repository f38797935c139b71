package page

import (
	"sydbox/record/ask"
	"sydbox/record/trail"
)

// lanes says where each process is drawn, by its number less one. A lane holds processes that nest: one that runs
// inside its parent's time stands one row below it in the same lane. Where a process has two children at once, or one
// that outlives it, all its children stand in lanes of their own below, each in the first that is free. So the jobs of
// a parallel make are lanes, and the calls of a script a pile.
type lanes struct {
	lane, row []int
	rows      []int // how many rows each lane has
	ends      []int64
}

func newLanes(t *trail.Trail) *lanes {
	n := len(t.Procs)
	l := &lanes{lane: make([]int, n), row: make([]int, n), ends: ask.Ends(t)}
	spread := make([]bool, n)
	for i, p := range t.Procs {
		at := p.Born
		for _, c := range p.Children {
			if c.Born < at || l.ends[c.ID-1] > l.ends[i] {
				spread[i] = true
				break
			}
			at = l.ends[c.ID-1]
		}
	}
	var free []int64 // when the last one of each lane ends
	for i, p := range t.Procs {
		first := 0
		if p.Parent != nil {
			parent := p.Parent.ID - 1
			if !spread[parent] {
				l.lane[i], l.row[i] = l.lane[parent], l.row[parent]+1
				l.rows[l.lane[i]] = max(l.rows[l.lane[i]], l.row[i]+1)
				continue
			}
			first = l.lane[parent] + 1
		}
		k := first
		for k < len(free) && free[k] > p.Born {
			k++
		}
		if k == len(free) {
			free, l.rows = append(free, 0), append(l.rows, 1)
		}
		l.lane[i], free[k] = k, l.ends[i]
	}
	return l
}
