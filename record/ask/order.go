package ask

import (
	"strings"

	"sydbox/record/trail"
)

// order tells what surely happened before what, whatever the machine did: a parent's doings before the birth of a
// child, a child's before what its parent did once it had ended, and what the writer of a pipe did before the reader's
// doings after it. A recording does not tell for whom a process waited, so every child that ended is taken as waited
// for.
type order struct {
	ends    []int64 // see Ends
	depth   []int
	readers map[string][]*trail.Proc // of a pipe, by descriptor 0
}

func newOrder(t *trail.Trail) *order {
	o := &order{ends: Ends(t), depth: make([]int, len(t.Procs)), readers: make(map[string][]*trail.Proc)}
	for i, p := range t.Procs {
		if p.Parent != nil {
			o.depth[i] = o.depth[p.Parent.ID-1] + 1 // a parent was born earlier
		}
		for _, x := range p.Execs {
			if pipe := pipeOf(x.Stdio[0]); pipe != "" {
				o.readers[pipe] = append(o.readers[pipe], p)
			}
		}
	}
	return o
}

// pipeOf is the pipe that a descriptor is, empty if it is none.
func pipeOf(stdio string) string {
	if strings.HasPrefix(strings.TrimLeft(stdio, "<>+="), "pipe:[") {
		return strings.TrimLeft(stdio, "<>+=")
	}
	return ""
}

// fork is where the lives of two processes part: the last ancestor of both, and its children towards each; a child is
// nil where that ancestor is the process itself. The ancestor is nil if they have none in common.
func (o *order) fork(p, q *trail.Proc) (both, toP, toQ *trail.Proc) {
	for p != nil && q != nil && p != q {
		if o.depth[p.ID-1] >= o.depth[q.ID-1] {
			toP, p = p, p.Parent
		} else {
			toQ, q = q, q.Parent
		}
	}
	if p == nil || q == nil {
		return nil, nil, nil
	}
	return p, toP, toQ
}

// over is when p and those between it and its ancestor job had all ended.
func (o *order) over(p, job *trail.Proc) (at int64) {
	for ; p != nil; p = p.Parent {
		at = max(at, o.ends[p.ID-1])
		if p == job {
			break
		}
	}
	return at
}

// piped says that what p wrote came to q by pipes: directly, or through others. job and other are as fork gives them.
func (o *order) piped(p, job, q, other *trail.Proc) bool {
	todo, seen := pipesOut(p, job), make(map[string]bool)
	for len(todo) > 0 {
		pipe := todo[0]
		todo = todo[1:]
		if seen[pipe] {
			continue
		}
		seen[pipe] = true
		for _, r := range o.readers[pipe] {
			for x := q; x != nil; x = x.Parent {
				if x == r {
					return true
				}
				if x == other {
					break
				}
			}
			todo = append(todo, pipesOut(r, r)...)
		}
	}
	return false
}

// pipesOut are the pipes that p, or who is between it and job, could write to by descriptor 1 or 2.
func pipesOut(p, job *trail.Proc) (pipes []string) {
	for ; p != nil; p = p.Parent {
		for _, x := range p.Execs {
			for _, stdio := range x.Stdio[1:] {
				if pipe := pipeOf(stdio); pipe != "" {
					pipes = append(pipes, pipe)
				}
			}
		}
		if p == job {
			break
		}
	}
	return pipes
}
