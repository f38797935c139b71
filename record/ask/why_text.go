package ask

import (
	"strconv"
	"strings"

	"sydbox/record/show"
)

func itoa(n int) string { return strconv.Itoa(n) }

// How much of what is long the text shows without --all.
const (
	saidLines   = 20
	mishapsMost = 6
	othersMost  = 10
	commandMost = 240 // recipes of automake have thousands
)

// shortened leaves the end of a very long command line to another question.
func (a *WhyAnswer) shortened(command string, id int) string {
	runes := []rune(command)
	if a.All || len(runes) <= commandMost {
		return command
	}
	return string(runes[:commandMost]) + " … " + count(len(runes)-commandMost, "character") + " more: " +
		next("", "cmd", "#"+itoa(id)).line(a.Recording)
}

// Text implements Answer.
func (a *WhyAnswer) Text(p *show.Printer) {
	if a.Failed != nil && !*a.Failed {
		p.Line("The command succeeded.")
		if a.Tolerated > 0 {
			p.Wrap(0, "Of what it ran, "+count(a.Tolerated, "process")+" failed, and it went on: "+
				next("", "tree", "--failed").line(a.Recording))
		}
		return
	}
	if len(a.Chain) == 0 {
		p.Wrap(0, a.Note)
		return
	}
	a.first(p)
	a.why(p)
	a.rest(p)
	nextLines(p, a.Next, a.Recording)
}

// first writes what failed first, and whom it made fail.
func (a *WhyAnswer) first(p *show.Printer) {
	f := a.Chain[0]
	what := "failed"
	if len(a.Chain) > 1 {
		what = "failed first"
	}
	p.Wrap(0, p.Paint(show.Bad, f.String()+" "+what+": "+f.outcome)+" at "+moment(f.At)+", in "+show.Q(string(f.Dir)))
	if a.Killer != "" {
		p.Wrap(2, "The signal came from "+a.Killer+".")
	}
	if a.Note != "" {
		p.Wrap(2, a.Note)
	}
	var t show.Table
	for i, f := range a.Chain {
		mark := ""
		if i > 0 {
			mark = "< "
		}
		command := f.command
		if f.Fork {
			command = "(a fork of " + f.proc.Parent.String() + ")"
		}
		t.Add(mark+f.String(), f.outcome, a.shortened(command, f.ID))
		if i > 0 && f.Last != "" {
			t.Add("", "", p.Paint(show.Faint, "said: "+safeLine(string(f.Last))))
		}
	}
	p.Gap()
	p.Table(&t, 2)
}

// why writes what it tried in vain and what it said.
func (a *WhyAnswer) why(p *show.Printer) {
	list, hidden := a.Mishaps, 0
	if !a.All {
		list = nil
		for _, m := range a.Mishaps {
			if (m.rank > 0 || m.rank == 0 && a.Speaker == nil) && len(list) < mishapsMost {
				list = append(list, m)
			}
		}
		hidden = len(a.Mishaps) - len(list)
	}
	if len(list) > 0 {
		p.Gap()
		p.Heading("What it tried in vain")
		mishapLines(p, list)
		if hidden > 0 {
			p.Line("  %s", p.Paint(show.Faint, "and "+itoa(hidden)+" more: --all"))
		}
	}
	if len(a.Suspects) > 0 {
		p.Gap()
		p.Heading("Failed below it before, and it went on")
		failureLines(p, a.Suspects)
	}
	p.Gap()
	if a.Speaker == nil {
		p.Line("Nothing was written to standard error.")
		return
	}
	lines := strings.Split(strings.TrimRight(string(a.Said), "\n"), "\n")
	from := 0
	if !a.All {
		from = max(0, len(lines)-saidLines)
	}
	if a.Lost {
		p.Heading("%s wrote to standard error, which was /dev/null", a.Speaker)
	} else {
		p.Heading("%s wrote to standard error", a.Speaker)
	}
	switch {
	case from > 0:
		p.Line("  %s", p.Paint(show.Faint, count(from, "line")+" before that: --all"))
	case a.SaidCut > 0:
		p.Line("  %s", p.Paint(show.Faint, size(a.SaidCut)+" before that were not kept"))
	}
	for _, line := range lines[from:] {
		if line = safeLine(line); line == "" {
			p.Gap()
			continue
		}
		p.Wrap(2, line)
	}
}

// rest writes what else failed.
func (a *WhyAnswer) rest(p *show.Printer) {
	if len(a.Others) > 0 {
		p.Gap()
		p.Heading("Failed too")
		list := a.Others
		if !a.All {
			list = list[:min(len(list), othersMost)]
		}
		failureLines(p, list)
		if more := len(a.Others) - othersMost; more > 0 && !a.All {
			p.Line("  %s", p.Paint(show.Faint, "and "+itoa(more)+" more: --all"))
		}
	}
	if a.Tolerated > 0 {
		p.Gap()
		p.Wrap(0, p.Paint(show.Faint, count(a.Tolerated, "other process")+
			" failed without making the command fail: "+next("", "tree", "--failed").line(a.Recording)))
	}
}

// failureLines writes processes that failed.
func failureLines(p *show.Printer, list []*Failure) {
	var t show.Table
	for _, f := range list {
		t.Add(moment(f.At), f.String(), f.outcome, f.command)
	}
	p.Table(&t, 2)
}

// safeLine is a line that a program wrote for people: its colours are taken out, and it is quoted only where there is
// something else in it that a terminal would obey. Its spaces stay.
func safeLine(line string) string {
	line = strings.TrimRight(expandTabs(withoutColour(line)), " \r")
	var b strings.Builder
	for _, word := range strings.SplitAfter(line, " ") {
		plain := strings.NewReplacer(" ", "", `"`, "", `\`, "").Replace(word)
		if plain == "" || show.Q(plain) == plain {
			b.WriteString(word)
			continue
		}
		quoted := show.Q("\"" + strings.TrimSuffix(word, " "))
		b.WriteString(strings.TrimSuffix(strings.TrimPrefix(quoted, `"\"`), `"`))
		if strings.HasSuffix(word, " ") {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// withoutColour takes SGR and line-erasing sequences out (ECMA-48), which compilers write.
func withoutColour(s string) string {
	for from := 0; ; {
		i := strings.Index(s[from:], "\x1b[")
		if i < 0 {
			return s
		}
		i += from
		end := i + 2
		for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == ';') {
			end++
		}
		if end < len(s) && (s[end] == 'm' || s[end] == 'K') {
			s, from = s[:i]+s[end+1:], i
			continue
		}
		from = end
	}
}

// expandTabs puts spaces for tabs.
func expandTabs(s string) string {
	var b strings.Builder
	column := 0
	for _, part := range strings.SplitAfter(s, "\t") {
		text := strings.TrimSuffix(part, "\t")
		b.WriteString(text)
		column += len(text)
		if len(text) < len(part) {
			n := 8 - column%8
			b.WriteString(strings.Repeat(" ", n))
			column += n
		}
	}
	return b.String()
}

// lastLine is the last line of a text that is not empty.
func lastLine(text string) string {
	text = strings.TrimRight(text, " \t\r\n")
	return text[strings.LastIndexByte(text, '\n')+1:]
}
