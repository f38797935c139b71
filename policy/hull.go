package policy

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"sydbox/access"
)

// Outlined are the operations that a Hull speaks about.
const Outlined = access.Write | access.Create | access.Delete

// Hull is the outline of the rules for changing files: the directories outside of which nothing can be allowed. It is
// what a wall that cannot say more (Landlock) is built from, so it is never stricter than the policy: for whatever
// Decide lets happen, Everywhere has the operation, or a Place with it is the path or above it. Of a rule it keeps what
// comes before the first wildcard; of denials below what is allowed it knows nothing.
type Hull struct {
	// Everywhere are the operations that have no outline, because a default, or a pattern that starts with a wildcard,
	// may allow them at any path.
	Everywhere access.Op
	// Places are where the others may be allowed, sorted by path; none lies within another that has the same
	// operations.
	Places []Place
	// Stdio are the operations that $STDIO may allow, on files that were open at the start.
	Stdio access.Op
}

// Place is a directory, or a file, with the operations that rules may allow there.
type Place struct {
	// Path is absolute and clean. It need not exist, and may have symbolic links in it: the spelling with those
	// resolved is another Place.
	Path string
	// Ops are the operations that may be allowed somewhere at or below Path, as far as they are not Everywhere.
	Ops access.Op
	// Alone: rules name only the path itself, and nothing below it (a pattern that ends in `/.`).
	Alone bool
	// Tree: it is /proc, for the sake of $TREE.
	Tree bool
}

// manyPlaces bounds what a wall is built from: each place is a file to open, at every start.
const manyPlaces = 256

// Hull returns the outline of the policy. Where rules name very many places it has the directories that they are in.
func (p *Policy) Hull() Hull {
	var h Hull
	for op := range Outlined.Ops() {
		if p.defaults[SectionOf(op)].Action < Mute {
			h.Everywhere |= op
		}
	}
	h.Stdio = p.gives(p.stdio)
	found := make(map[Place]access.Op)
	p.outline(p.root, "", found)
	for h.take(found); len(h.Places) > manyPlaces; h.take(found) {
		found = coarser(h.Places)
	}
	h.Stdio &^= h.Everywhere
	return h
}

// take makes what was found its places.
func (h *Hull) take(found map[Place]access.Op) {
	for place, ops := range found {
		if place.Path == "/" && !place.Alone {
			h.Everywhere |= ops
		}
	}
	h.Places = h.Places[:0]
	for place, ops := range found {
		if place.Ops = ops &^ h.Everywhere; place.Ops != 0 {
			h.Places = append(h.Places, place)
		}
	}
	h.Places = outermost(h.Places)
}

// coarser replaces the places that lie deepest by the directories that they are in.
func coarser(places []Place) map[Place]access.Op {
	deepest := 0
	for i := range places {
		deepest = max(deepest, strings.Count(places[i].Path, "/"))
	}
	found := make(map[Place]access.Op)
	for _, place := range places {
		ops := place.Ops
		place.Ops = 0
		if strings.Count(place.Path, "/") == deepest && !place.Tree && place.Path != "/" {
			place = Place{Path: path.Dir(place.Path)}
		}
		found[place] |= ops
	}
	return found
}

// outline collects the places of the patterns that go on from a node to which only literal components lead.
func (p *Policy) outline(n *node, name string, found map[Place]access.Op) {
	here := name
	if here == "" {
		here = "/"
	}
	if ops := p.gives(n.end); ops != 0 {
		found[Place{Path: here}] |= ops
	}
	if ops := p.gives(n.self); ops != 0 {
		found[Place{Path: here, Alone: true}] |= ops
	}
	for text, next := range n.literal {
		p.outline(next, name+"/"+text, found)
	}
	if n.tree != nil {
		if ops := p.givesBelow(n.tree); ops != 0 {
			found[Place{Path: here, Tree: true}] |= ops
		}
	}
	var wild access.Op
	for _, edge := range n.globs.all() {
		wild |= p.givesBelow(edge.to)
	}
	wild |= p.givesBelow(n.star) | p.givesBelow(n.deep)
	if wild != 0 {
		found[Place{Path: here}] |= wild
	}
}

// givesBelow returns the operations that rules whose pattern ends at n or goes on from it may allow.
func (p *Policy) givesBelow(n *node) access.Op {
	if n == nil {
		return 0
	}
	ops := p.gives(n.end) | p.gives(n.self)
	for _, next := range n.children() {
		ops |= p.givesBelow(next)
	}
	return ops
}

// gives returns the operations that the rules of a terminal may allow. They match equally well, so those that are not
// the best of them for an operation never decide about it.
func (p *Policy) gives(t *terminal) (ops access.Op) {
	if t == nil {
		return 0
	}
	for op := range Outlined.Ops() {
		if rank := t.best[0][SectionOf(op)]; rank != none && p.rules[rank].Action < Mute {
			ops |= op
		}
	}
	return ops
}

// outermost sorts places by path and drops those that add nothing to one above.
func outermost(places []Place) []Place {
	slices.SortFunc(places, func(a, b Place) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.rank(), b.rank()))
	})
	kept := places[:0]
	for _, place := range places {
		covers := func(above Place) bool { return above.holds(place.Path) && place.Ops&^above.Ops == 0 }
		if !slices.ContainsFunc(kept, covers) {
			kept = append(kept, place)
		}
	}
	return kept
}

// rank puts the wider of two places with the same path first.
func (p *Place) rank() int {
	switch {
	case p.Alone:
		return 2
	case p.Tree:
		return 1
	}
	return 0
}

// holds says whether a path is a part of the place.
func (p *Place) holds(name string) bool {
	below, ok := strings.CutPrefix(name, strings.TrimSuffix(p.Path, "/"))
	return ok && (below == "" || name == p.Path || below[0] == '/' && !p.Alone)
}
