package ask

import (
	"fmt"
	"path"
	"slices"

	"sydbox/access"
	"sydbox/policy"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// PolicyOptions say what a policy is made for.
type PolicyOptions struct {
	// System is what policies are loaded from: its files. Its directory and variables are replaced by the recording's.
	System policy.System
	// Bare extends nothing; else what the profile build allows is left out.
	Bare bool
	// Exec allows the programs that were executed, and no others.
	Exec bool
	// Identify tells more of programs than the recording does; it may be nil.
	Identify Identify
}

// PolicyAnswer is a policy under which a recorded build passes.
type PolicyAnswer struct {
	Extends []string      `json:"extends"`
	Rules   []*PolicyRule `json:"rules"`
	// Policy is the file.
	Policy string `json:"policy"`
	// Unmet are demands that no rule could be found for.
	Unmet []*Refusal `json:"unmet,omitempty"`
	Notes []string   `json:"notes,omitempty"`
}

// PolicyRule is a rule, and who needed it.
type PolicyRule struct {
	Section    string     `json:"section"`
	Action     string     `json:"action"`
	Rule       show.Bytes `json:"rule"`
	Operations string     `json:"operations"` // "create|write"
	// Names counts the different paths or addresses that it is for, Example is the first of them.
	Names   int        `json:"names"`
	Example show.Bytes `json:"example"`
	By      *Actor     `json:"by"` // who needed it first
	// Processes counts all that did.
	Processes int `json:"processes"`
}

// policyMaker makes a policy.
type policyMaker struct {
	o       PolicyOptions
	t       *trail.Trail
	sys     policy.System
	demands *demands
	// wanted are the demands that count: with PolicyOptions.Exec programs, too.
	wanted []*demand
	muted  int
}

// Policy makes a minimal policy of what was recorded: every rule is needed, and with all of them nothing that succeeded
// would be denied. Both are tried with the policy itself.
func Policy(t *trail.Trail, o PolicyOptions) (*PolicyAnswer, error) {
	m := &policyMaker{o: o, t: t, demands: demandsOf(t, false, o.Identify)}
	m.sys = systemOf(t, o.System, m.demands.hosts)
	for _, n := range m.demands.list {
		if n.op != access.Exec || o.Exec {
			m.wanted = append(m.wanted, n)
		}
	}
	base, err := m.load(nil)
	if err != nil {
		return nil, err
	}
	lacking := m.denied(base, true)
	grants := m.grants(lacking)
	p, err := m.load(grants)
	if err != nil {
		return nil, err
	}
	grants, p, err = m.complete(grants, p)
	if err != nil {
		return nil, err
	}
	grants, err = m.minimal(grants)
	if err != nil {
		return nil, err
	}
	a := &PolicyAnswer{Extends: m.extends(), Rules: []*PolicyRule{}}
	for _, x := range grants {
		a.Rules = append(a.Rules, x.describe())
	}
	for _, n := range m.denied(p, false) {
		d := n.decide(p)
		a.Unmet = append(a.Unmet, refusalOf(n, &d))
	}
	a.Notes = m.notes()
	a.Policy = m.file(grants, a)
	return a, nil
}

// Status is 1 if the policy would not let all pass.
func (a *PolicyAnswer) Status() int {
	if len(a.Unmet) > 0 {
		return 1
	}
	return 0
}

func (m *policyMaker) extends() []string {
	if m.o.Bare {
		return []string{}
	}
	return []string{"build"}
}

// generatedName is the file that a policy is while it is being tried.
const generatedName = "/dev/null/syd-trace.toml"

// load loads the policy that some grants make.
func (m *policyMaker) load(grants []*grant) (*policy.Policy, error) {
	sys := m.sys
	sys.FS = withFile{m.sys.FS, generatedName[1:], m.file(grants, nil)}
	p, err := policy.Load(&sys, policy.Options{Policies: []string{generatedName}})
	if err != nil {
		return nil, fmt.Errorf("the policy that was made cannot be loaded, which is a mistake of syd-trace: %w", err)
	}
	return p, nil
}

// denied are the demands that a policy denies, and would report. first counts those that it would not report.
func (m *policyMaker) denied(p *policy.Policy, first bool) (list []*demand) {
	for _, n := range m.wanted {
		d := n.decide(p)
		switch {
		case n.op == access.Exec && first:
			list = append(list, n) // the default, which makes the rules needed, comes with them
		case d.Action == policy.Mute && first && !n.failed:
			n.muted = true
			m.muted++
		case !n.satisfied(d.Action):
			list = append(list, n)
		}
	}
	return list
}

// satisfied says whether an action is as good as what was recorded.
func (n *demand) satisfied(a policy.Action) bool {
	return a < policy.Mute || a == policy.Mute && (n.failed || n.muted)
}

// grants makes the rules for what is lacking.
func (m *policyMaker) grants(lacking []*demand) []*grant {
	g := m.gatherer()
	var paths, forbidden, addresses, programs []*demand
	for _, n := range lacking {
		switch {
		case n.address != "":
			addresses = append(addresses, n)
		case n.op == access.Exec:
			programs = append(programs, n)
		case n.failed:
			forbidden = append(forbidden, n)
		default:
			paths = append(paths, n)
		}
	}
	return slices.Concat(
		g.gather(paths, "allow"), g.gather(forbidden, "mute"), g.programs(programs), g.addresses(addresses))
}

// gatherer knows the places that the recorded command knew.
func (m *policyMaker) gatherer() *gatherer {
	g := &gatherer{
		pids: m.demands.pids, made: make(map[string]bool), new: make(map[string]bool), home: m.sys.Home, pwd: m.sys.Cwd,
	}
	w := newWorld()
	for i := range m.t.Uses {
		w.apply(&m.t.Uses[i])
	}
	for _, f := range w.all {
		if !f.made {
			continue
		}
		for _, name := range []string{f.path, f.was} {
			g.new[name] = true
			g.made[name] = g.made[name] || f.kind == "dir"
		}
	}
	real := func(dir string) string {
		if m.sys.Realpath != nil && path.IsAbs(dir) {
			if found, err := m.sys.Realpath(dir); err == nil {
				return found
			}
		}
		return path.Clean(dir)
	}
	tmp := m.sys.Getenv("TMPDIR")
	if tmp == "" {
		tmp = "/tmp"
	}
	for _, r := range []root{
		{dir: m.sys.Cwd, name: "$PWD"}, {dir: m.sys.Home, name: "~"},
		{dir: tmp, name: "${TMPDIR:-/tmp}", temporary: true, set: m.sys.Getenv("TMPDIR") != ""},
	} {
		if path.IsAbs(r.dir) {
			if r.dir = real(r.dir); r.dir != "/" {
				g.roots = append(g.roots, r)
			}
		}
	}
	slices.SortStableFunc(g.roots, func(a, b root) int { return len(b.dir) - len(a.dir) })
	return g
}

// notes say what the policy does not know of.
func (m *policyMaker) notes() (list []string) {
	if m.t.Cut != nil {
		list = append(list, "the recording is not complete: the build may need more")
	}
	if m.muted > 0 {
		list = append(list, fmt.Sprintf("what the profile build denies without a report is left so: %s",
			count(m.muted, "name")))
	}
	if m.t.Finish != nil && (m.t.Finish.Exit != 0 || m.t.Finish.Signal != "") {
		list = append(list, "the recorded command failed: what it would have done after that is not in here")
	}
	return list
}
