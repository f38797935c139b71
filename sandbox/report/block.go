package report

import (
	"fmt"
	"strings"

	"sydbox/event"
	"sydbox/policy"
)

// block is what a terminal shows of one denial.
func block(d *event.Denial, s style) string {
	var b strings.Builder
	fmt.Fprintf(&b, "sydbox: %s %s\n", s.red(verb(d)), what(d))
	line := func(label, text string) { fmt.Fprintf(&b, "  %s %s\n", s.dim(fmt.Sprintf("%-5s", label)), text) }
	if by := who(d.Chain); by != "" || d.Dir != "" {
		if d.Dir != "" {
			by = strings.TrimLeft(by+"  in "+event.Quote(d.Dir), " ")
		}
		if len(d.Chain) == 0 {
			line("as", "the command itself, "+by)
		} else {
			line("by", by)
		}
	}
	switch call := callOf(d); {
	case d.Typed != "":
		line("typed", strings.TrimRight(event.Quote(d.Typed)+"   "+call, " "))
	case call != "":
		line("call", call)
	}
	if d.Rule != (event.Rule{}) {
		line("rule", ruleOf(d.Rule))
	}
	if d.Why != "" {
		line("why", d.Why)
	}
	if asksForName(d) {
		line("note", "a name server was asked for the address of "+event.Quote(d.Host))
	}
	if d.Natural != "" {
		line("note", "file permissions refuse it too ("+d.Natural+"), no rule helps")
	}
	return b.String()
}

// verb says what was done: the call was denied, or happened and would have been, or a warn rule asked to be told.
func verb(d *event.Denial) string {
	switch {
	case d.Action != "warn":
		return "denied"
	case d.Rule.Action == "warn":
		return "warning:"
	}
	return "would deny"
}

// what names the operation, its object and what came of it.
func what(d *event.Denial) string {
	words := make([]string, 0, 3)
	if d.Op != "" {
		words = append(words, d.Op)
	}
	switch {
	case onAddress(d):
		words = append(words, where(d))
	case d.Path != "":
		words = append(words, event.Quote(d.Path))
	case d.Typed != "":
		words = append(words, event.Quote(d.Typed)) // it could not be resolved
	case d.Target.PID != 0:
		words = append(words, target(d))
	}
	if len(words) == 0 {
		words = append(words, d.Call)
	}
	switch {
	case d.Action == "kill":
		words = append(words, "(process killed)")
	case d.Action == "kill-tree":
		words = append(words, "(everything killed)")
	case d.Errno != "":
		words = append(words, "("+d.Errno+")")
	}
	return strings.Join(words, " ")
}

// target names the process that a call was aimed at.
func target(d *event.Denial) string {
	of := "of"
	if d.Op == "signal" {
		of = "to"
	}
	switch pid := d.Target.PID; {
	case pid == -1:
		return of + " every process"
	case pid < 0:
		return fmt.Sprintf("%s process group %d", of, -pid)
	case d.Target.Name == "":
		return fmt.Sprintf("%s process %d", of, pid)
	}
	return fmt.Sprintf("%s %s[%d]", of, event.Quote(d.Target.Name), d.Target.PID)
}

// shownChain is how many processes of a chain a block shows; of a longer one the middle is left out.
const shownChain = 6

func who(chain []event.Process) string {
	var b strings.Builder
	for i, p := range chain {
		if len(chain) > shownChain && i == shownChain-2 {
			b.WriteString(" < …")
		}
		if len(chain) > shownChain && i >= shownChain-2 && i < len(chain)-1 {
			continue
		}
		if i > 0 {
			b.WriteString(" < ")
		}
		fmt.Fprintf(&b, "%s[%d]", event.Quote(p.Name), p.PID)
	}
	return b.String()
}

// callOf names the call, with the protocol of the socket that it was made on.
func callOf(d *event.Denial) string {
	call := d.Call
	if call != "" && d.Flags != "" {
		call += "(" + d.Flags + ")"
	}
	if call != "" && d.Protocol != "" {
		call += ", " + event.Quote(d.Protocol)
	}
	return call
}

// Rule is a rule of a policy as a person looks for it: where it stands, its section, its action and its pattern.
func Rule(r *policy.Rule) string {
	return ruleOf(event.Rule{
		Section: r.Section.String(), Action: r.Action.String(), Text: r.Text, Source: r.Source, Line: r.Line,
	})
}

func ruleOf(r event.Rule) string {
	where := event.Quote(r.Source)
	if spaced[r.Source] {
		where = r.Source
	}
	if r.Line > 0 {
		where = fmt.Sprintf("%s:%d", where, r.Line)
	}
	if r.Text == textDefault {
		return fmt.Sprintf("%s [%s] default", where, r.Section)
	}
	return fmt.Sprintf("%s [%s] %s %s", where, r.Section, r.Action, event.Quote(r.Text))
}

// spaced are the sources of rules that are two words and no file's name.
var spaced = map[string]bool{"command line": true, "built in": true}

// textDefault is the text of a rule that is a section's default (policy.Rule).
const textDefault = "default"
