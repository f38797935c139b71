package policy

import "slices"

// globIndex has the children of a node whose component has wildcards. They are found by their literal beginning or end, so
// that a thousand of `*.suffix` cost what one does.
type globIndex struct {
	prefixes, suffixes []affix
	rest               []globEdge // wildcards at both ends
	// first and last are the bytes that a component must begin or end with for prefixes and suffixes to be looked at.
	first, last byteSet
}

// affix has the globs that begin (or end) with some n bytes, by those bytes.
type affix struct {
	n     int
	edges map[string]*[]globEdge
}

type globEdge struct {
	glob *glob
	key  string
	to   *node
}

func (x *globIndex) empty() bool { return x.prefixes == nil && x.suffixes == nil && x.rest == nil }

// all returns every edge.
func (x *globIndex) all() []globEdge {
	list := slices.Clone(x.rest)
	for _, affixes := range [][]affix{x.prefixes, x.suffixes} {
		for i := range affixes {
			for _, edges := range affixes[i].edges {
				list = append(list, *edges...)
			}
		}
	}
	return list
}

// child returns the node that g leads to from parent, and makes it if need be.
func (x *globIndex) child(g *glob, parent *node) *node {
	list := &x.rest
	switch {
	case g.prefix == "" && g.suffix == "":
	case len(g.prefix) > len(g.suffix):
		list = bucket(&x.prefixes, g.prefix)
		x.first.add(g.prefix[0])
	default:
		list = bucket(&x.suffixes, g.suffix)
		x.last.add(g.suffix[len(g.suffix)-1])
	}
	key := g.key()
	for _, e := range *list {
		if e.key == key {
			return e.to
		}
	}
	// A wildcard component with a literal in it is not exact; one without adds nothing to what came before.
	to := &node{exact: parent.exact && !g.literals}
	*list = append(*list, globEdge{g, key, to})
	return to
}

// near calls f with the edges whose glob may match a component that is not empty, and misses none that does.
func (x *globIndex) near(part []byte, f func([]globEdge)) {
	if x.last.has(part[len(part)-1]) {
		for i := range x.suffixes {
			if a := &x.suffixes[i]; a.n <= len(part) {
				if edges := a.edges[string(part[len(part)-a.n:])]; edges != nil {
					f(*edges)
				}
			}
		}
	}
	if x.first.has(part[0]) {
		for i := range x.prefixes {
			if a := &x.prefixes[i]; a.n <= len(part) {
				if edges := a.edges[string(part[:a.n])]; edges != nil {
					f(*edges)
				}
			}
		}
	}
	f(x.rest)
}

// bucket returns the list of edges for text, a literal beginning or end.
func bucket(affixes *[]affix, text string) *[]globEdge {
	i := slices.IndexFunc(*affixes, func(a affix) bool { return a.n == len(text) })
	if i < 0 {
		i = len(*affixes)
		*affixes = append(*affixes, affix{len(text), make(map[string]*[]globEdge)})
	}
	edges := (*affixes)[i].edges
	if edges[text] == nil {
		edges[text] = new([]globEdge)
	}
	return edges[text]
}
