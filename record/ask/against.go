package ask

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"sydbox/policy"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// AgainstAnswer is what a policy would have denied of a recording.
type AgainstAnswer struct {
	Policies []string `json:"policies"`
	// Denied are grouped by the rule that decides.
	Denied []*RefusedBy `json:"denied"`
	// Muted counts names that would have been denied without a report.
	Muted int      `json:"muted"`
	Notes []string `json:"notes,omitempty"`
}

// RefusedBy is a rule, and what it would have denied.
type RefusedBy struct {
	Rule     show.Bytes `json:"rule"` // "home.toml:3 [write] deny /usr"
	Action   string     `json:"action"`
	Refusals []*Refusal `json:"refusals"`
	byName   map[string]*Refusal
}

// add adds what is denied, to an earlier operation on the same name.
func (r *RefusedBy) add(f *Refusal) {
	known := r.byName[string(f.Name)]
	if known == nil || known.Failed != f.Failed {
		r.byName[string(f.Name)] = f
		r.Refusals = append(r.Refusals, f)
		return
	}
	known.Op += "|" + f.Op
	known.Count += f.Count
}

// Refusal is a name on which something would have been denied.
type Refusal struct {
	Op    string     `json:"op"`   // "create", or several: "create|write"
	Name  show.Bytes `json:"name"` // a path or an address
	Rule  show.Bytes `json:"rule"`
	By    *Actor     `json:"by"` // who was the first
	Count int        `json:"count"`
	// Failed: it failed in the recording as well.
	Failed bool `json:"failed,omitempty"`
}

// PolicyAgainst says what policies would have denied of what was recorded. names are as sydbox run -p takes them.
func PolicyAgainst(t *trail.Trail, o PolicyOptions, names []string) (*AgainstAnswer, error) {
	d, sys := demandsOf(t, true, o.Identify), o.System
	host := systemOf(t, sys, d.hosts)
	if sys.LookupHost != nil {
		host.LookupHost = sys.LookupHost
	}
	p, err := policy.Load(&host, policy.Options{Policies: names})
	if err != nil {
		return nil, err
	}
	a := &AgainstAnswer{Policies: names, Denied: []*RefusedBy{}}
	byRule := make(map[string]*RefusedBy) // a default is one rule for each operation
	for _, n := range d.list {
		decision := n.decide(p)
		switch {
		case decision.Action == policy.Mute:
			a.Muted++
			continue
		case !decision.Denied():
			continue
		}
		text := ruleText(decision.Rule)
		r := byRule[text]
		if r == nil {
			r = &RefusedBy{Rule: show.Bytes(text), Action: decision.Action.String(), byName: make(map[string]*Refusal)}
			byRule[text] = r
			a.Denied = append(a.Denied, r)
		}
		r.add(refusalOf(n, &decision))
	}
	for _, v := range d.moves {
		if p.Launders([]byte(v.from), []byte(v.to), v.directory) {
			a.Notes = append(a.Notes, fmt.Sprintf("renaming or linking %s to %s would fail with EXDEV: it would gain a right",
				show.Q(v.from), show.Q(v.to)))
		}
	}
	slices.SortStableFunc(a.Denied, func(x, y *RefusedBy) int { return len(y.Refusals) - len(x.Refusals) })
	a.Notes = append(a.Notes, "what [syscalls] refuses is not recorded, and not told of here")
	if t.Cut != nil {
		a.Notes = append(a.Notes, "the recording is not complete: there may be more")
	}
	return a, nil
}

// refusalOf is a demand that is denied.
func refusalOf(n *demand, d *policy.Decision) *Refusal {
	name := n.path
	if n.address != "" {
		name = n.address
	}
	return &Refusal{Op: n.op.String(), Name: show.Bytes(name), Rule: show.Bytes(ruleText(d.Rule)), By: actor(n.by, n.at),
		Count: n.count, Failed: n.failed}
}

// ruleText is a rule with its place: "home.toml:3 [write] deny /usr", "build:7 [write] default".
func ruleText(r *policy.Rule) string {
	place := r.Source
	if r.Line > 0 {
		place += ":" + strconv.Itoa(r.Line)
	}
	if r.Default {
		return place + " [" + r.Section.String() + "] default"
	}
	return place + " [" + r.Section.String() + "] " + r.Action.String() + " " + r.Text
}

// Status is 1 if something would be denied.
func (a *AgainstAnswer) Status() int {
	if len(a.Denied) > 0 {
		return 1
	}
	return 0
}

// Text implements Answer.
func (a *AgainstAnswer) Text(p *show.Printer) {
	if len(a.Denied) == 0 {
		p.Line("Nothing that was recorded would be denied.")
	}
	for i, r := range a.Denied {
		if i > 0 {
			p.Gap()
		}
		p.Heading("%s by %s", count(len(r.Refusals), "name"), safe(string(r.Rule)))
		for _, f := range r.Refusals {
			if in := r.in(f); in == nil {
				p.Wrap(2, f.text()+r.inIt(f))
			}
		}
	}
	if a.Muted > 0 {
		p.Gap()
		p.Line("%s would be denied without a report", count(a.Muted, "name"))
	}
	notes(p, a.Notes)
}

// in is a directory that would have been denied to be made: nothing in it could be either.
func (r *RefusedBy) in(f *Refusal) *Refusal {
	for dir := path.Dir(string(f.Name)); len(dir) > 1; dir = path.Dir(dir) {
		if d := r.byName[dir]; d != nil && strings.Contains(d.Op, "create") {
			return d
		}
	}
	return nil
}

// inIt says how many names there are in a directory that would not have been made.
func (r *RefusedBy) inIt(dir *Refusal) string {
	n := 0
	for _, f := range r.Refusals {
		if f != dir && isOrIn(string(f.Name), string(dir.Name)) && r.in(f) != nil {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return "; and " + count(n, "name") + " in it (--json has each)"
}

func (r *Refusal) text() string {
	s := r.Op + " " + show.Q(string(r.Name)) + times(r.Count) + ", by " + r.By.Line()
	if r.Failed {
		s += "; it failed in the recording, too"
	}
	return s
}
