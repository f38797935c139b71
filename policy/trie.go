package policy

import "slices"

// node is a state of the matcher: what a prefix of some patterns has matched. The nodes of all patterns form one tree, so a
// path is walked once however many rules there are.
type node struct {
	literal map[string]*node
	globs   globIndex
	star    *node // any one component
	deep    *node // any number of components: stays a state for the rest of the walk
	tree    *node // the PID of a process of the tree

	// exact says that the last component of the pattern that holds a literal character has no wildcard.
	exact bool
	end   *terminal // nil if no pattern ends here
	self  *terminal // the same for patterns that match nothing below
}

// terminal has the rules whose pattern ends at a node. They match equally deep, so only their rank decides among them.
type terminal struct {
	// best has the lowest rank of the rules that each section's operation is judged by; first of all of them, then
	// of those that also see an object's further names.
	best  [2][sections]int32
	rules []int32 // ranks
	exec  []int32 // those of [exec], with those that have further words
}

// none is the rank of no rule.
const none = int32(-1)

// child returns the node that c leads to, and makes it if need be.
func (n *node) child(c *component) *node {
	switch c.kind {
	case compStar:
		return n.plain(&n.star)
	case compDeep:
		return n.plain(&n.deep)
	case compGlob:
		return n.globs.child(c.glob, n)
	case compTree:
		if n.tree == nil {
			n.tree = &node{exact: true}
		}
		return n.tree
	}
	if n.literal == nil {
		n.literal = make(map[string]*node)
	}
	next := n.literal[c.text]
	if next == nil {
		next = &node{exact: true}
		n.literal[c.text] = next
	}
	return next
}

// children returns the nodes one component further.
func (n *node) children() []*node {
	var list []*node
	for _, next := range n.literal {
		list = append(list, next)
	}
	for _, edge := range n.globs.all() {
		list = append(list, edge.to)
	}
	for _, next := range []*node{n.star, n.deep, n.tree} {
		if next != nil {
			list = append(list, next)
		}
	}
	return list
}

// nameless appends n and what components without a literal character lead to from it.
func (n *node) nameless(nodes []*node) []*node {
	if n == nil || slices.Contains(nodes, n) {
		return nodes
	}
	nodes = n.deep.nameless(n.star.nameless(append(nodes, n)))
	for _, edge := range n.globs.rest {
		if !edge.glob.literals {
			nodes = edge.to.nameless(nodes)
		}
	}
	return nodes
}

// plain fills a slot for a component without a literal character.
func (n *node) plain(slot **node) *node {
	if *slot == nil {
		*slot = &node{exact: n.exact}
	}
	return *slot
}

// leaf says that no pattern goes on below n.
func (n *node) leaf() bool {
	return n.literal == nil && n.star == nil && n.deep == nil && n.tree == nil && n.globs.empty()
}

// insert adds a rule below n. self says that it matches nothing deeper than comps.
func (n *node) insert(comps []component, self bool, rank int32, rule *rule) {
	n.terminal(comps, self).add(rank, rule)
}

// terminal returns the terminal of a pattern below n.
func (n *node) terminal(comps []component, self bool) *terminal {
	for i := range comps {
		n = n.child(&comps[i])
	}
	t := &n.end
	if self {
		t = &n.self
	}
	if *t == nil {
		*t = newTerminal()
	}
	return *t
}

func newTerminal() *terminal {
	t := &terminal{}
	for i := range t.best {
		for s := range t.best[i] {
			t.best[i][s] = none
		}
	}
	return t
}

func (t *terminal) add(rank int32, rule *rule) {
	if len(t.rules) > 0 && t.rules[len(t.rules)-1] == rank {
		return // its pattern and the resolved spelling are the same
	}
	t.rules = append(t.rules, rank)
	if rule.Section == ExecSection {
		t.addExec(rank)
	}
	if !rule.plain() {
		return // it judges what is executed with which words, not a path
	}
	for s := range sections {
		if !rule.Section.judges(Section(s)) {
			continue
		}
		t.offer(&t.best[0][s], rank)
		if rule.seesNames() {
			t.offer(&t.best[1][s], rank)
		}
	}
}

// addExec adds a rule that only an exec is asked about.
func (t *terminal) addExec(rank int32) {
	if n := len(t.exec); n == 0 || t.exec[n-1] != rank {
		t.exec = append(t.exec, rank)
	}
}

func (t *terminal) offer(best *int32, rank int32) {
	if *best == none || rank < *best {
		*best = rank
	}
}

// seesNames says that the rule matches an object by any of its names. A rule that gives a right only matches by the
// name of what is really used.
func (r *Rule) seesNames() bool { return r.Action >= Mute }
