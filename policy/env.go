package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The [env] section: which variables of sydbox's own environment the command is given, and which besides.

// envRule lets variables through or keeps them back, by a pattern of their names.
type envRule struct {
	allow   bool
	pattern string
	layer   int
	place   place
	literal int  // characters of the pattern that are no wildcard
	wild    bool // it has a wildcard
}

// envValue is a variable that is set whatever it was.
type envValue struct {
	name, text string
	value      string // text with its variables replaced
	missing    string // the variable that is not set, so that this one is left out
	place      place
}

// envSettings are those of a document.
type envSettings struct {
	passes setting[bool]
	rules  []envRule
	values []envValue
}

// EnvChange is what [env] did to an environment.
type EnvChange struct {
	// Asked says that the policy has something to say about the environment.
	Asked bool
	// Removed counts variables that were kept back, Set those that were given a value.
	Removed, Set int
}

// Env returns the environment that a command is given, of one in the form of os.Environ, and what was done to it. Two
// rules that both match a name are weighed as those about abstract sockets are: the one with more literal characters
// wins, then the one without a wildcard, then the nearer layer, then deny.
func (p *Policy) Env(environ []string) ([]string, EnvChange) {
	e := &p.settings.env
	change := EnvChange{Asked: e.passes.set() || len(e.rules) > 0 || len(e.values) > 0}
	if !change.Asked {
		return environ, change
	}
	out := make([]string, 0, len(environ)+len(e.values))
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		switch {
		case slices.ContainsFunc(e.values, func(set envValue) bool { return set.name == name && set.missing == "" }):
			// it comes below
		case e.lets(name):
			out = append(out, v)
		default:
			change.Removed++
		}
	}
	for i := range e.values {
		if v := &e.values[i]; v.missing == "" {
			out = append(out, v.name+"="+v.value)
			change.Set++
		}
	}
	return out, change
}

// lets says whether a variable is passed on. The rules are sorted.
func (e *envSettings) lets(name string) bool {
	for i := range e.rules {
		if matchName(e.rules[i].pattern, name) {
			return e.rules[i].allow
		}
	}
	return e.passes.or(true)
}

// matchName matches a pattern of `*` and `?`.
func matchName(pattern, name string) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '*':
			for i := 0; i <= len(name); i++ {
				if matchName(pattern[1:], name[i:]) {
					return true
				}
			}
			return false
		case name == "" || pattern[0] != '?' && pattern[0] != name[0]:
			return false
		}
		pattern, name = pattern[1:], name[1:]
	}
	return name == ""
}

// below adds what a farther layer says.
func (e *envSettings) below(far *envSettings, layer int) {
	fill(&e.passes, &far.passes)
	for _, r := range far.rules {
		r.layer = layer
		e.rules = append(e.rules, r)
	}
	for _, v := range far.values {
		if !slices.ContainsFunc(e.values, func(near envValue) bool { return near.name == v.name }) {
			e.values = append(e.values, v)
		}
	}
}

// finish sorts the rules, the one that wins first, and replaces variables in values.
func (e *envSettings) finish(v *vars) *Error {
	slices.SortStableFunc(e.rules, func(a, b envRule) int {
		rank := func(one bool) int {
			if one {
				return 1
			}
			return 0
		}
		return cmp.Or(b.literal-a.literal, rank(a.wild)-rank(b.wild), a.layer-b.layer, rank(a.allow)-rank(b.allow))
	})
	for i := range e.values {
		set := &e.values[i]
		got, problem := v.word(set.text)
		if problem != nil {
			problem.off, problem.width = 0, len(set.text)
			return set.place.failIn(set.text, problem)
		}
		set.value, set.missing = got.text, got.missing
	}
	return nil
}

// newEnvRule reads the pattern of a rule.
func newEnvRule(text string, action Action, p place) (envRule, *Error) {
	r := envRule{allow: action == Allow, pattern: text, place: p}
	switch i := strings.IndexAny(text, "=\x00"); {
	case text == "":
		return r, p.failIn(text, &problem{0, 0, "the name of a variable is empty", "write a name, as in \"LD_*\""})
	case i >= 0:
		return r, p.failIn(text, &problem{i, 1, "a variable has no such character in its name",
			"write the name alone; values belong to [env.set] in a policy file"})
	}
	wild := strings.Count(text, "*") + strings.Count(text, "?")
	r.literal, r.wild = len(text)-wild, wild > 0
	return r, nil
}

func (d *decoder) env(table map[string]any) {
	const prefix = "env" + keySep
	e := &d.doc.settings.env
	for _, name := range d.ordered(table, prefix) {
		key, v := prefix+name, table[name]
		action, isAction := ActionByName(name)
		switch {
		case name == "default":
			var word setting[string]
			if d.word(key, v, []string{"allow", "deny"}, &word); word.set() {
				e.passes = setting[bool]{word.value == "allow", word.place}
			}
		case isAction && (action == Allow || action == Deny):
			d.strings(key, v, func(text string, p place) {
				r, err := newEnvRule(text, action, p)
				if err != nil && d.err == nil {
					d.err = err
				}
				e.rules = append(e.rules, r)
			})
		case name == "set":
			d.envValues(d.table("env.set", v))
		default:
			d.fail(d.at(key), choose(name, []string{"default", "allow", "deny", "set"}), "unknown key %q in [env]", name)
		}
	}
}

func (d *decoder) envValues(table map[string]any) {
	const prefix = "env" + keySep + "set" + keySep
	for _, name := range d.ordered(table, prefix) {
		key := prefix + name
		if name == "" || strings.ContainsAny(name, "=\x00") {
			d.fail(d.at(key), "", "this cannot be the name of a variable")
		}
		if text, ok := d.text(key, table[name]); ok {
			d.doc.settings.env.values = append(d.doc.settings.env.values, envValue{name: name, text: text, place: d.value(key)})
		}
	}
}

// environment writes [env].
func (s *show) environment(p *Policy) {
	e := &p.settings.env
	if e.passes.set() {
		word := Deny
		if e.passes.value {
			word = Allow
		}
		s.line(fmt.Sprintf("default = %q", word), fromPlace(e.passes.place))
	}
	for i := range e.rules {
		word := Deny
		if e.rules[i].allow {
			word = Allow
		}
		s.line(fmt.Sprintf("%s = %s", word, quote(e.rules[i].pattern)), fromPlace(e.rules[i].place))
	}
	for i := range e.values {
		v := &e.values[i]
		text, note := "set."+v.name+" = "+quote(v.text), fromPlace(v.place)
		switch {
		case v.missing != "":
			text, note = "# "+text, note+", left out: $"+v.missing+" is not set"
		case v.value != v.text:
			note += ": " + printable(v.value)
		}
		s.line(text, note)
	}
	if len(s.block) > 0 {
		s.b.WriteString("\n[env]\n")
		s.flush()
	}
}
