package ask

import (
	"cmp"
	"slices"
	"strings"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// WhyAnswer is why a command failed: the first failure that made it fail.
type WhyAnswer struct {
	// Failed says whether the command did; nil if the recording does not tell.
	Failed *bool `json:"failed"`
	// Cut says why the recording ends early.
	Cut string `json:"cut,omitempty"`
	// Chain begins with the process that failed first, and goes up to the command. Empty if there is none.
	Chain []*Failure `json:"chain,omitempty"`
	// Killer is who sent the signal that killed the first.
	Killer string `json:"killer,omitempty"`
	// Note says what is doubtful, or how the failure came about.
	Note string `json:"note,omitempty"`
	// Mishaps are what it tried in vain, the most telling first.
	Mishaps []*Mishap `json:"mishaps,omitempty"`
	// Said is the end of what Speaker, the process itself or else its nearest, wrote to descriptor 2.
	Said    show.Bytes `json:"stderr,omitempty"`
	SaidCut int64      `json:"stderr_cut,omitempty"` // bytes that are missing before it
	Speaker *Process   `json:"stderr_of,omitempty"`
	// Others failed too, of those that made their parents fail; Tolerated counts the rest of what failed.
	Others    []*Failure `json:"others,omitempty"`
	Tolerated int        `json:"tolerated"`
	Next      []Next     `json:"next,omitempty"`

	// Recording is named in the questions to ask next; empty for the latest.
	Recording string `json:"-"`
	// All shows everything where the text would show the most telling.
	All bool `json:"-"`
}

// Failure is a process that failed.
type Failure struct {
	Process
	At      int64        `json:"at"` // its end
	Born    int64        `json:"born"`
	Exit    int          `json:"exit"`
	Signal  string       `json:"signal,omitempty"`
	Argv    []show.Bytes `json:"argv"`
	Dir     show.Bytes   `json:"dir"`
	Fork    bool         `json:"fork,omitempty"`      // it became no program of its own: a subshell
	Last    show.Bytes   `json:"last_said,omitempty"` // the last line it wrote to descriptor 2
	outcome string
	command string
	proc    *trail.Proc
}

func failure(p *trail.Proc) *Failure {
	f := &Failure{Process: Process{p.ID, show.Bytes(p.Name())}, At: p.Died, Born: p.Born, Fork: isFork(p), proc: p,
		outcome: outcome(p), command: commandOf(p), Dir: show.Bytes(p.Dir), Last: show.Bytes(lastLine(p.Said))}
	if e := p.Program(); e != nil {
		f.Argv = show.Strings(e.Argv)
		if !f.Fork {
			f.Dir = show.Bytes(e.Dir)
		}
	}
	if p.End != nil {
		f.Exit, f.Signal = p.End.Exit, p.End.Signal
	}
	return f
}

// Why finds the first failure that propagated.
func Why(t *trail.Trail) *WhyAnswer {
	a := &WhyAnswer{}
	if t.Cut != nil {
		a.Cut = t.Cut.Error()
	}
	root := t.Root()
	if root == nil {
		a.Note = "No process was recorded."
		return a
	}
	failed := root.Failed()
	if root.End == nil && t.Finish != nil {
		failed = t.Finish.Exit != 0 || t.Finish.Signal != ""
	}
	if root.End != nil || t.Finish != nil && !t.Finish.Interrupted {
		a.Failed = &failed
	}
	if a.Failed != nil && !failed {
		a.Tolerated = failures(t)
		return a
	}
	chain, others := trace(t, root)
	if a.Failed == nil {
		if chain, others = unfinished(t, root); chain == nil {
			a.Note = "Nothing had failed for good by then."
			a.Tolerated = failures(t)
			return a
		}
		a.Note = "The recording ends before the command: this may not be why it would have failed."
	}
	for i := len(chain) - 1; i >= 0; i-- {
		a.Chain = append(a.Chain, failure(chain[i]))
	}
	for _, p := range others {
		a.Others = append(a.Others, failure(p))
	}
	slices.SortStableFunc(a.Others, func(x, y *Failure) int { return cmp.Compare(x.At, y.At) })
	a.Tolerated = max(failures(t)-len(chain)-len(others), 0)
	a.explain(t, chain[len(chain)-1])
	return a
}

// trace goes from a process that failed down to what failed first; others are the ends of other such ways.
func trace(t *trail.Trail, p *trail.Proc) (chain, others []*trail.Proc) {
	for chain = append(chain, p); ; chain = append(chain, p) {
		cause, more := blame(t, p)
		for _, q := range more {
			deep, side := trace(t, q)
			others = append(append(others, deep[len(deep)-1]), side...)
		}
		if cause == nil {
			return chain, others
		}
		p = cause
	}
}

// unfinished looks for what had failed last, and was not tolerated, when a recording was cut off.
func unfinished(t *trail.Trail, root *trail.Proc) (chain, others []*trail.Proc) {
	var last *trail.Proc
	for _, p := range t.Procs {
		if p.Failed() && p.Parent != nil && p.Parent.End == nil && !tolerated(p) && (last == nil || p.Died > last.Died) {
			last = p
		}
	}
	if last == nil {
		return nil, nil
	}
	for _, p := range last.Parent.Chain() {
		chain = append(chain, p)
	}
	slices.Reverse(chain)
	deep, others := trace(t, last)
	return append(chain, deep...), others
}

// failures counts processes that failed.
func failures(t *trail.Trail) (n int) {
	for _, p := range t.Procs {
		if p.Failed() {
			n++
		}
	}
	return n
}

// explain says of the process that failed first what can be said.
func (a *WhyAnswer) explain(t *trail.Trail, p *trail.Proc) {
	if s := killer(t, p); s != nil {
		a.Killer = sender(s)
	} else if p.End != nil && p.End.Signal == "SIGKILL" {
		a.Killer = "nobody in the tree: the kernel, when memory is short, or somebody outside"
	}
	for _, c := range p.Children {
		if killedBy(t, c, p) && a.Note == "" {
			a.Note = p.String() + " itself ended " + c.String() + " by " + show.Q(c.End.Signal) + "."
		}
	}
	speaker, said := speaker(p)
	if speaker != nil {
		who := processAt(speaker, 1<<62)
		a.Said, a.SaidCut, a.Speaker = show.Bytes(said), speaker.SaidCut, &who
	}
	a.Mishaps = mishaps(t, family(p), said)
	if p.End != nil && p.End.Exit == 1 && p.Said == "" && asking[p.Name()] && p.Parent != nil && a.Note == "" {
		a.Note = p.String() + " may only have answered no: look at what " + p.Parent.String() + " made of it."
	}
	a.Next = whyNext(t, a, p)
}

// family is a process and its forks that stayed what it was.
func family(p *trail.Proc) []*trail.Proc {
	list := []*trail.Proc{p}
	for _, c := range p.Children {
		if isFork(c) {
			list = append(list, family(c)...)
		}
	}
	return list
}

// speaker finds whose words tell why a process failed: its own, its forks', those of what it was connected to by a
// pipe, its children's that failed, its ancestors'.
func speaker(p *trail.Proc) (*trail.Proc, string) {
	candidates := family(p)
	if p.Parent != nil {
		for _, c := range p.Parent.Children {
			if c != p && piped(c, p) {
				candidates = append(candidates, c)
			}
		}
	}
	for i := len(p.Children) - 1; i >= 0; i-- {
		if p.Children[i].Failed() {
			candidates = append(candidates, p.Children[i])
		}
	}
	for i := len(p.Children) - 1; i >= 0; i-- {
		if !p.Children[i].Failed() { // cat >&2, echo
			candidates = append(candidates, p.Children[i])
		}
	}
	for _, q := range append(candidates, p.Chain()...) {
		if strings.TrimSpace(q.Said) != "" {
			return q, q.Said
		}
	}
	return nil, ""
}

// sender says who sent a signal.
func sender(s *trail.Signal) string {
	switch {
	case s.From == s.To:
		return "itself"
	case s.From != nil:
		return s.From.Line()
	case s.PID != 0:
		return "a process outside the tree (pid " + itoa(s.PID) + ")"
	}
	return "the kernel"
}

// whyNext are the questions that will tell more.
func whyNext(t *trail.Trail, a *WhyAnswer, p *trail.Proc) (list []Next) {
	number := func(p *trail.Proc) string { return "#" + itoa(p.ID) }
	for _, m := range a.Mishaps {
		if m.rank >= 100 && !m.Injected {
			if (m.Errno == "ENOENT" || m.Errno == "ENOTDIR") && len(m.Dirs) > 1 {
				list = append(list, next("where it looked", "missing", number(p)))
			} else if usedByOthers(t, string(m.Path), p) {
				list = append(list, next("who else had that file", "who", string(m.Path)))
			}
			break
		}
	}
	list = append(list, next("run that command again, alone", "cmd", number(runnable(p))))
	if p.Parent != nil && p.Parent.Parent != nil {
		list = append(list, next("what ran before it", "tree", number(p.Parent)))
	}
	return list
}

// runnable is the nearest process of the chain that a person would run again: not a part of a compiler, which reads
// temporary files that are gone.
func runnable(p *trail.Proc) *trail.Proc {
	for q := p; q.Parent != nil; q = q.Parent {
		switch q.Name() {
		case "cc1", "cc1plus", "as", "ld", "collect2", "lto1", "lto-wrapper", "f951":
		default:
			if !isFork(q) {
				return q
			}
		}
	}
	return p
}

// usedByOthers says whether anybody but p did anything with a path.
func usedByOthers(t *trail.Trail, path string, p *trail.Proc) bool {
	for i := range t.Uses {
		if u := &t.Uses[i]; (u.Path == path || u.To == path && u.Op != event.OpSymlink) && u.Proc != p && u.Errno == "" {
			return true
		}
	}
	return false
}

// Status is 0 if a cause was found, 1 if the command succeeded, 2 if the recording does not tell.
func (a *WhyAnswer) Status() int {
	switch {
	case a.Failed == nil || *a.Failed && len(a.Chain) == 0:
		return 2
	case *a.Failed:
		return 0
	}
	return 1
}
