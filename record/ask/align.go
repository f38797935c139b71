package ask

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"sydbox/record/trail"
)

// aligner finds which process of one recording is which of another: by what it ran and where, below parents that are
// the same. The order among children does not matter.
type aligner struct {
	alike [2]*alike
	ids   map[string]int // of texts
	keys  [2][]int       // of each process: what it ran
	trees [2][]int       // of each process: what it ran, and all below it
	pair  [2][]*trail.Proc
	alone [2][]*trail.Proc // without a partner, but their parent has one
}

// align compares two recordings.
func align(a, b *trail.Trail) *aligner {
	x, y := newAlikes(a, b)
	l := &aligner{alike: [2]*alike{x, y}, ids: make(map[string]int)}
	for side, t := range [2]*trail.Trail{a, b} {
		l.number(side, t)
		l.pair[side] = make([]*trail.Proc, len(t.Procs))
	}
	l.match(roots(a), roots(b))
	return l
}

// roots are the processes without a parent.
func roots(t *trail.Trail) (list []*trail.Proc) {
	for _, p := range t.Procs {
		if p.Parent == nil {
			list = append(list, p)
		}
	}
	return list
}

func (l *aligner) id(text string) int {
	n, ok := l.ids[text]
	if !ok {
		n = len(l.ids) + 1
		l.ids[text] = n
	}
	return n
}

// number gives equal numbers to processes that did the same.
func (l *aligner) number(side int, t *trail.Trail) {
	l.keys[side], l.trees[side] = make([]int, len(t.Procs)), make([]int, len(t.Procs))
	for i, p := range t.Procs {
		var b strings.Builder
		for _, x := range p.Execs {
			b.WriteString(l.command(side, x))
			b.WriteString("\x00\x00")
		}
		l.keys[side][i] = l.id(b.String())
	}
	for i := len(t.Procs) - 1; i >= 0; i-- { // children were born later
		p := t.Procs[i]
		below := make([]int, len(p.Children))
		for j, c := range p.Children {
			below[j] = l.trees[side][c.ID-1]
		}
		slices.Sort(below)
		text := []byte("tree " + strconv.Itoa(l.keys[side][i]))
		for _, n := range below {
			text = strconv.AppendInt(append(text, ' '), int64(n), 10)
		}
		l.trees[side][i] = l.id(string(text))
	}
}

// command is what a program is known by.
func (l *aligner) command(side int, x *trail.Exec) string {
	words := make([]string, len(x.Argv), len(x.Argv)+1)
	for i, w := range x.Argv {
		words[i] = l.alike[side].text(w)
	}
	return strings.Join(append(words, l.alike[side].text(x.Dir)), "\x00")
}

// match pairs two lists of children, and all below.
func (l *aligner) match(as, bs []*trail.Proc) {
	rest := [2][]*trail.Proc{as, bs}
	for _, by := range [][2][]int{l.trees, l.keys} {
		rest[0], rest[1] = l.equal(rest[0], rest[1], by)
	}
	rest[0], rest[1] = l.similar(rest[0], rest[1])
	for side := range rest {
		l.alone[side] = append(l.alone[side], rest[side]...)
	}
	for _, p := range as {
		if q := l.pair[0][p.ID-1]; q != nil {
			l.match(p.Children, q.Children)
		}
	}
}

// equal pairs those with the same number, in order, and returns the others.
func (l *aligner) equal(as, bs []*trail.Proc, by [2][]int) (restA, restB []*trail.Proc) {
	waiting := make(map[int][]*trail.Proc)
	for _, q := range bs {
		n := by[1][q.ID-1]
		waiting[n] = append(waiting[n], q)
	}
	for _, p := range as {
		n := by[0][p.ID-1]
		if list := waiting[n]; len(list) > 0 {
			l.join(p, list[0])
			waiting[n] = list[1:]
		} else {
			restA = append(restA, p)
		}
	}
	for _, q := range bs {
		if l.pair[1][q.ID-1] == nil {
			restB = append(restB, q)
		}
	}
	return restA, restB
}

func (l *aligner) join(p, q *trail.Proc) { l.pair[0][p.ID-1], l.pair[1][q.ID-1] = q, p }

// similarEnough is how much of two commands must be the same for one to be a changed form of the other, in percent.
const similarEnough = 50

// window is how far apart two commands may be in long lists of children.
const window = 50

// similar pairs what ran the same program with other arguments, the most similar first, and returns the others.
// What was started itself is always the same.
func (l *aligner) similar(as, bs []*trail.Proc) (restA, restB []*trail.Proc) {
	if len(as) == 1 && len(bs) == 1 && as[0].Parent == nil {
		l.join(as[0], bs[0])
		return nil, nil
	}
	type candidate struct {
		p, q  *trail.Proc
		score int
	}
	var all []candidate
	words := make(map[*trail.Proc][]string)
	seen := make(map[string]int)
	byName := make(map[string][]*trail.Proc)
	for _, q := range bs {
		if !isFork(q) {
			byName[q.Execs[0].Name()] = append(byName[q.Execs[0].Name()], q)
			words[q] = l.words(1, q)
		}
	}
	for _, p := range as {
		if isFork(p) {
			continue
		}
		mine := l.words(0, p)
		near := byName[p.Execs[0].Name()]
		at := seen[p.Execs[0].Name()]
		seen[p.Execs[0].Name()]++
		if len(near) > 2*window { // in so long a list only those at about the same place
			near = near[max(0, min(at-window, len(near)-2*window)):min(len(near), max(at, window)+window)]
		}
		for _, q := range near {
			if score := common(mine, words[q]); score >= similarEnough {
				all = append(all, candidate{p, q, score})
			}
		}
	}
	slices.SortStableFunc(all, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(x.p.ID, y.p.ID), cmp.Compare(x.q.ID, y.q.ID))
	})
	for _, c := range all {
		if l.pair[0][c.p.ID-1] == nil && l.pair[1][c.q.ID-1] == nil {
			l.join(c.p, c.q)
		}
	}
	free := func(side int, list []*trail.Proc) (rest []*trail.Proc) {
		for _, p := range list {
			if l.pair[side][p.ID-1] == nil {
				rest = append(rest, p)
			}
		}
		return rest
	}
	return free(0, as), free(1, bs)
}

// words are those of a process's first program, sorted; a script in an argument is many words.
func (l *aligner) words(side int, p *trail.Proc) (list []string) {
	for _, w := range p.Execs[0].Argv {
		list = append(list, strings.Fields(l.alike[side].text(w))...)
	}
	list = append(list, "\x00"+l.alike[side].text(p.Execs[0].Dir))
	slices.Sort(list)
	return list
}

// common is how much of two sorted lists is the same, in percent.
func common(a, b []string) int {
	n, all := 0, len(a)+len(b)
	for len(a) > 0 && len(b) > 0 {
		switch c := strings.Compare(a[0], b[0]); {
		case c == 0:
			n, a, b = n+2, a[1:], b[1:]
		case c < 0:
			a = a[1:]
		default:
			b = b[1:]
		}
	}
	return n * 100 / max(all, 1)
}
