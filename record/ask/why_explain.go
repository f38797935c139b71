package ask

import (
	"cmp"
	"slices"
	"strings"

	"sydbox/record/show"
	"sydbox/record/trail"
)

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
	var suspects []*trail.Proc
	if isShell(p) || isMake(p) || p.Said == "" {
		suspects = suspectsBelow(t, p)
	}
	for _, q := range suspects {
		a.Suspects = append(a.Suspects, failure(q))
	}
	speaker, said := speaker(p, suspects)
	if speaker != nil {
		who := processAt(speaker, 1<<62)
		a.Said, a.Speaker, a.Lost = show.Bytes(said), &who, strings.TrimSpace(speaker.Said) == ""
		if !a.Lost {
			a.SaidCut = speaker.SaidCut
		}
	}
	a.Mishaps = mishaps(t, append(family(p), suspects...), said)
	if p.End != nil && p.End.Exit == 1 && p.Said == "" && asking[p.Name()] && p.Parent != nil && a.Note == "" {
		a.Note = p.String() + " may only have answered no: look at what " + p.Parent.String() + " made of it."
	}
	if hint := tracedTwice(said); hint != "" && a.Note == "" {
		a.Note = hint
	}
	a.Next = whyNext(t, a, p)
}

// tracedTwice knows the words of those that wanted to trace what is traced already: ptrace(2) lets only one do so.
func tracedTwice(said string) string {
	switch {
	case strings.Contains(said, "LeakSanitizer has encountered a fatal error"),
		strings.Contains(said, "LeakSanitizer does not work under ptrace"):
		return "LeakSanitizer traces its process, and that is traced already, by the recorder: record it with " +
			"ASAN_OPTIONS=detect_leaks=0 (or LSAN_OPTIONS, for the leak checker alone)."
	case strings.Contains(said, "ptrace") && strings.Contains(said, "Operation not permitted"):
		return "A process that is recorded cannot be traced by another: gdb, strace and the like do not work in here."
	}
	return ""
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

// suspectsMost bounds the suspects.
const suspectsMost = 5

// suspectsBelow are what failed first below a process that went on, and then failed by itself; the last of them.
// Programs whose status is an answer count only if they had something to say.
func suspectsBelow(t *trail.Trail, p *trail.Proc) (list []*trail.Proc) {
	for _, c := range p.Children {
		if !c.Failed() || killedBy(t, c, p) || brokenPipe(c, p) {
			continue
		}
		chain, _ := trace(t, c)
		if deep := chain[len(chain)-1]; !asking[deep.Name()] || deep.Said != "" {
			list = append(list, deep)
		}
	}
	slices.SortStableFunc(list, func(x, y *trail.Proc) int { return cmp.Compare(x.Died, y.Died) })
	return list[max(0, len(list)-suspectsMost):]
}

// speaker finds whose words tell why a process failed: its own, its forks', those of what it was connected to by a
// pipe, those of what failed below it, its children's, its ancestors'. What went to /dev/null comes last: a script asks
// many things whose answer is no, and hides that. It can be the only trace, though.
func speaker(p *trail.Proc, suspects []*trail.Proc) (*trail.Proc, string) {
	candidates := family(p)
	if p.Parent != nil {
		for _, c := range p.Parent.Children {
			if c != p && piped(c, p) {
				candidates = append(candidates, c)
			}
		}
	}
	for i := len(suspects) - 1; i >= 0; i-- {
		candidates = append(candidates, suspects[i])
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
	for _, q := range candidates {
		if strings.TrimSpace(q.Lost) != "" {
			return q, q.Lost
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
	switch s.Signal {
	case "SIGINT", "SIGQUIT":
		return "the terminal (Ctrl-C, say)"
	case "SIGHUP":
		return "the kernel: the terminal is gone"
	}
	return "the kernel"
}
