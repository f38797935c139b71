package pkgdb

import "strings"

// Relation is one way to meet a dependency: "libfoo-dev (>= 1.2) [amd64] <!nocheck>".
type Relation struct {
	Name string
	// Qualifier is the architecture of a multi-arch dependency: "any", "native".
	Qualifier string
	// Op is "<<", "<=", "=", ">=" or ">>"; empty if any version will do.
	Op      string
	Version string
	// Arches restrict it to architectures, or, each with a '!', to others.
	Arches []string
	// Profiles restrict it to build profiles: it holds if all of one of these lists do.
	Profiles [][]string
}

// Dependency is met by any of its alternatives.
type Dependency []Relation

// String is the relation as a control file has it, without its restrictions.
func (r Relation) String() string {
	s := r.Name
	if r.Qualifier != "" {
		s += ":" + r.Qualifier
	}
	if r.Op != "" {
		s += " (" + r.Op + " " + r.Version + ")"
	}
	return s
}

// String is the dependency as a control file has it.
func (d Dependency) String() string {
	words := make([]string, len(d))
	for i, r := range d {
		words[i] = r.String()
	}
	return strings.Join(words, " | ")
}

// ParseDependencies reads the value of a field like Depends or Build-Depends (Debian Policy 7.1).
func ParseDependencies(value string) (list []Dependency) {
	for part := range strings.SplitSeq(value, ",") {
		var d Dependency
		for text := range strings.SplitSeq(part, "|") {
			if r, ok := parseRelation(text); ok {
				d = append(d, r)
			}
		}
		if len(d) > 0 {
			list = append(list, d)
		}
	}
	return list
}

func parseRelation(text string) (r Relation, ok bool) {
	text = strings.TrimSpace(text)
	end := strings.IndexAny(text, " \t\n([<")
	if end < 0 {
		end = len(text)
	}
	r.Name, r.Qualifier, _ = strings.Cut(text[:end], ":")
	for rest := text[end:]; ; {
		rest = strings.TrimLeft(rest, " \t\n")
		if rest == "" {
			break
		}
		closing := map[byte]string{'(': ")", '[': "]", '<': ">"}[rest[0]]
		inside, after, found := strings.Cut(rest[1:], closing)
		if closing == "" || !found {
			break // not what Policy allows: the name is still worth having
		}
		switch rest[0] {
		case '(':
			inside = strings.TrimSpace(inside)
			n := len(inside) - len(strings.TrimLeft(inside, "<=>"))
			r.Op, r.Version = inside[:n], strings.TrimSpace(inside[n:])
		case '[':
			r.Arches = append(r.Arches, strings.Fields(inside)...)
		case '<':
			r.Profiles = append(r.Profiles, strings.Fields(inside))
		}
		rest = after
	}
	return r, r.Name != "" && !strings.HasPrefix(r.Name, "$")
}

// Holds says whether the relation counts on an architecture, with these build profiles.
func (r Relation) Holds(arch string, profiles []string) bool {
	return r.holdsOn(arch) && r.holdsIn(profiles)
}

func (r Relation) holdsOn(arch string) bool {
	if len(r.Arches) == 0 || arch == "" {
		return true
	}
	negated := strings.HasPrefix(r.Arches[0], "!")
	for _, a := range r.Arches {
		if archMatches(strings.TrimPrefix(a, "!"), arch) {
			return !negated
		}
	}
	return negated
}

// archMatches knows wildcards as far as Linux has them: any, linux-any, any-amd64.
func archMatches(pattern, arch string) bool {
	cpu, linux := strings.CutPrefix(pattern, "linux-")
	if !linux {
		cpu = strings.TrimPrefix(pattern, "any-")
	}
	return pattern == arch || cpu == arch || cpu == "any"
}

func (r Relation) holdsIn(active []string) bool {
	if len(r.Profiles) == 0 {
		return true
	}
	for _, all := range r.Profiles {
		holds := true
		for _, term := range all {
			name, negated := strings.CutPrefix(term, "!")
			on := false
			for _, a := range active {
				on = on || a == name
			}
			holds = holds && on != negated
		}
		if holds {
			return true
		}
	}
	return false
}

// MetBy says whether a package is what the relation asks for: by its name or by one it provides, and in that version.
func (r Relation) MetBy(p *Package) bool {
	if p.Name == r.Name {
		return r.versionIs(p.Version)
	}
	for _, v := range p.Provides {
		// A versioned dependency is met by a versioned provision only (Policy 7.5).
		if v.Name == r.Name && (r.Op == "" || v.Op == "=" && r.versionIs(v.Version)) {
			return true
		}
	}
	return false
}

func (r Relation) versionIs(have string) bool {
	if r.Op == "" {
		return true
	}
	switch c := CompareVersions(have, r.Version); r.Op {
	case "<<":
		return c < 0
	case "<=", "<":
		return c <= 0
	case "=":
		return c == 0
	case ">=", ">":
		return c >= 0
	case ">>":
		return c > 0
	}
	return true
}
