package ask

import (
	"slices"
	"strings"
	"time"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// foldFrom is how many siblings of one kind are shown as one line.
const foldFrom = 3

// Text implements Answer.
func (a *TreeAnswer) Text(p *show.Printer) {
	if len(a.Processes) == 0 {
		p.Line("No process is like that.")
		return
	}
	a.siblings(p, a.roots, 0)
}

// siblings writes the children of one process. Those of one kind, with the same end, are one line at the place of the
// first, unless their failure made their parent fail.
func (a *TreeAnswer) siblings(p *show.Printer, list []*TreeProcess, depth int) {
	groups := make(map[string][]*TreeProcess)
	for _, n := range list {
		groups[kindOf(n)] = append(groups[kindOf(n)], n)
	}
	for _, n := range list {
		group := groups[kindOf(n)]
		serious := n.proc.Failed() && n.proc.Parent != nil && n.proc.Parent.Failed()
		fold := !a.options.All && len(group) >= foldFrom && !serious
		switch {
		case !fold:
			a.one(p, n, depth)
		case group[0] == n:
			a.folded(p, group, depth)
		}
	}
}

func kindOf(n *TreeProcess) string { return n.kind + "\x00" + outcome(n.proc) }

// one writes a process and what is below it.
func (a *TreeAnswer) one(p *show.Printer, n *TreeProcess, depth int) {
	line := p.Paint(show.Faint, "#"+itoa(n.ID)) + " " + treeCommand(n, a.options.All) + treeEnd(p, n)
	if n.Hidden > 0 {
		line += p.Paint(show.Faint, "  (+"+itoa(n.Hidden)+" below)")
	}
	wrapDeep(p, depth, line)
	a.siblings(p, n.children, depth+1)
}

// folded writes one line for siblings of one kind.
func (a *TreeAnswer) folded(p *show.Printer, group []*TreeProcess, depth int) {
	var wall int64
	size := 0
	for _, n := range group {
		wall += n.Wall
		size += n.size()
	}
	first, last := group[0], group[len(group)-1]
	line := p.Paint(show.Faint, "#"+itoa(first.ID)+"…#"+itoa(last.ID)) + " " + first.shape + times(len(group)) + "  "
	if size > len(group) {
		line += p.Paint(show.Faint, count(size, "process")+" ")
	}
	if end := outcome(first.proc); end != "ok" {
		line += p.Paint(show.Bad, end) + " "
	}
	wrapDeep(p, depth, line+p.Paint(show.Faint, span(time.Duration(wall))))
}

// deepestIndent is how many generations are indented where nothing says how wide lines may be: those of a long chain would
// be longer and longer.
const deepestIndent = 100

// wrapDeep writes a line at a depth. Where the indentation would leave too little room it stops growing, and the depth
// is written instead.
func wrapDeep(p *show.Printer, depth int, line string) {
	indent, most := 2*depth, p.Width()*2/5
	if p.Width() == 0 {
		most = 2 * deepestIndent
	}
	if indent > most {
		indent, line = most, p.Paint(show.Faint, "("+itoa(depth)+" deep)")+" "+line
	}
	p.Wrap(indent, line)
}

// treeCommand is what a process became: "sh -c 'exec gcc -c x.c' → gcc -c x.c".
func treeCommand(n *TreeProcess, all bool) string {
	if n.Fork {
		return "(" + show.Q(n.proc.Name()) + ")"
	}
	var lines []string
	for _, x := range n.proc.Execs {
		line, hidden := x, 0
		if !all {
			line, hidden = withoutScript(x)
		}
		text := commandLine(line)
		if hidden > 0 {
			text += " … " + count(hidden, "character") + " more: --all"
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, " → ")
}

// withoutScript leaves out the end of arguments that are scripts: those of configure and automake have thousands of
// characters. It says how many it left out.
func withoutScript(x *trail.Exec) (*trail.Exec, int) {
	short, hidden := *x, 0
	for i, arg := range x.Argv {
		runes := []rune(arg)
		if len(runes) <= commandMost || !strings.ContainsAny(arg, " \n") {
			continue
		}
		if hidden == 0 {
			short.Argv = slices.Clone(x.Argv)
		}
		short.Argv[i] = string(runes[:commandMost])
		hidden += len(runes) - commandMost
	}
	return &short, hidden
}

// commandLine is a program's arguments; a program that was called by nothing like its name has that before them.
func commandLine(x *trail.Exec) string {
	line := x.CommandLine()
	if line == "" {
		return show.Q(x.Path) + " (without arguments)"
	}
	return line
}

// treeEnd is how a process ended, and how long it took.
func treeEnd(p *show.Printer, n *TreeProcess) string {
	end := "  "
	switch s := outcome(n.proc); {
	case n.proc.End == nil:
		end += p.Paint(show.Warn, s) + " "
	case s != "ok":
		end += p.Paint(show.Bad, s) + " "
	}
	return end + p.Paint(show.Faint, moment(n.Born)+" "+span(time.Duration(n.Wall)))
}
