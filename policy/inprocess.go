package policy

import (
	"syscall"

	"sydbox/policy/program"
)

// processName is how many bytes of its name a process keeps (prctl(2), PR_SET_NAME).
const processName = 15

// longApplets are the applets of BusyBox with a longer name.
var longApplets = []string{"start-stop-daemon"}

// refuseShell refuses what would run a denied program without any system call that tells: the shell of a toybox. A
// rule that names the applet of the bundle (`toybox sh ...`), in the denying rule's layer or a nearer one, lifts that.
func (p *Policy) refuseShell(id *program.Identity, j *execJudge) (ExecDecision, bool) {
	name, rule := p.silent(id)
	if rule == nil || j.bundle > 0 && j.bundle-1 <= rule.Layer {
		return ExecDecision{}, false
	}
	called, by := "it", (*program.Name)(nil)
	for i := range id.Names {
		n := &id.Names[i]
		if n.How == program.Container && len(n.Args) > 0 {
			called, by = string(n.Text)+" "+string(n.Args[0]), n
			break
		}
	}
	why := printable(called) + " can run " + printable(name) + " without an exec"
	if by != nil {
		why += "; `" + printable(called) + " ...` allows that"
	}
	return ExecDecision{Decision: Decision{Action: Deny, Errno: syscall.EACCES, Rule: rule}, Name: by, Why: why}, true
}

// silent returns a denied program that the shell can run unseen, and the rule that denies it; the first by name, so
// that the answer is the same each time.
func (p *Policy) silent(id *program.Identity) (first string, rule *Rule) {
	see := func(name string) {
		if rule != nil && name >= first || id.Inner([]byte(name)) != program.Silent {
			return
		}
		if d := p.decideApplet([]byte(name)); d.Denied() {
			first, rule = name, d.Rule
		}
	}
	applets, known := id.Applets()
	switch {
	case known:
		for name := range applets {
			see(name)
		}
	default:
		for name := range p.exec.bare {
			see(name)
		}
		if d := &p.defaults[ExecSection]; rule == nil && d.Action >= Mute {
			return "any program of its own", d
		}
		if rule == nil && p.exec.wild {
			return p.wildRule()
		}
	}
	return first, rule
}

// wildRule is a rule that denies bare names with a wildcard.
func (p *Policy) wildRule() (string, *Rule) {
	for i := range p.rules {
		if r := &p.rules[i]; r.deniesBare() && r.name.kind != compLiteral {
			return r.Text, &r.Rule
		}
	}
	return "", nil
}

// WatchesApplets says whether a process that announces an applet by its process name (PR_SET_NAME) has to be asked
// for: DecideApplet may deny.
func (p *Policy) WatchesApplets() bool {
	return p.exec.denies && (len(p.exec.bare) > 0 || p.exec.wild || p.defaults[ExecSection].Action >= Mute)
}

// DecideApplet answers a BusyBox process that announces the applet which it will run without an exec. The name is that
// of PR_SET_NAME, so it may have been cut to 15 bytes. Only bare names without further words can match, for neither a
// path nor arguments are known. It is not to be asked about the applet that an exec was judged as.
func (p *Policy) DecideApplet(name []byte) ExecDecision {
	n := &program.Name{Text: name, How: program.InProcess, Runs: true, Detail: "PR_SET_NAME"}
	d := p.decideApplet(name)
	if len(name) >= processName {
		for _, whole := range p.exec.cut[string(name[:processName])] {
			if more := p.decideApplet([]byte(whole)); more.Action > d.Action {
				d = more
			}
		}
	}
	if d.Rule.Default {
		n = nil
	}
	return ExecDecision{Decision: d, Name: n}
}

// decideApplet judges a program of which only the bare name is known. A right needs a rule for any arguments.
func (p *Policy) decideApplet(name []byte) Decision {
	var hits []execHit
	m := matcher{section: ExecSection, rank: none, exec: &hits, whole: true}
	m.name(p.names, name, 1)
	var best execMatch
	applet := program.Name{Text: name}
	for i := range hits {
		h := &hits[i]
		for _, rank := range h.at.exec {
			r := &p.rules[rank]
			if !r.plain() || r.Action < Mute && !r.open() {
				continue
			}
			x := execMatch{rank: rank, above: 1 - h.depth, exact: h.exact, name: &applet}
			if x.beats(&best) {
				best = x
			}
		}
	}
	return p.execDecision(&best).Decision
}

// indexExec notes what is known of the rules of [exec] beside the trees.
func (p *Policy) indexExec() {
	p.exec = execRules{denies: p.defaults[ExecSection].Action >= Mute, bare: make(map[string]bool),
		cut: make(map[string][]string)}
	long := longApplets
	for i := range p.rules {
		r := &p.rules[i]
		p.exec.denies = p.exec.denies || r.Section == ExecSection && r.Action >= Mute
		switch {
		case !r.deniesBare():
		case r.name.kind != compLiteral:
			p.exec.wild = true
		default:
			p.exec.bare[r.name.text] = true
			if len(r.name.text) > processName {
				long = append(long[:len(long):len(long)], r.name.text)
			}
		}
	}
	for _, name := range long {
		p.exec.cut[name[:processName]] = append(p.exec.cut[name[:processName]], name)
	}
}

// deniesBare says that the rule denies a bare name whatever follows it.
func (r *rule) deniesBare() bool {
	return r.Section == ExecSection && r.Action >= Mute && r.pattern == nil && r.plain()
}
