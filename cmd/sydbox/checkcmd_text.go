package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/policy/program"
	"sydbox/sandbox/report"
)

// Bounds of what is shown of a command line; --json has all of it.
const (
	shownWords = 24
	shownBytes = 80 // of one word
)

// write writes the findings for a person: of each the command, the verdict with the rule that decides and those that
// lost, the steps to the program and the names by which rules know it.
func (c *checker) write(out *strings.Builder) {
	for _, f := range c.findings {
		indent := strings.Repeat("  ", f.depth)
		out.WriteString(indent)
		out.WriteString(strings.Trim(f.by+" "+quoteWords(f.words), " "))
		if f.path != "" && (len(f.words) == 0 || f.path != string(f.words[0])) {
			out.WriteString(" -> " + quoteShort(f.path))
		}
		out.WriteByte('\n')
		writeRows(out, indent+"  ", f.rows())
	}
	if c.full {
		fmt.Fprintf(out, "cannot say more: there are more than %d commands\n", maxCheckCommands)
	}
	c.writeTotal(out)
}

// writeTotal counts the verdicts, where there is more than one.
func (c *checker) writeTotal(out *strings.Builder) {
	if len(c.findings) < 2 {
		return
	}
	var count [4]int
	for _, f := range c.findings {
		count[f.verdict]++
	}
	fmt.Fprintf(out, "%d commands", len(c.findings))
	sep := ": "
	for _, part := range []struct {
		n    int
		text string
	}{
		{count[verdictDenied], "denied"}, {count[verdictUnknown], "cannot be told"},
		{count[verdictAllowed], "allowed"}, {count[verdictNoExec], "without an exec"},
	} {
		if part.n > 0 {
			fmt.Fprintf(out, "%s%d %s", sep, part.n, part.text)
			sep = ", "
		}
	}
	out.WriteByte('\n')
}

// rows are the lines of a finding: a label and a text.
func (f *finding) rows() [][2]string {
	var rows [][2]string
	row := func(label, text string) { rows = append(rows, [2]string{label, text}) }
	switch {
	case f.verdict == verdictNoExec:
		row(f.verdict.String(), f.why)
		return rows
	case f.verdict == verdictUnknown:
		row(f.verdict.String(), oneLine(f.why))
	case f.judged:
		row(f.action(), report.Rule(f.decision.Rule))
		if f.why != "" {
			label := "note"
			if f.verdict == verdictDenied {
				label = "why"
			}
			row(label, oneLine(f.why))
		}
		if f.decision.Hint != "" {
			row("hint", oneLine(f.decision.Hint))
		}
	}
	if f.judged && f.verdict != verdictUnknown {
		for _, m := range f.lost {
			row("over "+m.Action.String(), report.Rule(m.Rule))
		}
	}
	if f.id == nil {
		return rows
	}
	for _, step := range f.id.Steps {
		row("step", stepText(step))
	}
	return append(rows, f.nameRows()...)
}

// stepText is Step.String with the quoting and the lengths of this output.
func stepText(s program.Step) string {
	text := s.What
	if len(s.UnsafePath) > 0 {
		text += " " + quoteShort(shownWord(s.UnsafePath))
	}
	if s.Note != "" {
		text += ": " + oneLine(s.Note)
	}
	return text
}

// action is what the policy does, with the error that a denial returns.
func (f *finding) action() string {
	text := f.decision.Action.String()
	if f.decision.Denied() && f.decision.Errno != 0 {
		text += " (" + unix.ErrnoName(f.decision.Errno) + ")"
	}
	return text
}

// nameRows lists the names, those that are the same text and way once.
func (f *finding) nameRows() [][2]string {
	type key struct {
		text string
		how  program.How
	}
	seen := make(map[key]bool)
	var rows [][2]string
	width := 0
	for i := range f.id.Names {
		n := &f.id.Names[i]
		matched := f.decision.Name == n && f.judged
		k := key{string(n.Text), n.How}
		if seen[k] && !matched {
			continue
		}
		seen[k] = true
		if len(rows) == shownWords && !matched {
			continue
		}
		label := "name"
		if matched {
			label = "matched"
		}
		text := quoteShort(string(n.Text))
		width = max(width, utf8.RuneCountInString(text))
		rows = append(rows, [2]string{label, text + "\t" + howOf(n)})
	}
	for i := range rows {
		text, how, _ := strings.Cut(rows[i][1], "\t")
		rows[i][1] = text + strings.Repeat(" ", width-utf8.RuneCountInString(text)) + "  " + how
	}
	return rows
}

// howOf says how a name was found and what it is worth.
func howOf(n *program.Name) string {
	text := n.How.String()
	if n.How == program.Copy || n.How == program.Same {
		text += " of it"
	} else if n.Detail != "" {
		text += ", " + oneLine(n.Detail)
	}
	switch {
	case n.Runs:
		text += ", what runs"
	case n.Unsure:
		text += ", perhaps"
	}
	return text
}

func writeRows(out *strings.Builder, indent string, rows [][2]string) {
	width := 0
	for _, r := range rows {
		width = max(width, len(r[0]))
	}
	for _, r := range rows {
		fmt.Fprintf(out, "%s%-*s  %s\n", indent, width, r[0], r[1])
	}
}

// quoteWords shows a command line.
func quoteWords(words [][]byte) string {
	list := make([]string, 0, shownWords+1)
	for i, w := range words {
		if i == shownWords {
			list = append(list, fmt.Sprintf("… (%d more)", len(words)-i))
			break
		}
		switch text := shownWord(w); {
		case len(text) > shownBytes:
			list = append(list, quoteShort(text))
		case isOpen(w):
			list = append(list, oneLine(text))
		default:
			list = append(list, report.ShellQuote(text))
		}
	}
	return strings.Join(list, " ")
}

// quoteShort quotes the beginning of a text that may be long.
func quoteShort(text string) string {
	if len(text) <= shownBytes {
		return event.Quote(text)
	}
	cut := shownBytes
	for cut > shownBytes-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return event.Quote(text[:cut]) + "…"
}

// oneLine escapes what would not stay on a line, in a text that has spaces and quotes of its own.
func oneLine(text string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(console.Harmless(text))
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
