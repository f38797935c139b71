package policy

import "bytes"

// state is a node that the walk has reached, with the deepest position at which a component with a literal character
// was matched on the way.
type state struct {
	node  *node
	depth int32
}

// deepState is a `**` node. It stays for the rest of the walk; depth is for the component at hand, next for the one after.
type deepState struct {
	node        *node
	depth, next int32
}

// inline is how many states of each sort a walk holds without the heap. A tree has one state for each pattern
// that fits the path so far, so only policies full of overlapping wildcards need more.
const inline = 32

// list is a slice whose first elements need no heap. (A slice of an array in the same struct would move the whole
// struct to the heap.)
type list[T any] struct {
	n     int
	first [inline]T
	more  []T
}

func (l *list[T]) clear() { l.n, l.more = 0, l.more[:0] }

func (l *list[T]) push(x T) {
	if l.n < inline {
		l.first[l.n] = x
	} else {
		l.more = append(l.more, x)
	}
	l.n++
}

func (l *list[T]) at(i int) *T {
	if i < inline {
		return &l.first[i]
	}
	return &l.more[i-inline]
}

// matcher finds the best rule for one query. It lives on the stack.
type matcher struct {
	section Section // of the operation
	names   int     // 1 while further names of the object are walked
	member  bool
	bare    bool // names of programs are walked, not paths
	whole   bool // the component at hand is the last one

	rank int32 // of the best rule so far
	key  uint64
	all  *[]match   // for Explain: collects every rule that matches
	exec *[]execHit // for an exec: collects the places that have rules for it, and nothing else

	states [2]list[state] // behind the component before, and behind the present one
	later  int            // which of the two is the latter
	deep   list[deepState]
}

// match is one rule that matches and how well; of two, the higher key is better, then the lower rank.
type match struct {
	rank  int32
	key   uint64
	names bool // by a further name of the object
}

// keyOf orders matches: the deeper, then the path before the bare name, then the one without a wildcard.
func keyOf(depth int32, path, exact bool) uint64 {
	key := uint64(depth) << 2
	if path {
		key |= 2
	}
	if exact {
		key |= 1
	}
	return key
}

func keyDepth(key uint64) int  { return int(key >> 2) }
func keyExact(key uint64) bool { return key&1 != 0 }

// offer weighs the rules of a terminal.
func (m *matcher) offer(t *terminal, key uint64) {
	if m.exec != nil {
		if len(t.exec) > 0 {
			*m.exec = append(*m.exec, execHit{t, int32(keyDepth(key)), keyExact(key), m.whole})
		}
		return
	}
	rank := t.best[m.names][m.section]
	if rank == none {
		return
	}
	if m.rank == none || key > m.key || key == m.key && rank < m.rank {
		m.rank, m.key = rank, key
	}
	if m.all != nil {
		for _, r := range t.rules {
			*m.all = append(*m.all, match{r, key, m.names != 0})
		}
	}
}

// walk offers every rule below root that matches path or a directory above it.
func (m *matcher) walk(root *node, path []byte) {
	m.deep.clear()
	m.states[m.later].clear()
	m.whole = len(path) == 0 || string(path) == "/"
	m.reach(root, 0)
	for pos := int32(1); ; pos++ {
		now := &m.states[m.later]
		m.later = 1 - m.later
		m.states[m.later].clear()
		var part []byte
		if part, path = nextComponent(path); len(part) == 0 || now.n+m.deep.n == 0 {
			return
		}
		m.whole = len(path) == 0
		for i := range m.deep.n {
			d := m.deep.at(i)
			d.depth = d.next
		}
		deep := m.deep.n // those that are met on this component start with the next one
		for i := range deep {
			d := m.deep.at(i)
			m.step(d.node, d.depth, part, pos)
		}
		for i := range now.n {
			s := now.at(i)
			m.step(s.node, s.depth, part, pos)
		}
	}
}

// name offers the rules of a tree of bare names; depth is what a match of a literal character counts for.
func (m *matcher) name(root *node, base []byte, depth int32) {
	if len(base) == 0 {
		return // the root
	}
	m.bare = true
	m.step(root, 0, base, depth)
	m.bare = false
}

// live returns the nodes from which patterns go on below path.
func (m *matcher) live(root *node, path []byte) []*node {
	m.walk(root, path)
	now := &m.states[1-m.later]
	nodes := make([]*node, 0, now.n+m.deep.n)
	for i := range now.n {
		nodes = append(nodes, now.at(i).node)
	}
	for i := range m.deep.n {
		nodes = append(nodes, m.deep.at(i).node)
	}
	return nodes
}

// nextComponent takes the first component off a path; both are empty at its end.
func nextComponent(path []byte) (part, rest []byte) {
	for len(path) > 0 && (path[0] == '/' || path[0] == '.' && (len(path) == 1 || path[1] == '/')) {
		path = path[1:]
	}
	if n := bytes.IndexByte(path, '/'); n >= 0 {
		return path[:n], path[n:]
	}
	return path, nil
}

// step goes on from n over the component at pos.
func (m *matcher) step(n *node, depth int32, part []byte, pos int32) {
	if next := n.literal[string(part)]; next != nil {
		m.reach(next, pos)
	}
	if n.tree != nil && m.member {
		m.reach(n.tree, pos)
	}
	if n.star != nil {
		m.reach(n.star, depth)
	}
	if !n.globs.empty() {
		m.wild(&n.globs, depth, part, pos)
	}
}

// wild goes on over the children whose component has wildcards.
func (m *matcher) wild(x *globIndex, depth int32, part []byte, pos int32) {
	x.near(part, func(edges []globEdge) { m.globs(edges, depth, part, pos) })
}

func (m *matcher) globs(edges []globEdge, depth int32, part []byte, pos int32) {
	for i := range edges {
		e := &edges[i]
		if !e.glob.match(part) {
			continue
		}
		if e.glob.literals {
			m.reach(e.to, pos)
		} else {
			m.reach(e.to, depth)
		}
	}
}

// reach notes that n is a state behind the present component.
func (m *matcher) reach(n *node, depth int32) {
	if n.end != nil {
		m.offer(n.end, keyOf(depth, !m.bare, n.exact))
	}
	if n.self != nil && m.whole {
		m.offer(n.self, keyOf(depth, !m.bare, n.exact))
	}
	if n.deep != nil {
		m.reachDeep(n.deep, depth)
	}
	if !n.leaf() {
		m.states[m.later].push(state{n, depth})
	}
}

// reachDeep notes a `**` node, once: of two ways to it the one that matched deeper is kept, for all that follows is
// the same.
func (m *matcher) reachDeep(n *node, depth int32) {
	for i := range m.deep.n {
		if d := m.deep.at(i); d.node == n {
			d.next = max(d.next, depth)
			return
		}
	}
	m.deep.push(deepState{node: n, next: depth})
}

// countComponents is the position of the last component of a path.
func countComponents(path []byte) int32 {
	n := int32(0)
	for {
		var part []byte
		if part, path = nextComponent(path); len(part) == 0 {
			return n
		}
		n++
	}
}

// baseName is the last component of a path.
func baseName(path []byte) []byte {
	path = bytes.TrimRight(path, "/")
	return path[bytes.LastIndexByte(path, '/')+1:]
}

// plainPath says that a name can be walked as it is: it is absolute and goes nowhere back.
func plainPath(name []byte) bool {
	if len(name) == 0 || name[0] != '/' {
		return false
	}
	for {
		var part []byte
		if part, name = nextComponent(name); len(part) == 0 {
			return true
		}
		if string(part) == ".." {
			return false
		}
	}
}
