package ask

import (
	"fmt"
	"strconv"
	"strings"

	"sydbox/record/show"
	"sydbox/sandbox/report"
)

// Text implements Answer: it is the policy as a file.
func (a *PolicyAnswer) Text(p *show.Printer) {
	for line := range strings.Lines(a.Policy) {
		p.Line("%s", strings.TrimRight(line, "\n"))
	}
}

// sectionOrder is the order of sections in a file.
var sectionOrder = []string{"write", "create", "delete", "attr", "exec", "connect", "bind"}

// file writes a policy. a has what is told besides the rules; with nil it is only tried.
func (m *policyMaker) file(grants []*grant, a *PolicyAnswer) string {
	var b strings.Builder
	if a != nil {
		m.header(&b, a)
	}
	b.WriteString("version = 1\n")
	if m.o.Bare {
		b.WriteString("extends = []\n")
	} else {
		b.WriteString("extends = [\"build\"]\n")
	}
	for _, section := range sectionOrder {
		var head strings.Builder
		if section == "exec" && m.o.Exec {
			head.WriteString("default = \"deny\"\n")
		}
		for _, action := range []string{"allow", "mute"} {
			lines := rulesOf(grants, section, action, a != nil)
			if lines != "" {
				head.WriteString(action + " = [\n" + lines + "]\n")
			}
		}
		if head.Len() > 0 {
			b.WriteString("\n[" + section + "]\n" + head.String())
		}
	}
	return b.String()
}

// header says what the policy was made of, and what it does not know.
func (m *policyMaker) header(b *strings.Builder, a *PolicyAnswer) {
	words := make([]string, len(m.t.Head.Command))
	for i, w := range m.t.Head.Command {
		words[i] = report.ShellQuote(w)
	}
	fmt.Fprintf(b, "# What this command needed, recorded on %s by %s, in %s:\n#     %s\n",
		m.t.Head.Time.Format("2006-01-02 15:04"), safe(m.t.Head.Tool), show.Q(m.t.Head.Dir), strings.Join(words, " "))
	if len(a.Rules) == 0 && !m.o.Bare {
		b.WriteString("# It needs nothing that the profile build does not allow.\n")
	}
	for _, note := range a.Notes {
		b.WriteString("# Note: " + safe(note) + ".\n")
	}
	for _, r := range a.Unmet {
		b.WriteString("# No rule was found that allows: " + r.text() + ".\n")
	}
}

// rulesOf are the elements of one list.
func rulesOf(grants []*grant, section, action string, told bool) string {
	var b strings.Builder
	last := ""
	for _, x := range grants {
		if x.section != section || x.action != action {
			continue
		}
		if why := "    # " + x.describe().why() + "\n"; told && why != last {
			b.WriteString(why)
			last = why
		}
		b.WriteString("    " + tomlQuote(x.pattern()) + ",\n")
	}
	return b.String()
}

// describe is a grant as an answer has it.
func (x *grant) describe() *PolicyRule {
	r := &PolicyRule{Section: x.section, Action: x.action, Rule: show.Bytes(x.pattern()), Operations: x.ops.String()}
	names, procs := make(map[string]bool), make(map[int]bool)
	for _, n := range x.needs {
		name := n.path
		if n.address != "" {
			name = n.address
		}
		if len(names) == 0 {
			r.Example, r.By = show.Bytes(name), actor(n.by, n.at)
		}
		names[name] = true
		if n.by != nil {
			procs[n.by.ID] = true
		}
	}
	r.Names, r.Processes = len(names), len(procs)
	return r
}

// verbs are what operations are called in the comment of a rule.
var verbs = map[string]string{
	"create": "creates", "delete": "deletes", "attr": "sets attributes of", "write": "writes", "exec": "executes",
	"connect": "reaches", "bind": "offers", "read": "reads", "stat": "looks at",
}

// why says who needed a rule: a line that can be a comment, for nothing in it ends a line.
func (r *PolicyRule) why() string {
	var did []string
	for op := range strings.SplitSeq(r.Operations, "|") {
		if verb, ok := verbs[op]; ok {
			did = append(did, verb)
		}
	}
	if r.Action == "mute" {
		for i, verb := range did {
			did[i] = "in vain " + verb
		}
	}
	text := r.By.Line() + ": " + strings.Join(did, ", ") + " "
	if r.Names > 1 {
		text += strconv.Itoa(r.Names) + " names, first "
	}
	text += show.Q(string(r.Example))
	switch {
	case r.Processes == 2:
		text += "; so does 1 other process"
	case r.Processes > 2:
		text += "; so do " + count(r.Processes-1, "other process")
	}
	return text
}
