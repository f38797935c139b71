package policy

import (
	"syscall"

	"sydbox/policy/program"
)

// ExecDecision is the answer to an exec.
type ExecDecision struct {
	Decision
	// Name is the name of the program that the deciding rule matched; nil where the default decides, or nobody could.
	Name *program.Name
	// Why is set where what decides is not that a rule matched: the program cannot be told, or it would run denied
	// programs without an exec.
	Why string
	// Hint, for a denial, tells of an allow rule that matches the program and not its words; often empty.
	Hint string
}

// execRules is what there is to know of the rules of [exec] beside the trees.
type execRules struct {
	// denies says that a denial can come out at all.
	denies bool
	// bare has the bare names without a wildcard that a rule denies whatever follows; wild says that there are some
	// with a wildcard.
	bare map[string]bool
	wild bool
	// cut has those of bare that are longer than a process name can be, by what is left of them.
	cut map[string][]string
}

// Rules for decisions that no rule of the policy makes.
var (
	untold       = Rule{Section: ExecSection, Action: Deny, Text: "default", Default: true, Source: builtIn}
	kernelsTurn  = Rule{Section: ExecSection, Action: Allow, Text: "default", Default: true, Source: builtIn}
	cannotBeTold = "cannot be told: "
)

// DecideExec answers an exec. A rule that denies matches by any name of the program; a rule that gives a right only by
// the name of what finally runs. What the arguments tell will run without an exec of its own (busybox find -exec) is
// weighed by itself: no right that the one has lifts a denial of the other.
func (p *Policy) DecideExec(id *program.Identity) ExecDecision { return p.decideExec(id, nil) }

// decideExec collects all rules that match, if all is not nil.
func (p *Policy) decideExec(id *program.Identity, all *[]execMatch) ExecDecision {
	switch {
	case id.Unknown != "" && p.exec.denies:
		d := Decision{Action: Deny, Errno: syscall.EACCES, Rule: &untold}
		return ExecDecision{Decision: d, Why: cannotBeTold + id.Unknown}
	case id.Fails:
		return ExecDecision{Decision: Decision{Action: Allow, Rule: &kernelsTurn}}
	}
	j := execJudge{policy: p, all: all}
	for i := range id.Names {
		if n := &id.Names[i]; n.How != program.InProcess {
			j.name(n, n.Runs && !n.Unsure)
		}
	}
	d := j.decision()
	for i := range id.Names {
		n := &id.Names[i]
		if n.How != program.InProcess {
			continue
		}
		if inside := p.decideInside(n, all); inside.Action > d.Action {
			d = inside
		}
	}
	if !d.Denied() && p.exec.denies && id.Shell() {
		if refused, ok := p.refuseShell(id, &j); ok {
			return refused
		}
	}
	return d
}

// decideInside judges a program that runs inside of another, as the arguments say. If it is not sure that no exec will
// show it, that exec is the one to ask for a right, and only a rule that denies counts here.
func (p *Policy) decideInside(n *program.Name, all *[]execMatch) ExecDecision {
	runs := *n
	runs.Unsure = false
	j := execJudge{policy: p, all: all}
	j.name(&runs, true)
	d := j.decision()
	if n.Unsure && d.Rule.Default {
		return ExecDecision{Decision: Decision{Action: Allow, Rule: d.Rule}}
	}
	if d.Name != nil {
		d.Name = n
	}
	return d
}

// execMatch is a rule that matches a program by one of its names, and how well.
type execMatch struct {
	rank  int32 // of the rule
	words int32 // how many words behind the program it has
	above int32 // how many components above the program it matched: 0 names the program itself
	path  bool  // it is a path, not a bare name
	exact bool  // no wildcard in the last component of the pattern with a literal character
	name  *program.Name
}

// beats orders matches: the more words, then the nearer to the program, then the path, then the one without a
// wildcard, then the order of the rules.
func (m *execMatch) beats(o *execMatch) bool {
	switch {
	case o.name == nil || m.name == nil:
		return m.name != nil
	case m.words != o.words:
		return m.words > o.words
	case m.above != o.above:
		return m.above < o.above
	case m.path != o.path:
		return m.path
	case m.exact != o.exact:
		return m.exact
	}
	return m.rank < o.rank
}

// execJudge weighs the rules that match one program by its names.
type execJudge struct {
	policy *Policy
	all    *[]execMatch

	best execMatch // of the rules that count for everything; without a name none
	// warn is the best rule that only tells of a program: it gives no right.
	warn execMatch
	// narrow is an allow rule that has fewer words than the program was given.
	narrow execMatch
	// bundle is the nearest layer whose rule gives a right to an applet of a multi-call binary as such (`busybox sh`),
	// plus one; 0 if none does.
	bundle int

	m    matcher
	hits []execHit
}

// execHit is a place in the trees where rules matched a name.
type execHit struct {
	at    *terminal
	depth int32
	exact bool
	whole bool // the pattern matched the whole path, not a directory above
}

// name offers every rule that matches by n. runs says that n is what finally runs.
func (j *execJudge) name(n *program.Name, runs bool) {
	m := &j.m
	m.section, m.rank, m.exec = ExecSection, none, &j.hits
	j.hits = j.hits[:0]
	if plainPath(n.Text) {
		m.walk(j.policy.root, n.Text)
	}
	full := countComponents(n.Text)
	m.whole = true
	m.name(j.policy.names, n.Base(), full)
	for i := range j.hits {
		h := &j.hits[i]
		for _, rank := range h.at.exec {
			j.offer(n, runs, h, full-h.depth, rank)
		}
	}
}

// offer weighs one rule whose program fits the name.
func (j *execJudge) offer(n *program.Name, runs bool, h *execHit, above, rank int32) {
	r := &j.policy.rules[rank]
	plain := r.plain()
	if !h.whole && !plain {
		return // words go with a program, not with a directory
	}
	x := execMatch{rank, r.wordCount(), above, r.pattern != nil, h.exact, n}
	prefix := plain || program.MatchArgs(r.words, n, program.ToDeny)
	switch {
	case !prefix:
		return
	case r.Action >= Mute:
	case runs && (!h.whole || program.MatchArgs(r.words, n, program.ToAllow)):
		if n.How == program.Container && x.words > 0 && (j.bundle == 0 || r.Layer < j.bundle-1) {
			j.bundle = r.Layer + 1
		}
	case r.Action == Warn:
		j.better(&j.warn, &x)
		return
	default:
		if runs {
			j.better(&j.narrow, &x)
		}
		return
	}
	j.better(&j.best, &x)
}

func (j *execJudge) better(best, x *execMatch) {
	if best != &j.narrow && j.all != nil {
		*j.all = append(*j.all, *x)
	}
	if x.beats(best) {
		*best = *x
	}
}

// decision returns what the best rule says, or the default.
func (j *execJudge) decision() ExecDecision {
	d := j.policy.execDecision(&j.best)
	switch {
	case !d.Denied():
		if j.warn.name != nil && j.warn.beats(&j.best) {
			return j.policy.execDecision(&j.warn)
		}
	case j.narrow.name != nil && j.narrow.beats(&j.best):
		r := &j.policy.rules[j.narrow.rank]
		d.Hint = from(&r.Rule) + " allows `" + printable(r.Text) + "` with no other words; `" + printable(r.Text) +
			" ...` allows any"
	}
	return d
}

// execDecision returns what the rule of a match says; the default if there is none.
func (p *Policy) execDecision(x *execMatch) ExecDecision {
	if x.name == nil {
		return ExecDecision{Decision: p.decision(ExecSection, none)}
	}
	return ExecDecision{Decision: p.decision(ExecSection, x.rank), Name: x.name}
}
