package ask

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// worldly is what surrounded a recording, as "name value".
func worldly(t *trail.Trail) []string {
	h := t.Head
	return []string{"host " + show.Q(h.Host), "kernel " + show.Q(h.Kernel), "machine " + show.Q(h.Machine),
		"CPUs " + strconv.Itoa(h.CPUs), "user " + strconv.Itoa(h.UID), "group " + strconv.Itoa(h.GID)}
}

// shownOfEach is how many differences of a kind are told without --all.
const shownOfEach = 10

// Text implements Answer.
func (a *DiffAnswer) Text(p *show.Printer) {
	for _, s := range []struct {
		letter string
		side   *DiffSide
	}{{"A", &a.A}, {"B", &a.B}} {
		p.Wrap(0, s.letter+"  "+show.Q(string(s.side.Name))+": "+s.side.command+"   in "+show.Q(string(s.side.Dir))+", "+
			s.side.Time+", "+count(s.side.Processes, "process"))
	}
	for i, w := range a.A.worldly {
		if w != a.B.worldly[i] {
			p.Wrap(0, p.Paint(show.Faint, w+" in A, "+a.B.worldly[i]+" in B"))
		}
	}
	p.Gap()
	if a.First == nil {
		p.Line("They are the same: %s in both.", count(a.Same, "process"))
		return
	}
	p.Heading("First difference")
	a.First.text(p)
	a.list(p, "Environment: each variable where it first differs", a.Environment)
	a.list(p, "Commands with other arguments, or another program", a.Changed)
	a.list(p, "Commands only in A", a.OnlyA)
	a.list(p, "Commands only in B", a.OnlyB)
	a.list(p, "Commands that ended differently", a.Ends)
	a.list(p, "Other results with the same path", a.Results)
	a.files(p)
	p.Gap()
	p.Wrap(0, fmt.Sprintf("%s in both; %s, %s changed, %d only in A, %d only in B, %d ended differently, %s, %s.",
		count(a.Same, "process"), count(len(a.Environment), "variable"), count(len(a.Changed), "command"), len(a.OnlyA),
		len(a.OnlyB), len(a.Ends), count(len(a.Results), "other result"), count(len(a.Files), "file")))
	for _, note := range a.Notes {
		p.Wrap(0, p.Paint(show.Faint, "note: "+note))
	}
}

// list writes differences of one sort.
func (a *DiffAnswer) list(p *show.Printer, heading string, list []*Difference) {
	if len(list) == 0 || len(list) == 1 && list[0] == a.First {
		return
	}
	p.Gap()
	p.Heading("%s", heading)
	for i, n := range list {
		if i == shownOfEach && !a.all {
			p.Line("  and %d more; --all shows them", len(list)-i)
			return
		}
		n.text(p)
	}
}

func (n *Difference) text(p *show.Printer) {
	more := ""
	if n.More > 0 && (n.Kind == "only A" || n.Kind == "only B") {
		more = " and " + count(n.More, "program") + " below"
	} else if n.More > 0 {
		more = " and " + count(n.More, "other process") + " alike"
	}
	switch n.Kind {
	case "environment":
		p.Wrap(2, p.Paint(show.Bold, show.Q(string(n.What))))
		n.sides(p, func(d *DiffPart) string {
			if d.Unset {
				return "not set"
			}
			return show.Q(string(d.Value))
		})
		p.Wrap(4, "first for "+n.A.By.Line()+more)
		p.Wrap(4, n.A.By.Command())
	case "changed":
		p.Wrap(2, n.A.By.Line()+more)
		if len(n.Gone)+len(n.New) > 0 {
			p.Wrap(4, p.Paint(show.Bold, strings.TrimSpace(signed("-", n.Gone)+" "+signed("+", n.New))))
		}
		n.sides(p, func(d *DiffPart) string { return d.By.Command() })
	case "program":
		p.Wrap(2, n.A.By.Line()+more)
		p.Wrap(4, n.A.By.Command())
		n.sides(p, func(d *DiffPart) string { return show.Q(string(d.Value)) })
	case "only A", "only B":
		part, side := n.A, "A"
		if part == nil {
			part, side = n.B, "B"
		}
		p.Wrap(2, "only in "+side+" at "+moment(part.At)+": "+part.By.Line()+more)
		p.Wrap(4, part.By.Command())
	case "end", "result":
		head := n.A.By.Line()
		if n.What != "" {
			head = p.Paint(show.Bold, show.Q(string(n.What))) + "  " + head
		}
		p.Wrap(2, head+more)
		p.Wrap(4, n.A.By.Command())
		n.sides(p, func(d *DiffPart) string { return show.Q(string(d.Value)) })
	default:
		part, side := n.A, "A"
		if part == nil {
			part, side = n.B, "B"
		}
		p.Wrap(2, p.Paint(show.Bold, show.Q(string(n.What)))+"  "+n.Kind+" only in "+side+", at "+
			moment(part.At)+" by "+part.By.Line())
		p.Wrap(4, part.By.Command())
	}
}

// sides writes both sides, each with its time.
func (n *Difference) sides(p *show.Printer, value func(*DiffPart) string) {
	p.Wrap(4, "A "+moment(n.A.At)+"  "+value(n.A))
	p.Wrap(4, "B "+moment(n.B.At)+"  "+value(n.B))
}

func signed(sign string, words []show.Bytes) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = sign + " " + show.Q(string(w))
	}
	return strings.Join(out, " ")
}

// files writes files of one recording alone, by directory where there are many.
func (a *DiffAnswer) files(p *show.Printer) {
	if len(a.Files) == 0 || len(a.Files) == 1 && a.Files[0] == a.First {
		return
	}
	p.Gap()
	p.Heading("Files of one recording only")
	type group struct{ dir, kind, side string }
	groups := make(map[group][]*Difference)
	var order []group
	for _, n := range a.Files {
		g := group{path.Dir(string(n.What)), n.Kind, "A"}
		if n.A == nil {
			g.side = "B"
		}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], n)
	}
	for i, g := range order {
		if i == shownOfEach && !a.all {
			p.Line("  and %s more; --all shows them", count(len(order)-i, "directory"))
			return
		}
		list := groups[g]
		if a.all || len(list) == 1 {
			for _, n := range list {
				n.text(p)
			}
			continue
		}
		names := make([]string, len(list))
		for j, n := range list {
			names[j] = show.Q(path.Base(string(n.What)))
		}
		p.Wrap(2, p.Paint(show.Bold, show.Q(g.dir))+"  "+g.kind+" only in "+g.side+
			", the first by "+firstOf(list).By.Line()+":")
		p.Wrap(4, strings.Join(names, " "))
	}
}

func firstOf(list []*Difference) *DiffPart {
	if list[0].A != nil {
		return list[0].A
	}
	return list[0].B
}
