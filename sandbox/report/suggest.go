package report

import (
	"slices"
	"sort"
	"strings"

	"sydbox/event"
	"sydbox/policy"
)

// A suggestion is found by trying: every flag in it was given to a copy of the policy, which then decided about the
// denied operations again. Nothing is suggested on the strength of a guess.

// decider is a policy as far as suggestions need it.
type decider interface {
	allows(d *event.Denial) bool
	withProfile(name string) (decider, error)
	withGrants(list []grant) (decider, error)
}

// grant is an allow rule as the command line can give it.
type grant struct {
	section, path string
	// rule is the rule itself where it names an address.
	rule string
	// network is --net.
	network bool
}

func (g grant) flags() []string {
	switch {
	case g.network:
		return []string{"--net"}
	case g.section == "write":
		return []string{"-w", g.pattern()}
	}
	return []string{"--allow", g.section + "=" + g.pattern()}
}

// pattern matches the path and what lies below, nothing else; in [exec] the program with any arguments.
func (g grant) pattern() string {
	switch {
	case g.rule != "":
		return g.rule
	case g.section == "exec":
		return policy.ExecRule(g.path)
	}
	return patternEscaper.Replace(g.path)
}

var patternEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `$`, `\$`, `{`, `\{`)

// basePolicy is what every add-on extends.
const basePolicy = "build"

// addOns are the embedded profiles that open one tool's caches.
var addOns = []string{"go", "node", "rust", "ccache"}

// maxGrants is how many rules a suggestion may have; what needs more is better written into a policy.
const maxGrants = 6

// suggest returns flags that would have allowed some of what was denied, and how many of the entries they allow. Of the
// options it is the home directory and the command that count.
func suggest(d decider, entries []*entry, o *Options) (flags []string, allowed int) {
	wanted := denied(d, curable(entries))
	total := len(wanted)
	for _, name := range helpful(d, wanted) {
		if with, err := d.withProfile(name); err == nil {
			d, wanted = with, denied(with, wanted)
			flags = append(flags, "-p", name)
		}
	}
	grants := choose(d, wanted, o)
	if len(grants) > 0 {
		// Each grant works by itself; whether they all work together is asked once more.
		with, err := d.withGrants(grants)
		if err == nil {
			wanted = denied(with, wanted)
			for _, g := range grants {
				flags = append(flags, g.flags()...)
			}
		}
	}
	return flags, total - len(wanted)
}

// helpful are the add-ons whose own rules allow something that is wanted. All of them extend the default policy as
// well; what that allows is no reason to name an add-on. They open caches, no addresses.
func helpful(d decider, wanted []*entry) []string {
	base, err := d.withProfile(basePolicy)
	if err != nil {
		return nil
	}
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(e *entry) bool { return onAddress(e.first) })
	var names []string
	for _, e := range denied(base, wanted) {
		for _, name := range addOns {
			if with, err := d.withProfile(name); err == nil && with.allows(e.first) &&
				!slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return needed(d, names, wanted)
}

// needed leaves out the add-ons that allow nothing which the others do not.
func needed(d decider, names []string, wanted []*entry) []string {
	left := func(names []string) int {
		with := d
		for _, name := range names {
			if next, err := with.withProfile(name); err == nil {
				with = next
			}
		}
		return len(denied(with, wanted))
	}
	for i := len(names) - 1; i >= 0; i-- {
		if without := slices.Delete(slices.Clone(names), i, i+1); left(without) == left(names) {
			names = without
		}
	}
	return names
}

// curable are the denials that a rule made and that another rule could undo.
func curable(entries []*entry) []*entry {
	var list []*entry
	for _, e := range entries {
		d := e.first
		if d.Why == "" && d.Natural == "" && (strings.HasPrefix(d.Path, "/") || onAddress(d)) && d.Rule.Action != "warn" {
			list = append(list, e)
		}
	}
	return list
}

// denied are those of a list that d denies.
func denied(d decider, list []*entry) []*entry {
	var left []*entry
	for _, e := range list {
		if !d.allows(e.first) {
			left = append(left, e)
		}
	}
	return left
}

// choose finds grants for what is wanted. A directory is only opened where nothing but the default denied: what
// somebody wrote a rule for is allowed by name, so that a suggestion never undoes the rule.
func choose(d decider, wanted []*entry, o *Options) []grant {
	var scattered, named, addresses []*entry
	for _, e := range wanted {
		if onAddress(e.first) {
			addresses = append(addresses, e)
		} else if changes(e.first.Op) && e.first.Rule.Text == textDefault {
			scattered = append(scattered, e)
		} else {
			named = append(named, e)
		}
	}
	var grants []grant
	for _, c := range clusters(scattered, o.Home) {
		if g := (grant{section: "write", path: c.dir}); works(d, g, c.members) {
			grants = append(grants, g)
		} else {
			named = append(named, c.members...)
		}
	}
	for _, e := range named {
		if g, ok := single(d, e, o.Home); ok {
			grants = append(grants, g)
		}
	}
	grants = unique(append(grants, chooseAddresses(d, addresses, o.Command)...))
	return grants[:min(len(grants), maxGrants)]
}

// changes says whether an operation belongs to the family of [write].
func changes(op string) bool {
	return op == "write" || op == "create" || op == "delete" || op == "attr"
}

// single is the grant for one denial's own name, if there is one that works.
func single(d decider, e *entry, home string) (grant, bool) {
	if tooMuch(e, e.first.Path, home) {
		return grant{}, false
	}
	sections := []string{e.first.Op}
	if changes(e.first.Op) {
		sections = []string{"write", e.first.Op}
	}
	for _, section := range sections {
		if g := (grant{section: section, path: e.first.Path}); works(d, g, []*entry{e}) {
			return g, true
		}
	}
	return grant{}, false
}

// tooMuch says that a suggestion must not name dir for the sake of e. A name that is yet to be created holds nothing
// that would be opened with it.
func tooMuch(e *entry, dir, home string) bool {
	return broad(dir, home) && (e.first.Op != "create" || dir != e.first.Path)
}

func works(d decider, g grant, members []*entry) bool {
	with, err := d.withGrants([]grant{g})
	return err == nil && len(denied(with, members)) == 0
}

func unique(grants []grant) []grant {
	seen := make(map[grant]bool)
	var list []grant
	for _, g := range grants {
		if !seen[g] {
			seen[g] = true
			list = append(list, g)
		}
	}
	return list
}

// cluster is a directory (or a single file) and the denied writes in it.
type cluster struct {
	dir     string
	members []*entry
	count   int
}

// clusters finds the fewest directories that hold all paths and that one may sensibly open, those with most denials
// first. Paths without such a directory stand for themselves.
func clusters(list []*entry, home string) []*cluster {
	sorted := append([]*entry(nil), list...)
	sort.SliceStable(sorted, func(i, j int) bool { return lessPath(sorted[i].first.Path, sorted[j].first.Path) })
	var stack []*cluster
	for _, e := range sorted {
		dir := opening(e.first.Path, home)
		if tooMuch(e, dir, home) {
			continue
		}
		c := &cluster{dir: dir, members: []*entry{e}, count: e.count}
		for len(stack) > 0 {
			top := stack[len(stack)-1]
			common := commonDir(top.dir, c.dir)
			if common != c.dir && (broad(common, home) || inKernelFS(common)) {
				break
			}
			c.dir, c.members, c.count = common, append(top.members, c.members...), c.count+top.count
			stack = stack[:len(stack)-1]
		}
		stack = append(stack, c)
	}
	sort.SliceStable(stack, func(i, j int) bool { return stack[i].count > stack[j].count })
	return stack
}

// lessPath sorts a directory directly before what lies in it.
func lessPath(a, b string) bool {
	return strings.ReplaceAll(a, "/", "\x00") < strings.ReplaceAll(b, "/", "\x00")
}
