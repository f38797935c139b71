package ask

import "sydbox/record/show"

// missingMost is how many names of each part the text shows without --all.
const missingMost = 60

// dirsMost is how many directories the text names without --all.
const dirsMost = 8

// Text implements Answer.
func (a *MissingAnswer) Text(p *show.Printer) {
	if len(a.Names) == 0 {
		p.Line("Nothing that was looked for was missing.")
	}
	gap, groups := false, make(map[missingKind][]*MissingName)
	for _, m := range a.Names {
		k := missingKind{missingOrder(m), m.Kind, m.Program}
		groups[k] = append(groups[k], m)
	}
	for part, title := range []string{"Never found", "Found elsewhere", "There later"} {
		t := show.Table{}
		n := 0
		for _, m := range a.Names {
			switch {
			case missingOrder(m) != part:
			case part > 0 && a.fold(groups[missingKind{part, m.Kind, m.Program}], m, &t):
			default:
				if n++; n <= missingMost || a.All {
					t.Add(m.Kind, p.Paint(show.Bold, show.Q(string(m.Name)))+" "+a.where(m))
				}
			}
		}
		if t.Len() == 0 {
			continue
		}
		if gap {
			p.Gap()
		}
		gap = true
		p.Heading("%s", title)
		p.Table(&t, 2)
		if n > missingMost && !a.All {
			p.Line("  %s", p.Paint(show.Faint, "and "+itoa(n-missingMost)+" more: --all"))
		}
	}
	for _, kind := range []string{seekLocale, seekSystem} {
		if n := a.Noise[kind]; n > 0 {
			what := "for locales and translations"
			if kind == seekSystem {
				what = "that programs always make"
			}
			p.Wrap(0, p.Paint(show.Faint, count(n, "lookup")+" "+what+" left out: --all"))
		}
	}
}

// foldMost is how many names of one kind, found elsewhere by one program, are shown one by one.
const foldMost = 3

// missingKind are names that one program looked for with the same outcome.
type missingKind struct {
	order   int
	kind    string
	program show.Bytes
}

// fold adds one row for what a program looked for in vain at first and then found, for all names of a kind with the
// first of them. It says whether the name is in such a row.
func (a *MissingAnswer) fold(like []*MissingName, m *MissingName, t *show.Table) bool {
	if a.All || len(like) <= foldMost {
		return false
	}
	if like[0] == m {
		dirs := 0
		for _, other := range like {
			dirs = max(dirs, len(other.Dirs))
		}
		text := show.Q(string(m.Program)) + " looked for " + itoa(len(like)) + " names "
		if m.Later == nil {
			text += "in up to " + count(dirs, "directory") + " before it found them: --all"
		} else {
			text += "before they were made, the first " + show.Q(string(m.Name)) + ": --all"
		}
		t.Add(m.Kind, text)
	}
	return true
}

// where says who looked where, and what came of it.
func (a *MissingAnswer) where(m *MissingName) string {
	s := "by " + m.First.String()
	if m.Processes > 1 {
		s = "by " + show.Q(string(m.Program)) + times(m.Processes)
	}
	switch n := len(m.Dirs); {
	case n > dirsMost && !a.All:
		s += " in " + count(n, "directory") + ", the first " + dirList(m.Dirs[:1])
	case n > 1:
		s += " in " + count(n, "directory") + ": " + dirList(m.Dirs)
	case n == 0:
		s += ", which says so"
	case string(m.Name) != "" && m.Name[0] != '/':
		s += " in " + dirList(m.Dirs)
	}
	switch {
	case len(m.Found) == 1:
		s += "; found " + show.Q(string(m.Found[0]))
	case len(m.Found) > 1:
		s += "; found " + dirList(m.Found)
	case m.Later != nil:
		s += "; there at " + moment(m.Later.At) + ": " + m.Later.By[0].String()
	}
	return s
}
