package ask

import (
	"cmp"
	"slices"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// DiffAnswer is how two recordings differ.
type DiffAnswer struct {
	A DiffSide `json:"a"`
	B DiffSide `json:"b"`
	// First is the earliest difference; nil if there is none.
	First *Difference `json:"first,omitempty"`
	// Environment has each variable once, at the first program for which it differs.
	Environment []*Difference `json:"environment"`
	// Changed are commands that are in both with other arguments, OnlyA and OnlyB those that are in one.
	Changed []*Difference `json:"changed"`
	OnlyA   []*Difference `json:"only_a"`
	OnlyB   []*Difference `json:"only_b"`
	// Ends are commands that ended differently.
	Ends []*Difference `json:"ends"`
	// Results are paths with which the same command had another result.
	Results []*Difference `json:"results"`
	// Files were read or written in one only.
	Files []*Difference `json:"files"`
	// Same is how many processes are in both.
	Same  int      `json:"same"`
	Notes []string `json:"notes,omitempty"`
	all   bool
}

// DiffSide is one of the recordings.
type DiffSide struct {
	Name      show.Bytes `json:"name"`
	Time      string     `json:"time"`
	Dir       show.Bytes `json:"dir"`
	Processes int        `json:"processes"`
	Kernel    string     `json:"kernel,omitempty"`
	Host      show.Bytes `json:"host,omitempty"`
	command   string
	worldly   []string
}

// Difference is one.
type Difference struct {
	// Kind is "environment", "changed", "program", "only A", "only B", "end", "result", "read" or "write".
	Kind string     `json:"kind"`
	What show.Bytes `json:"what,omitempty"` // the variable or path
	A    *DiffPart  `json:"a,omitempty"`
	B    *DiffPart  `json:"b,omitempty"`
	// Gone and New are the words of a changed command that only A or only B has.
	Gone []show.Bytes `json:"gone,omitempty"`
	New  []show.Bytes `json:"new,omitempty"`
	// More counts the same with other processes, or for a command how many are below it.
	More int   `json:"more,omitempty"`
	when int64 // in the time of A, as far as B's can be told in it
}

// DiffPart is what it is in one recording.
type DiffPart struct {
	At    int64      `json:"at"`
	Value show.Bytes `json:"value,omitempty"`
	Unset bool       `json:"unset,omitempty"`
	By    *Actor     `json:"by,omitempty"`
}

// Diff compares two recordings. The names are for people. With all, variables of the session and files of caches
// count too, and the text has every difference.
func Diff(a, b *trail.Trail, nameA, nameB string, all bool) *DiffAnswer {
	d := &differ{sides: [2]*trail.Trail{a, b}, aligner: align(a, b), seen: make(map[string]*Difference)}
	d.all = all
	d.caches = [2]caches{cachesOf(a), cachesOf(b)}
	d.A, d.B = side(a, nameA), side(b, nameB)
	d.programs()
	d.lonely()
	d.ends()
	d.results()
	d.files()
	d.finish()
	return &d.DiffAnswer
}

func side(t *trail.Trail, name string) DiffSide {
	s := DiffSide{Name: show.Bytes(name), Time: t.Head.Time.Format("2006-01-02 15:04:05 -0700"), Kernel: t.Head.Kernel,
		Dir: show.Bytes(t.Head.Dir), Processes: len(t.Procs), Host: show.Bytes(t.Head.Host)}
	if root := t.Root(); root != nil && len(root.Execs) > 0 {
		s.command = root.Execs[0].CommandLine()
	}
	s.worldly = worldly(t)
	return s
}

// Status is that of diff(1): 1 if they differ.
func (a *DiffAnswer) Status() int {
	if a.First != nil {
		return 1
	}
	return 0
}

// differ compares.
type differ struct {
	DiffAnswer
	*aligner
	sides  [2]*trail.Trail
	caches [2]caches
	seen   map[string]*Difference
	execs  map[*trail.Exec]*trail.Exec // the program in B that is one of A
	vars   map[*trail.Exec][]string    // the variables that differ for a program of A
}

// lists are all differences.
func (d *differ) lists() []*[]*Difference {
	return []*[]*Difference{&d.Environment, &d.Changed, &d.OnlyA, &d.OnlyB, &d.Ends, &d.Results, &d.Files}
}

// finish sorts, and finds the first.
func (d *differ) finish() {
	for _, list := range d.lists() {
		slices.SortStableFunc(*list, func(x, y *Difference) int { return cmp.Compare(x.when, y.when) })
		if len(*list) > 0 && (d.First == nil || (*list)[0].when < d.First.when) {
			d.First = (*list)[0]
		}
	}
	for _, p := range d.pair[0] {
		if p != nil {
			d.Same++
		}
	}
	for i, t := range d.sides {
		if t.Cut != nil {
			d.Notes = append(d.Notes, string(rune('A'+i))+" is incomplete: "+t.Cut.Error())
		}
	}
	d.Notes = append(d.Notes,
		"a recording has no contents: files that differ only in what is in them are known by what followed")
}

// note adds a difference that is told once for each key, and counts the others.
func (d *differ) note(list *[]*Difference, key string, n *Difference) {
	key = n.Kind + "\x00" + key
	if old := d.seen[key]; old != nil {
		old.More++
		if n.when < old.when {
			n.More, *old = old.More, *n
			old.More = n.More
		}
		return
	}
	d.seen[key] = n
	*list = append(*list, n)
}

// inA is a time of B in the time of A: as long after the birth of the nearest ancestor that is in both.
func (d *differ) inA(p *trail.Proc, at int64) int64 {
	for q := p; q != nil; q = q.Parent {
		if same := d.pair[1][q.ID-1]; same != nil {
			return d.after(q, same, at)
		}
	}
	return at
}

// after is a time of B in the time of A, next to what both had done by then: births of children in both.
func (d *differ) after(p, same *trail.Proc, at int64) int64 {
	from, to := p.Born, same.Born
	for _, c := range p.Children {
		if c.Born > at {
			break
		}
		if other := d.pair[1][c.ID-1]; other != nil && other.Born >= to {
			from, to = c.Born, other.Born
		}
	}
	for _, x := range p.Execs {
		if other := d.execOfB(x); other != nil && x.At <= at && other.At >= to {
			from, to = x.At, other.At
		}
	}
	return to + max(at-from, 0)
}

func (d *differ) execOfB(x *trail.Exec) *trail.Exec {
	same := d.pair[1][x.Proc.ID-1]
	if same == nil {
		return nil
	}
	for i, y := range x.Proc.Execs {
		if y == x && i < len(same.Execs) {
			return same.Execs[i]
		}
	}
	return nil
}
