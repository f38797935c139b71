package ask

import (
	"slices"
	"strconv"
	"strings"

	"sydbox/record/show"
)

// Text implements Answer.
func (a *NondetAnswer) Text(p *show.Printer) {
	if len(a.Proved) == 0 {
		p.Line("Nothing of this one build was found in what it made (%s searched).", count(a.Searched, "file"))
	} else {
		p.Heading("In what was made (%s searched)", count(a.Searched, "file"))
		proofs(p, a.Proved, a.dir)
	}
	if len(a.Own) > 0 {
		var names []string
		for _, hit := range a.Own {
			if name := show.Q(relative(string(hit.Path), a.dir)); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		p.Gap()
		p.Wrap(0, p.Paint(show.Bold, "In files that a build keeps for itself")+" ("+count(len(names), "file")+"): "+
			strings.Join(names, " "))
	}
	if len(a.Causes) > 0 {
		p.Gap()
		p.Heading("What could make two builds differ")
		var t show.Table
		for _, c := range a.Causes {
			t.Add(safeLine(c.What), c.line())
		}
		p.Table(&t, 2)
	}
	for i, note := range a.Notes {
		if i == 0 {
			p.Gap()
		}
		p.Wrap(0, p.Paint(show.Faint, "note: "+note))
	}
}

// line is what a cause is, and who did it first.
func (c *Cause) line() string {
	var parts []string
	if c.Text != "" {
		parts = append(parts, safeLine(string(c.Text)))
	}
	switch {
	case c.Programs != nil:
		names := make([]string, len(c.Programs))
		for i, n := range c.Programs {
			names[i] = show.Q(string(n))
		}
		parts = append(parts, strings.Join(names, ", "))
	case c.By != nil:
		parts = append(parts, c.By.Line())
	}
	line := strings.Join(parts, "  ")
	if c.Count > 1 {
		line += ", " + strconv.Itoa(c.Count) + " times"
	}
	return line
}

// proofs writes what was found. Of what the same program wrote the first is told in full, as is all that an argument
// brought; of the others, and of what has it from another file, the names.
func proofs(p *show.Printer, list []*Proof, dir string) {
	for _, what := range []string{"time", "build path", "host name", "user", "home", "kernel", "temporary name"} {
		var from, programs []string
		others := make(map[string][]string)
		first := true
		for _, hit := range list {
			if hit.What != what {
				continue
			}
			name := show.Q(relative(string(hit.Path), dir))
			program := string(hit.By.Name)
			switch _, again := others[program]; {
			case hit.From != "":
				from = append(from, name+" (from "+show.Q(relative(string(hit.From), dir))+")")
				continue
			case again && hit.Argument == nil:
				others[program] = append(others[program], name)
				continue
			case !again:
				others[program] = nil
				programs = append(programs, program)
			}
			if first {
				p.Gap()
				p.Line("%s", p.Paint(show.Warn, what))
				first = false
			}
			hit.text(p, name)
		}
		for _, program := range programs {
			if names := others[program]; len(names) > 0 {
				p.Wrap(2, "and "+count(len(names), "other")+" by "+show.Q(program)+": "+strings.Join(names, " "))
			}
		}
		if len(from) > 0 {
			p.Wrap(2, "and "+strings.Join(from, ", "))
		}
	}
}

func (hit *Proof) text(p *show.Printer, name string) {
	as := ""
	if hit.As != "" {
		as = ", in the " + hit.As
	}
	p.Wrap(2, p.Paint(show.Bold, name)+" at byte "+strconv.FormatInt(hit.Offset, 10)+": "+show.Q(string(hit.Text))+as)
	p.Wrap(4, "by "+hit.By.Line())
	p.Wrap(4, hit.By.Command())
	if hit.Argument != nil && hit.Argument.Proc != hit.By.Proc {
		p.Wrap(4, "an argument of "+hit.Argument.Line())
		p.Wrap(4, hit.Argument.Command())
	}
}
