package ask

import (
	"fmt"
	"slices"
	"strings"

	"sydbox/record/pkgdb"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// Declared is what was used compared with what is declared.
type Declared struct {
	// Undeclared are used, and neither declared nor brought by what is.
	Undeclared []*DeclaredUse `json:"undeclared"`
	// ByWay are used and only there because something declared depends on them.
	ByWay []*DeclaredUse `json:"by_way"`
	// Unused are declared, and nothing of them was touched.
	Unused []*DeclaredNeed `json:"unused"`
	// Absent are declared, and not installed.
	Absent []*DeclaredNeed `json:"absent"`
	// Used counts packages that are declared and used, Implicit those that nobody needs to declare.
	Used     int `json:"used"`
	Implicit int `json:"implicit"`
}

// DeclaredUse is a package that was used.
type DeclaredUse struct {
	*InputPackage
	// Way are the packages that brought it, the nearest first, the declared one last.
	Way []show.Bytes `json:"way,omitempty"`
	// Brought are packages that are used as well, and came with this one.
	Brought []show.Bytes `json:"brought,omitempty"`
	Why     string       `json:"why,omitempty"`
}

// DeclaredNeed is something that is declared.
type DeclaredNeed struct {
	Need show.Bytes `json:"need"` // "libfoo-dev (>= 1.2)"
	// Packages are what is installed of it.
	Packages []show.Bytes `json:"packages,omitempty"`
	Why      string       `json:"why,omitempty"`
}

// implicit are the names of what nobody needs to declare, besides what is essential.
var implicitNames = map[string][]string{
	"dpkg": {"build-essential"}, "pacman": {"base", "base-devel"}, "apk": {"build-base", "alpine-base"},
}

// compare holds what was used against a declaration.
func (in *inputs) compare(t *trail.Trail, o InputsOptions) *Declared {
	c := &comparer{inputs: in, db: o.Packages, Declared: Declared{
		ByWay: []*DeclaredUse{}, Unused: []*DeclaredNeed{}, Absent: []*DeclaredNeed{},
	}}
	c.needs, c.left = declaredNeeds(o.Declared, c.db.Arch(), profiles(t))
	for _, need := range c.needs {
		c.roots = append(c.roots, c.db.Meeting(need)...)
	}
	c.from, c.implicit = c.db.Closure(c.roots), c.db.Closure(c.implicitRoots())
	c.used = make(map[*pkgdb.Package]bool)
	for _, owners := range in.owners {
		for _, p := range owners {
			c.used[p] = true
		}
	}
	for _, p := range in.Packages {
		c.place(p)
	}
	c.gather()
	for _, need := range c.needs {
		c.need(need)
	}
	return &c.Declared
}

// profiles are the build profiles that the recorded build had.
func profiles(t *trail.Trail) []string {
	for _, s := range t.Head.Env {
		if value, ok := strings.CutPrefix(s, "DEB_BUILD_PROFILES="); ok {
			return strings.Fields(value)
		}
	}
	return nil
}

// declaredNeeds reads a declaration. left are needs that do not count on this architecture, or with these profiles.
func declaredNeeds(text []byte, arch string, profiles []string) (needs, left []pkgdb.Dependency) {
	list, isControl := pkgdb.ParseBuildDepends(text)
	if !isControl {
		list = plainList(string(text))
	}
	for _, d := range list {
		held := slices.DeleteFunc(slices.Clone(d), func(r pkgdb.Relation) bool { return !r.Holds(arch, profiles) })
		if len(held) > 0 {
			needs = append(needs, held)
		} else {
			left = append(left, d)
		}
	}
	return needs, left
}

// plainList reads names of packages, one a line or between commas, with comments behind '#'. A line may have several
// names if it has no versions.
func plainList(text string) (list []pkgdb.Dependency) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		if !strings.ContainsAny(line, "(|,[<") {
			line = strings.Join(strings.Fields(line), ",")
		}
		list = append(list, pkgdb.ParseDependencies(line)...)
	}
	return list
}

// comparer compares.
type comparer struct {
	Declared
	*inputs
	db          *pkgdb.DB
	needs, left []pkgdb.Dependency
	roots       []*pkgdb.Package
	from        map[*pkgdb.Package]*pkgdb.Package // what is declared, and what comes with it
	implicit    map[*pkgdb.Package]*pkgdb.Package
	used        map[*pkgdb.Package]bool
}

// implicitRoots are the packages that nobody needs to declare.
func (c *comparer) implicitRoots() (list []*pkgdb.Package) {
	for _, p := range c.db.Packages() {
		if p.Essential || p.BuildEssential {
			list = append(list, p)
		}
	}
	known := false
	for _, system := range c.db.Systems {
		for _, name := range implicitNames[system] {
			known = true
			list = append(list, c.db.Named(name)...)
		}
	}
	if !known {
		c.inputs.Notes = append(c.inputs.Notes, "what every build may use without saying so is known for dpkg, pacman and "+
			"apk only: list all that is used")
	}
	return list
}

// place says how a package that was used stands to the declaration.
func (c *comparer) place(p *InputPackage) {
	via, brought := c.from[p.pkg]
	_, implicit := c.implicit[p.pkg]
	use := &DeclaredUse{InputPackage: p}
	switch {
	case brought && via == nil:
		c.Used++
	case implicit:
		c.Implicit++
	case brought:
		for ; via != nil; via = c.from[via] {
			use.Way = append(use.Way, show.Bytes(via.Name))
		}
		c.ByWay = append(c.ByWay, use)
	case p.pkg.Required:
		use.Why = "its priority is required, so most systems have it; a minimal one has only what is essential"
		c.ByWay = append(c.ByWay, use)
	case p.System == "nix" || p.System == "guix":
		use.Why = "a store does not tell what depends on what"
		c.Undeclared = append(c.Undeclared, c.named(use)...)
	default:
		use.Why = c.leftOut(p.pkg)
		c.Undeclared = append(c.Undeclared, use)
	}
}

// named is a package of a store, unless the declaration has its name.
func (c *comparer) named(use *DeclaredUse) []*DeclaredUse {
	for _, need := range c.needs {
		for _, r := range need {
			if r.Name == string(use.Name) {
				c.Used++
				return nil
			}
		}
	}
	return []*DeclaredUse{use}
}

// leftOut says that a package is declared, but not for here.
func (c *comparer) leftOut(p *pkgdb.Package) string {
	for _, d := range c.left {
		for _, r := range d {
			if r.MetBy(p) {
				return "it is declared, but not for this architecture or these build profiles"
			}
		}
	}
	return ""
}

// gather puts undeclared packages that came with another undeclared one to that one.
func (c *comparer) gather() {
	closures := make(map[*pkgdb.Package]map[*pkgdb.Package]*pkgdb.Package)
	for _, u := range c.Undeclared {
		closures[u.pkg] = c.db.Closure([]*pkgdb.Package{u.pkg})
	}
	brings := func(a, b *pkgdb.Package) bool {
		_, ok := closures[a][b]
		return ok
	}
	first := []*DeclaredUse{}
	for i, u := range c.Undeclared {
		by := slices.IndexFunc(c.Undeclared, func(v *DeclaredUse) bool {
			return v != u && brings(v.pkg, u.pkg) && !brings(u.pkg, v.pkg)
		})
		if by < 0 { // of those that bring each other the first stands for all
			by = slices.IndexFunc(c.Undeclared[:i], func(v *DeclaredUse) bool { return brings(v.pkg, u.pkg) })
		}
		if by < 0 {
			first = append(first, u)
		}
	}
	for _, u := range c.Undeclared {
		if slices.Contains(first, u) {
			continue
		}
		for _, v := range first {
			if brings(v.pkg, u.pkg) {
				v.Brought = append(v.Brought, u.Name)
				break
			}
		}
	}
	c.Undeclared = first
}

// need says whether something that is declared was used.
func (c *comparer) need(d pkgdb.Dependency) {
	n := &DeclaredNeed{Need: show.Bytes(d.String())}
	installed := c.db.Meeting(d)
	if len(installed) == 0 {
		if !c.usedFromStore(d) {
			c.Absent = append(c.Absent, n)
		}
		return
	}
	met := false
	for _, p := range installed {
		n.Packages = append(n.Packages, show.Bytes(p.Name))
		for _, r := range d {
			met = met || r.MetBy(p) || p.System != "dpkg"
		}
		if c.used[p] {
			n = nil
			break
		}
	}
	if !met {
		c.inputs.Notes = append(c.inputs.Notes, fmt.Sprintf("declared is %s; installed is %s", show.Q(d.String()),
			show.Q(installed[0].Name+" "+installed[0].Version)))
	}
	if n == nil || slices.ContainsFunc(installed, c.standsFor) {
		return
	}
	if brought := c.broughtBy(installed); brought != "" {
		n.Why = brought + ", which it depends on, was used"
	}
	c.Unused = append(c.Unused, n)
}

func (c *comparer) usedFromStore(d pkgdb.Dependency) bool {
	return slices.ContainsFunc(c.Packages, func(p *InputPackage) bool {
		return slices.ContainsFunc(d, func(r pkgdb.Relation) bool { return r.Name == string(p.Name) })
	})
}

// standsFor says that a package has nothing to use itself, and that something which it depends on was used.
func (c *comparer) standsFor(p *pkgdb.Package) bool {
	for _, f := range c.db.Files(p) {
		if isOrIn(f, "/usr/share/doc/"+p.Name) || isOrIn(f, "/usr/share/lintian") || isOrIn(f, "/usr/share/bug") {
			continue
		}
		if f != "/usr" && f != "/usr/share" && f != "/usr/share/doc" {
			return false
		}
	}
	return c.broughtBy([]*pkgdb.Package{p}) != ""
}

// broughtBy is a package that came with others and was used, and would not be there without being declared.
func (c *comparer) broughtBy(list []*pkgdb.Package) string {
	var names []string
	for p, via := range c.db.Closure(list) {
		if _, implicit := c.implicit[p]; c.used[p] && !implicit && via != nil {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}
