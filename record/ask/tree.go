package ask

import (
	"crypto/sha256"
	"strings"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// TreeOptions say what of the tree is wanted.
type TreeOptions struct {
	Below   *trail.Proc // only it and its descendants; nil for all
	Depth   int         // how many generations below the first; 0 for all
	Program string      // a glob: only programs of this name, and their ancestors
	Failed  bool        // only what failed, and its ancestors
	All     bool        // siblings of one kind are not folded
}

// TreeAnswer is the processes, parents before their children.
type TreeAnswer struct {
	Processes []*TreeProcess `json:"processes"`
	options   TreeOptions
	roots     []*TreeProcess
}

// TreeProcess is one process of the tree.
type TreeProcess struct {
	Process
	PID    int        `json:"pid"`
	Parent int        `json:"parent,omitempty"`
	Depth  int        `json:"depth"`
	Born   int64      `json:"born"`
	Wall   int64      `json:"wall"`
	CPU    int64      `json:"cpu"`
	Exit   *int       `json:"exit"` // nil with a signal, and where the end was not seen
	Signal string     `json:"signal,omitempty"`
	Fork   bool       `json:"fork,omitempty"` // it became no program of its own
	Dir    show.Bytes `json:"dir"`
	// Programs are those that it became, in order, as arguments.
	Programs [][]show.Bytes `json:"programs"`
	// Hidden counts descendants that Depth left out.
	Hidden   int `json:"hidden,omitempty"`
	children []*TreeProcess
	proc     *trail.Proc
	shape    string
	// kind is what siblings that are folded have in common, besides their end.
	kind string
}

// Tree lists the processes.
func Tree(t *trail.Trail, options TreeOptions) *TreeAnswer {
	a := &TreeAnswer{options: options, Processes: []*TreeProcess{}}
	wanted := make(map[*trail.Proc]bool)
	for _, p := range t.Procs {
		if options.Failed && !p.Failed() || options.Program != "" && !ran(p, options.Program) {
			continue
		}
		for q := p; q != nil && !wanted[q]; q = q.Parent {
			wanted[q] = true
		}
	}
	if options.Below != nil {
		a.add(t, nil, options.Below, wanted)
		return a
	}
	for _, p := range t.Procs {
		if p.Parent == nil {
			a.add(t, nil, p, wanted)
		}
	}
	return a
}

// ran says whether a process was a program of a name.
func ran(p *trail.Proc, pattern string) bool {
	for _, x := range p.Execs {
		if glob(pattern, x.Name()) {
			return true
		}
	}
	return len(p.Execs) == 0 && glob(pattern, p.Name())
}

// add takes in a process and its descendants as far as they are wanted.
func (a *TreeAnswer) add(t *trail.Trail, parent *TreeProcess, p *trail.Proc, wanted map[*trail.Proc]bool) {
	if !wanted[p] {
		return
	}
	n := &TreeProcess{Process: Process{p.ID, show.Bytes(p.Name())}, PID: p.PID, Born: p.Born, Wall: lifetime(t, p),
		CPU: int64(p.CPU()), Fork: isFork(p), Dir: show.Bytes(p.Dir), proc: p, Programs: [][]show.Bytes{}}
	if p.Parent != nil {
		n.Parent = p.Parent.ID
	}
	if p.End != nil {
		if n.Signal = p.End.Signal; n.Signal == "" {
			n.Exit = &p.End.Exit
		}
	}
	for _, x := range p.Execs {
		n.Programs = append(n.Programs, show.Strings(x.Argv))
		n.Dir = show.Bytes(x.Dir)
	}
	if parent == nil {
		a.roots = append(a.roots, n)
	} else {
		n.Depth = parent.Depth + 1
		parent.children = append(parent.children, n)
	}
	a.Processes = append(a.Processes, n)
	if a.options.Depth > 0 && n.Depth >= a.options.Depth {
		n.Hidden = descendants(p, wanted)
	} else {
		for _, c := range p.Children {
			a.add(t, n, c, wanted)
		}
	}
	n.form()
}

func descendants(p *trail.Proc, wanted map[*trail.Proc]bool) (n int) {
	for _, c := range p.Children {
		if wanted[c] {
			n += 1 + descendants(c, wanted)
		}
	}
	return n
}

// mostShape bounds a shape and a kind: those of a long chain of processes would have the square of its length in all.
const mostShape = 400

// form fills in the shape and the kind of a process whose children have theirs. The shape is its program and those of what
// it started, "gcc (as, cc1)", for people. The kind is the same in full, or a digest of it.
func (n *TreeProcess) form() {
	n.shape = n.formOf(func(c *TreeProcess) string { return c.shape })
	if len(n.shape) > mostShape {
		n.shape = strings.ToValidUTF8(n.shape[:mostShape], "") + "…"
	}
	n.kind = n.formOf(func(c *TreeProcess) string { return c.kind })
	if len(n.kind) > mostShape {
		sum := sha256.Sum256([]byte(n.kind))
		n.kind = string(sum[:])
	}
}

// formOf is either of the two, made of those of the children.
func (n *TreeProcess) formOf(form func(*TreeProcess) string) string {
	var b strings.Builder
	b.WriteString(show.Q(string(n.Program)))
	if n.Fork && len(n.children) == 0 {
		b.WriteString(" fork")
	}
	var last *TreeProcess
	repeated := 0
	flush := func() { b.WriteString(form(last) + times(repeated)) }
	for i, c := range n.children {
		if i == 0 {
			b.WriteString(" (")
		} else if c.kind == last.kind {
			repeated++
			continue
		} else {
			flush()
			b.WriteString(", ")
		}
		last, repeated = c, 1
	}
	if len(n.children) > 0 {
		flush()
		b.WriteString(")")
	}
	if n.Hidden > 0 {
		b.WriteString(" +")
	}
	return b.String()
}

// size is how many processes there are in and below one of the tree.
func (n *TreeProcess) size() int {
	size := 1 + n.Hidden
	for _, c := range n.children {
		size += c.size()
	}
	return size
}

// Status is 1 if there is nothing to show.
func (a *TreeAnswer) Status() int {
	if len(a.Processes) == 0 {
		return 1
	}
	return 0
}
