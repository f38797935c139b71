package report

import (
	"fmt"
	"path"
	"sort"
	"strings"

	"sydbox/event"
)

// maxGroups is how many groups a summary lists.
const maxGroups = 8

// summary is the text at the end of a run. Precondition: t.mu is held and something was denied.
func (t *Terminal) summary() string {
	var b strings.Builder
	n := &t.tally
	fmt.Fprintf(&b, "sydbox: %s", n.title())
	flags, allowed := t.suggest()
	single := len(n.entries) == 1 && n.beyond == 0
	if !single {
		fmt.Fprintf(&b, ", %s\n", t.different())
		t.list(&b)
		if len(flags) > 0 {
			b.WriteString("sydbox:")
		}
	} else if len(flags) > 0 {
		b.WriteString(".")
	}
	if len(flags) > 0 {
		fmt.Fprintf(&b, " Allow %s: %s", t.which(allowed), t.command(flags))
	}
	if text := b.String(); strings.HasSuffix(text, "\n") {
		return text
	}
	b.WriteByte('\n')
	return b.String()
}

// title counts denials, and calls that were only reported apart from them.
func (t *tally) title() string {
	denied := plural(t.total-t.warned, "denial", "denials")
	warned := plural(t.warned, "warning", "warnings")
	switch t.warned {
	case 0:
		return denied
	case t.total:
		return warned
	}
	return denied + " and " + warned
}

func (t *Terminal) different() string {
	if t.tally.beyond > 0 {
		return fmt.Sprintf("more than %d different", len(t.tally.entries))
	}
	return fmt.Sprintf("%d different", len(t.tally.entries))
}

// which says how much of what was denied the suggestion covers, counting different denials.
func (t *Terminal) which(allowed int) string {
	switch all := len(t.tally.entries); {
	case t.tally.beyond > 0 || allowed < all:
		return fmt.Sprintf("%d of them", allowed)
	case all == 1:
		return "it"
	}
	return "them"
}

// group is denials that belong together: same operation, same directory, same programs.
type group struct {
	op, dir, chain string
	path           string // of the first
	target         string // of the first, a process or an address
	paths, count   int
}

// list writes the groups, the most frequent first.
func (t *Terminal) list(b *strings.Builder) {
	groups := t.tally.groups()
	left, listed := t.tally.beyond, min(len(groups), maxGroups)
	for _, g := range groups[listed:] {
		left += g.count
	}
	s := style(t.o.Color)
	rows := make([][3]string, listed)
	var width [3]int
	for i, g := range groups[:listed] {
		rows[i] = [3]string{fmt.Sprintf("%d×", g.count), g.op, g.what()}
		for c, cell := range rows[i] {
			width[c] = max(width[c], len([]rune(cell)))
		}
	}
	for i, row := range rows {
		text := fmt.Sprintf("  %*s  %-*s  %-*s", width[0], row[0], width[1], row[1], min(width[2], 60), row[2])
		if by := groups[i].chain; by != "" {
			text += "  " + s.dim("by") + " " + by
		}
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	if left > 0 {
		fmt.Fprintf(b, "  … and %d more", left)
		if !t.o.Logged {
			b.WriteString(", see --log")
		}
		b.WriteByte('\n')
	}
}

func (g *group) what() string {
	if g.target != "" {
		return g.target
	}
	if g.paths == 1 || g.dir == "" {
		return event.Quote(g.path)
	}
	return fmt.Sprintf("%s (%d paths)", event.Quote(g.dir), g.paths)
}

func (t *tally) groups() []*group {
	type id struct{ op, dir, target, chain string }
	byID := make(map[id]*group)
	var list []*group
	for _, e := range t.entries {
		g := group{op: e.first.Op, path: e.first.Path, chain: programs(e.first.Chain)}
		switch {
		case onAddress(e.first):
			g.target = where(e.first)
		case e.count > 1 && everyProcess(e.first) != "":
			g.path = everyProcess(e.first)
			g.dir = g.path
		case g.path != "":
			g.dir = path.Dir(g.path)
		case e.first.Target.PID != 0:
			g.target = target(e.first)
		default:
			g.op, g.path = e.first.Call, e.first.Why
		}
		k := id{g.op, g.dir, g.target, g.chain}
		if byID[k] == nil {
			byID[k] = &g
			list = append(list, &g)
		}
		byID[k].paths++
		byID[k].count += e.count
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].count > list[j].count })
	return list
}

// programs is a chain without process ids, as the same programs deny the same again in other processes.
func programs(chain []event.Process) string {
	var names []string
	for i, p := range chain {
		if i == shownChain {
			return strings.Join(append(names, "…"), " < ")
		}
		names = append(names, event.Quote(p.Name))
	}
	return strings.Join(names, " < ")
}
