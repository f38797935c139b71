package ask

import (
	"strings"
	"time"

	"sydbox/record/show"
	"sydbox/record/trail"
	"sydbox/sandbox/report"
)

// How much of a list the summary shows.
const (
	summaryPaths = 5
	summaryNexts = 6
)

// ask finds the questions that have something to say.
func (a *SummaryAnswer) ask(t *trail.Trail) {
	if a.Why != nil {
		a.Next = append(a.Next, a.Why.Next...)
		a.Why.Next = nil
	}
	add := func(ok bool, why, question string, args ...string) {
		if ok && len(a.Next) < summaryNexts {
			a.Next = append(a.Next, next(why, question, args...))
		}
	}
	add(len(a.Alive) > 0, "what outlived the command", "leftovers")
	add(len(a.Network)+len(a.Names) > 0, "who used the network, and for what", "net")
	add(Races(t).Status() == 1, "files that parallel jobs used without waiting for each other", "races")
	add(len(a.WrittenOut) > 0, "what was written, and where", "outputs")
	add(a.ReadOut > 0, "what was read outside, by package", "inputs")
	if a.Exit == nil || *a.Exit != 0 || a.Failed > 0 {
		add(a.Failed > 0 && a.Why == nil, "what failed without making the command fail", "tree", "--failed")
	}
	names := 0
	for _, m := range Missing(t, MissingOptions{NeverFound: true}).Names {
		if m.Kind == seekHeader || m.Kind == seekProgram || m.Kind == seekPackage {
			names++
		}
	}
	add(names > 0, count(names, "program, header or package name")+" never found", "missing", "--never-found")
	add(len(t.Procs) > 10, "where the time went", "stats")
}

// Text implements Answer.
func (a *SummaryAnswer) Text(p *show.Printer) {
	a.title(p)
	if a.Why != nil {
		a.Why.All, a.Why.Recording = false, a.Recording
		p.Gap()
		a.Why.Text(p)
	}
	p.Gap()
	var t show.Table
	row := func(name, text string) { t.Add(p.Paint(show.Faint, name), text) }
	took := span(time.Duration(a.Wall))
	if a.CPU > 0 {
		took += ", CPU " + span(time.Duration(a.CPU))
	}
	row("time", took)
	procs := count(a.Processes, "process") + ", " + count(a.Programs, "program") + " run"
	if a.Failed > 0 {
		procs += ", " + itoa(a.Failed) + " failed"
	}
	row("processes", procs)
	if len(a.Alive) > 0 {
		row("still alive", processList(a.Alive, false))
	}
	read := count(a.Read, "file")
	if a.Read > 0 {
		read += ", " + itoa(a.ReadOut) + " of them outside of the directory"
	}
	row("read", read)
	written := count(a.Written, "file")
	if n := len(a.WrittenOut); n > 0 {
		written += ", outside of the directory and /tmp: " + pathList(a.WrittenOut, summaryPaths)
	}
	row("written", written)
	network := "nobody reached out"
	if len(a.Network) > 0 {
		network = strings.Join(a.reached[:min(len(a.reached), summaryPaths)], " ")
		if n := len(a.reached) - summaryPaths; n > 0 {
			network += " and " + itoa(n) + " more"
		}
	}
	if len(a.Names) > 0 {
		network += "; asked for " + pathList(a.Names, summaryPaths)
	}
	row("network", network)
	for _, d := range a.Denied {
		row("would deny", p.Paint(show.Warn, show.Q(string(d.Rule)))+times(d.Count)+", first "+show.Q(string(d.First))+" by "+
			d.By.String())
	}
	if len(a.Policies) > 0 && len(a.Denied) == 0 {
		row("would deny", "nothing, by "+show.Q(strings.Join(a.Policies, " ")))
	}
	if len(a.Injected) > 0 {
		row("injected", pathList(a.Injected, len(a.Injected))+", "+count(a.InjectedTimes, "time"))
	}
	p.Table(&t, 0)
	nextLines(p, a.Next, a.Recording)
}

// title writes the command and how it ended.
func (a *SummaryAnswer) title(p *show.Printer) {
	words := make([]string, len(a.Command))
	for i, w := range a.Command {
		words[i] = report.ShellQuote(string(w))
	}
	what := strings.Join(words, " ")
	if len(a.Attached) > 0 {
		pids := make([]string, len(a.Attached))
		for i, pid := range a.Attached {
			pids[i] = itoa(pid)
		}
		what = "attached to " + strings.Join(pids, ", ")
	}
	style := show.Bad
	switch a.Result {
	case "ok", "detached", "ended":
		style = show.Good
	case "not ended", "interrupted":
		style = show.Warn
	}
	p.Wrap(0, p.Paint(show.Bold, what)+": "+p.Paint(style, a.Result)+", in "+dirText(string(a.Dir)))
}

// pathList is paths as a line, at most so many of them.
func pathList(list []show.Bytes, most int) string {
	if len(list) <= most {
		return dirList(list)
	}
	return dirList(list[:most]) + " and " + itoa(len(list)-most) + " more"
}

// dirText names a directory that may have had no name any more.
func dirText(dir string) string {
	if dir == "" {
		return "a directory that was deleted"
	}
	return show.Q(dir)
}
