package ask

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"sydbox/access"
	"sydbox/sandbox/report"
)

// grant is a rule that allows some demands: one for each path at first, fewer when what belongs together is gathered.
type grant struct {
	section, action string
	// parts are the components of a pattern; nil if rule is one of another sort.
	parts []string
	rule  string
	// whole: all that is below is meant, too. Otherwise a directory is only itself.
	whole bool
	dir   bool
	ops   access.Op
	moved bool
	needs []*demand
}

// gatherer makes grants for demands on paths.
type gatherer struct {
	pids map[int]bool
	home string
	pwd  string
	// made are the directories that the recorded processes made themselves, new all names that they made.
	made, new map[string]bool
	// roots are what patterns begin with, the longest value first.
	roots []root
}

// root is a directory that has a name in patterns.
type root struct {
	dir, name string
	// temporary: it is for temporary files; set: the recorded command was told so.
	temporary, set bool
}

// enough is how many names in one place are taken for any name in that place.
const enough = 4

// gather makes the fewest sensible grants.
func (g *gatherer) gather(list []*demand, action string) []*grant {
	byKey := make(map[string]*grant)
	var grants []*grant
	for _, n := range list {
		at, whole := g.top(n.path)
		x := &grant{parts: g.parts(at, n.exclusive && at == n.path), whole: whole, dir: n.kind == "dir" && at == n.path}
		switch {
		case n.member:
			_, rest, _ := strings.Cut(strings.TrimPrefix(n.path, "/proc/"), "/")
			x.parts = []string{"$TREE"}
			for _, name := range strings.Split(rest, "/") {
				x.parts = append(x.parts, general(name, g.pids, false)) // threads have numbers, too
			}
		case n.stdio:
			x.parts = []string{"$STDIO"}
		}
		key := strings.Join(x.parts, "/")
		if known := byKey[key]; known != nil {
			x = known
		} else {
			byKey[key] = x
			grants = append(grants, x)
		}
		x.take(n)
	}
	grants = fold(grants)
	if action == "allow" {
		grants = g.intoDirectories(grants)
	}
	for _, x := range grants {
		x.section, x.action = x.chooseSection(), action
	}
	slices.SortStableFunc(grants, func(a, b *grant) int { return cmp.Compare(a.pattern(), b.pattern()) })
	return grants
}

func (x *grant) take(n *demand) {
	x.ops |= n.op
	x.moved = x.moved || n.moved
	x.dir = x.dir || n.kind == "dir"
	x.needs = append(x.needs, n)
}

// merge takes over what another grant was for.
func (x *grant) merge(o *grant) {
	x.ops |= o.ops
	x.moved = x.moved || o.moved
	x.dir, x.whole = x.dir || o.dir, x.whole || o.whole
	x.needs = append(x.needs, o.needs...)
}

// top is the topmost directory above a path, or the path itself, that the recorded processes made: what lies in it is
// theirs, whatever its name.
func (g *gatherer) top(p string) (at string, whole bool) {
	at = p
	for dir := p; dir != "/" && dir != "."; dir = path.Dir(dir) {
		if g.made[dir] && !report.Broad(dir, g.home) {
			at, whole = dir, true
		}
	}
	return at, whole
}

// parts are the components of the pattern for a path.
func (g *gatherer) parts(p string, exclusive bool) []string {
	for _, r := range g.roots {
		if p == r.dir && !r.temporary {
			return []string{r.name}
		}
		rest, ok := strings.CutPrefix(p, r.dir+"/")
		if !ok {
			continue
		}
		names := g.components(r.dir, rest, exclusive)
		if first, _, _ := strings.Cut(rest, "/"); r.temporary && !r.set && names[0] == literalPattern(first) {
			break // a name that somebody typed: with another TMPDIR it would be here still
		}
		return append([]string{r.name}, names...)
	}
	return append([]string{""}, g.components("", p[1:], exclusive)...)
}

// components are the patterns of what a path has below a directory. What was there before the recording is called the
// same the next time; only what the processes made may be called something else.
func (g *gatherer) components(dir, rest string, exclusive bool) []string {
	names := strings.Split(rest, "/")
	for i, name := range names {
		above := dir
		if dir += "/" + name; !g.new[dir] {
			names[i] = literalPattern(name)
			continue
		}
		made := exclusive && i == len(names)-1
		if !made && slices.ContainsFunc(g.roots, func(r root) bool { return r.temporary && r.dir == above }) {
			made = chance(name) // most names there are made up by who makes them, directories too
		}
		names[i] = general(name, g.pids, made)
	}
	return names
}

// pattern is the rule's text.
func (x *grant) pattern() string {
	switch {
	case x.rule != "":
		return x.rule
	case len(x.parts) == 1 && x.parts[0] == "":
		return "/"
	}
	text := strings.Join(x.parts, "/")
	if x.dir && !x.whole && !strings.HasPrefix(text, "$STDIO") {
		text += "/." // itself, and nothing in it
	}
	return text
}

// chooseSection is the narrowest section that has all operations.
func (x *grant) chooseSection() string {
	if !x.moved && !x.whole {
		switch x.ops {
		case access.Create:
			return "create"
		case access.Delete:
			return "delete"
		case access.Attr:
			return "attr"
		}
	}
	return "write"
}

// fold gathers paths that differ in one component: the catalogues of a program in every language.
func fold(grants []*grant) []*grant {
	for at := 1; at < longest(grants)-1; at++ {
		groups := make(map[string][]*grant)
		var order []string
		for _, x := range grants {
			if at >= len(x.parts)-1 {
				continue
			}
			others := slices.Clone(x.parts)
			others[at] = "/" // no component is called that
			key := strings.Join(others, "\x00")
			if groups[key] == nil {
				order = append(order, key)
			}
			groups[key] = append(groups[key], x)
		}
		for _, key := range order {
			list := groups[key]
			if len(list) < enough {
				continue
			}
			first := list[0]
			first.parts = slices.Clone(first.parts)
			first.parts[at] = "*"
			for _, x := range list[1:] {
				first.merge(x)
			}
			grants = slices.DeleteFunc(grants, func(x *grant) bool { return x != first && slices.Contains(list, x) })
		}
	}
	return grants
}

func longest(grants []*grant) (n int) {
	for _, x := range grants {
		n = max(n, len(x.parts))
	}
	return n
}

// intoDirectories gathers names in a directory that is one program's own: a cache, the data of a service.
func (g *gatherer) intoDirectories(grants []*grant) []*grant {
	for {
		groups := make(map[string][]*grant)
		var order []string
		for _, x := range grants {
			if len(x.parts) < 2 || len(x.parts) < 3 && x.parts[0] == "" || x.parts[0] == "$TREE" {
				continue
			}
			dir := strings.Join(x.parts[:len(x.parts)-1], "/")
			if groups[dir] == nil {
				order = append(order, dir)
			}
			groups[dir] = append(groups[dir], x)
		}
		merged := false
		for _, dir := range order {
			list := groups[dir]
			if len(list) < enough || !g.private(list[0]) {
				continue
			}
			first := list[0]
			first.parts = slices.Clone(first.parts[:len(first.parts)-1])
			for _, x := range list[1:] {
				first.merge(x)
			}
			first.whole, merged = true, true
			grants = slices.DeleteFunc(grants, func(x *grant) bool { return x != first && slices.Contains(list, x) })
			// What the directory itself was changed by is in it now.
			for _, x := range grants {
				if x != first && slices.Equal(x.parts, first.parts) {
					first.merge(x)
				}
			}
			grants = slices.DeleteFunc(grants, func(x *grant) bool {
				return x != first && slices.Equal(x.parts, first.parts)
			})
			break
		}
		if !merged {
			return grants
		}
	}
}

// shared are where every package has its files: a directory there is nobody's own.
var shared = []string{"/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/boot", "/dev", "/proc",
	"/sys"}

// private says that the directory which a path lies in is not one that several programs share.
func (g *gatherer) private(x *grant) bool {
	start := x.parts[0]
	for _, r := range g.roots {
		if r.name == start {
			start = r.dir
		}
	}
	dir := path.Join("/", start, strings.Join(x.parts[1:len(x.parts)-1], "/"))
	if isOrIn(dir, g.pwd) && g.pwd != "/" && g.pwd != g.home {
		return true
	}
	return !below(dir, shared) && !report.Broad(dir, g.home)
}
