package ask

import (
	"cmp"
	"slices"

	"sydbox/record/trail"
)

// Stretch is a part of the critical path: for this time the command waited for what this process did itself.
type Stretch struct {
	Proc     *trail.Proc
	From, To int64
}

// Critical is what the command's duration is made of: stretches from its start to its end without a hole, each of one
// process. It is found backwards: from its end, a process was busy itself until the last of its children ended, with
// that child from its end to its birth, and so on. A child that ended before another began is what the other waited
// for, be it the job before in make's slot or the line before in a script. A recording does not tell for whom a process
// waited, so a child that merely happened to end there counts too.
func Critical(t *trail.Trail) []Stretch {
	type level struct {
		proc     *trail.Proc
		until    int64 // what is later has been told
		children []*trail.Proc
	}
	ends := Ends(t)
	root := lastRoot(t, ends)
	if root == nil {
		return nil
	}
	var path []Stretch
	add := func(p *trail.Proc, from, to int64) {
		if to > from {
			path = append(path, Stretch{p, from, to})
		}
	}
	stack := []level{{root, ends[root.ID-1], waitedFor(root, ends)}}
	for len(stack) > 0 {
		l := &stack[len(stack)-1]
		for len(l.children) > 0 && ends[l.children[0].ID-1] > l.until {
			l.children = l.children[1:] // it ran beside what was chosen, or outlived its parent
		}
		if len(l.children) == 0 {
			add(l.proc, l.proc.Born, l.until)
			stack = stack[:len(stack)-1]
			continue
		}
		child := l.children[0]
		end := ends[child.ID-1]
		add(l.proc, end, l.until)
		l.children, l.until = l.children[1:], child.Born
		stack = append(stack, level{child, end, waitedFor(child, ends)})
	}
	slices.Reverse(path)
	return path
}

// lastRoot is the process whose end was the tree's: the command, or of those that were attached to the last to end.
func lastRoot(t *trail.Trail, ends []int64) (last *trail.Proc) {
	for _, p := range t.Procs {
		if p.Parent == nil && (last == nil || p.Attached && ends[p.ID-1] > ends[last.ID-1]) {
			last = p
		}
	}
	return last
}

// waitedFor returns the children that a process can have waited for, the last to end first. If its end was seen, those
// without one were not waited for.
func waitedFor(p *trail.Proc, ends []int64) []*trail.Proc {
	children := make([]*trail.Proc, 0, len(p.Children))
	for _, c := range p.Children {
		if c.End != nil || p.End == nil {
			children = append(children, c)
		}
	}
	slices.SortStableFunc(children, func(a, b *trail.Proc) int { return cmp.Compare(ends[b.ID-1], ends[a.ID-1]) })
	return children
}

// Ends is when each process ended, by its number less one. For those whose end was not seen it is the recording's.
func Ends(t *trail.Trail) []int64 {
	last := int64(t.Length())
	ends := make([]int64, len(t.Procs))
	for i, p := range t.Procs {
		if ends[i] = p.Died; p.End == nil {
			ends[i] = last
		}
		ends[i] = max(ends[i], p.Born)
	}
	return ends
}

// OwnTimes is how long each process, by its number less one, lived without a living child: what it did itself.
func OwnTimes(t *trail.Trail) []int64 {
	ends := Ends(t)
	own := make([]int64, len(t.Procs))
	for i, p := range t.Procs {
		at := p.Born
		for _, c := range p.Children { // in the order of their birth
			own[i] += max(min(c.Born, ends[i])-at, 0)
			at = max(at, ends[c.ID-1])
		}
		own[i] += max(ends[i]-at, 0)
	}
	return own
}
