package policy

import (
	"maps"
	"slices"
)

// Load finds the policies that opt names, with all that they extend, and compiles them. Its errors are of type *Error.
func Load(sys *System, opt Options) (*Policy, error) {
	p, err := load(sys, opt, nil)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// load takes over what base has read and found, if it is not nil.
func load(sys *System, opt Options, base *Policy) (*Policy, *Error) {
	lib := &library{sys: sys, docs: make(map[string]*document), done: make(map[string]bool)}
	if base != nil {
		maps.Copy(lib.docs, base.docs)
	}
	layers, err := lib.order(opt.Policies)
	if err != nil {
		return nil, err
	}
	p := &Policy{sys: sys, opt: opt, layers: layers, docs: lib.docs, real: newResolver(sys), asks: newLookups(sys)}
	if base != nil {
		p.programs, p.asks = base.programs, base.asks.clone()
	} else {
		p.programs = newPrograms(sys)
	}
	return compile(p, base)
}

// With returns the policy as it would be with more rules on the command line. Files are not read again.
func (p *Policy) With(rules ...RuleFlag) (*Policy, error) {
	opt := p.opt
	opt.Rules = slices.Concat(opt.Rules, rules)
	more, err := compile(&Policy{sys: p.sys, opt: opt, layers: p.layers, docs: p.docs, real: p.real.clone(),
		asks: p.asks.clone(), programs: p.programs}, p)
	if err != nil {
		return nil, err
	}
	return more, nil
}

// WithProfile returns the policy as it would be with one more -p. Files are not read again.
func (p *Policy) WithProfile(name string) (*Policy, error) {
	opt := p.opt
	opt.Policies = append(slices.Clone(opt.Policies), name)
	if len(p.opt.Policies) == 0 {
		opt.Policies = []string{defaultPolicy, name}
	}
	more, err := load(p.sys, opt, p)
	if err != nil {
		return nil, err
	}
	return more, nil
}

// rule is a Rule with what it was compiled from.
type rule struct {
	Rule
	place   place
	pattern *pattern        // nil for a bare name, and for an address that is no path
	addr    *addressPattern // of [connect] and [bind]
	name    component       // of a bare name
	words   []string        // behind the program of [exec], with a final "..."
	// targets are the files that links of a bare name lead to.
	targets []*pattern
	// resolved is the other spelling of the pattern, its literal beginning resolved; nil if it is the same.
	resolved *pattern
	// impliedBy is the text of the rule that is of no use without this one, which nobody wrote.
	impliedBy string
}

// leftOut is a rule that does not count because a variable is unset.
type leftOut struct {
	Rule
	variable string
}

// compile fills a Policy from its layers and options. base is the one it comes from, or nil.
func compile(p, base *Policy) (*Policy, *Error) {
	p.lifted = make(map[string]place)
	nearest, err := p.commandLine()
	if err != nil {
		return nil, err
	}
	documents := []*document{nearest}
	for _, l := range p.layers {
		documents = append(documents, l.doc)
	}
	vars := p.sys.vars()
	for i, doc := range documents {
		for _, e := range doc.rules {
			if err := p.add(e, i, vars); err != nil {
				return nil, err
			}
		}
		for _, e := range doc.lifted {
			if _, known := p.lifted[e.name]; !known {
				p.lifted[e.name] = e.place
			}
		}
		p.settings.below(&doc.settings, i)
	}
	if err := p.settings.env.finish(vars); err != nil {
		return nil, err
	}
	if err := p.settings.harden.mounts.finish(vars); err != nil {
		return nil, err
	}
	p.settings.calls.finish()
	p.admitResolvers()
	slices.SortStableFunc(p.rules, func(a, b rule) int { return compareRules(&a.Rule, &b.Rule) })
	p.setDefaults(documents)
	p.indexExec()
	p.findOriginals(base)
	p.plant()
	if err := p.checkNamespace(); err != nil {
		return nil, err
	}
	return p, nil
}

// compareRules orders rules that match equally well: the nearer layer, the narrower section, the stricter action.
func compareRules(a, b *Rule) int {
	narrower := func(r *Rule) int {
		if r.Section.refines() {
			return 0
		}
		return 1
	}
	if n := a.Layer - b.Layer; n != 0 {
		return n
	}
	if n := narrower(a) - narrower(b); n != 0 {
		return n
	}
	return int(b.Action) - int(a.Action)
}

// commandLine makes a document of the flags.
func (p *Policy) commandLine() (*document, *Error) {
	doc := &document{}
	for i := range p.opt.Rules {
		flag := &p.opt.Rules[i]
		src, sectionSpan, ruleSpan := flag.source()
		at, ruleAt := place{src, sectionSpan}, place{src, ruleSpan}
		action, known := ActionByName(flag.Action)
		if !known {
			return nil, at.fail("\""+printable(flag.Action)+"\" is not an action", choose(flag.Action, actionNames[:]))
		}
		section, known := SectionByName(flag.Section)
		switch {
		case flag.Section == "syscalls" && action == Allow:
			if err := checkRefusal(flag.Pattern, ruleAt); err != nil {
				return nil, err
			}
			doc.lifted = append(doc.lifted, liftEntry{flag.Pattern, ruleAt})
			continue
		case flag.Section == "syscalls":
			return nil, at.fail("[syscalls] has only `allow`", "what it does not allow is refused")
		case flag.Section == "env" && (action == Allow || action == Deny):
			r, err := newEnvRule(flag.Pattern, action, ruleAt)
			if err != nil {
				return nil, err
			}
			doc.settings.env.rules = append(doc.settings.env.rules, r)
			continue
		case flag.Section == "env":
			return nil, at.fail("[env] has only `allow` and `deny` on the command line", "")
		case !known:
			return nil, at.fail("\""+printable(flag.Section)+"\" is not a section",
				choose(flag.Section, append([]string{"syscalls", "env"}, sectionNames[:]...)))
		}
		doc.rules = append(doc.rules, entry{section, action, flag.Pattern, ruleAt})
	}
	return doc, nil
}

// add parses one rule of a layer.
func (p *Policy) add(e entry, layer int, v *vars) *Error {
	r := rule{place: e.place, Rule: Rule{
		Section: e.section, Action: e.action, Text: e.text, Layer: layer, Source: e.place.src.name,
	}}
	if !e.place.src.flag {
		r.Line, r.Column = e.place.position()
	}
	var problem *problem
	switch {
	case e.section.aboutAddresses():
		t := &addressParser{section: e.section, vars: v, flag: e.place.src.flag, services: &p.asks.services}
		r.addr, r.pattern, problem = t.parse(e.text)
	case e.section == ExecSection:
		var c *command
		if c, problem = parseCommand(e.text, v, e.place.src.flag); problem == nil {
			r.pattern, r.name, r.words = c.path, c.name, c.words
			if c.leftOut != "" {
				r.pattern = &pattern{leftOut: c.leftOut}
			}
		}
	default:
		r.pattern, problem = parsePattern(e.text, v, e.place.src.flag)
	}
	switch {
	case problem != nil:
		return e.place.failIn(e.text, problem)
	case r.pattern != nil && r.pattern.leftOut != "":
		p.leftOut = append(p.leftOut, leftOut{r.Rule, r.pattern.leftOut})
		return nil
	case r.Section == ExecSection:
		p.resolveProgram(&r)
	case r.addr != nil && r.addr.kind == hostName:
		if err := p.lookUp(&r); err != nil {
			return err
		}
	case r.pattern != nil:
		r.resolved = p.real.resolve(r.pattern)
	}
	p.rules = append(p.rules, r)
	return nil
}

// plant builds the trees from the sorted rules and notes which operations are policed.
func (p *Policy) plant() {
	p.root, p.names, p.stdio = &node{exact: true}, &node{exact: true}, newTerminal()
	p.nets, p.abstract = [2]*addressRules{newNetIndex(), newNetIndex()}, &node{exact: true}
	for i := range p.rules {
		r := &p.rules[i]
		rank := int32(i)
		switch {
		case r.addr != nil:
			p.plantAddress(rank, r)
		case r.pattern == nil:
			p.names.insert([]component{r.name}, false, rank, r)
			for _, t := range r.targets {
				p.root.terminal(t.comps, false).addExec(rank)
			}
		case r.pattern.stdio:
			p.stdio.add(rank, r)
		default:
			p.root.insert(r.pattern.comps, r.pattern.self, rank, r)
			if r.resolved != nil {
				p.root.insert(r.resolved.comps, r.pattern.self, rank, r)
			}
		}
		for s := range sections {
			if r.addr == nil && r.Action != Allow && r.Section.judges(Section(s)) {
				p.polices |= Section(s).Op()
			}
		}
	}
	p.families.build()
	for s := range sections {
		section := Section(s)
		polices := p.defaults[s].Action != Allow
		if section.aboutAddresses() {
			p.netOf(section).build()
			polices = p.policesAddresses(section)
		}
		if polices {
			p.polices |= section.Op()
		}
	}
}
