package ask

import (
	"cmp"
	"slices"

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
	// Lost says that this was /dev/null: nobody has read it.
	Lost bool `json:"stderr_lost,omitempty"`
	// Suspects failed below the process that failed first, which went on: a test that a loop ran, say. The last ones.
	Suspects []*Failure `json:"suspects,omitempty"`
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
	failed, attached := root.Failed(), len(t.Head.Attached) > 0
	for i := 0; attached && !failed && i < len(t.Procs); i++ {
		if p := t.Procs[i]; p.Parent == nil && p.Failed() {
			root, failed = p, true
		}
	}
	if root.End == nil && t.Finish != nil {
		failed = t.Finish.Exit != 0 || t.Finish.Signal != ""
	}
	interrupted := !attached && t.Finish != nil && t.Finish.Interrupted
	if !interrupted && (root.End != nil || !attached && t.Finish != nil) {
		a.Failed = &failed
	}
	if a.Failed != nil && !failed {
		a.Tolerated = failures(t)
		return a
	}
	chain, others := trace(t, root)
	if a.Failed == nil {
		ended := func(p *trail.Proc) bool { return p.End != nil && !(interrupted && p.End.Signal == "SIGKILL") }
		if chain, others = unfinished(t, ended); chain == nil {
			a.Note = "Nothing had failed for good by then."
			a.Tolerated = failures(t)
			return a
		}
		a.Note = "The recording ends before what it is of: this may not be why that would have failed."
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

// unfinished looks for what had failed last, and was not tolerated, when a recording was cut off. ended says what had an
// end of its own by then: what the recorder killed has not.
func unfinished(t *trail.Trail, ended func(*trail.Proc) bool) (chain, others []*trail.Proc) {
	var last *trail.Proc
	for _, p := range t.Procs {
		if p.Failed() && ended(p) && p.Parent != nil && !ended(p.Parent) && !tolerated(p) &&
			(last == nil || p.Died > last.Died) {
			last = p
		}
	}
	if last == nil {
		return nil, nil
	}
	chain = last.Parent.Chain()
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
