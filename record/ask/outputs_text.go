package ask

import (
	"slices"
	"strconv"

	"sydbox/record/show"
)

// Text implements Answer.
func (a *OutputsAnswer) Text(p *show.Printer) {
	p.Heading("Inside %s: %s", quoted(a.Trees, " and "), count(len(a.Inside), "file"))
	a.programs(p, a.Inside)
	p.Gap()
	p.Heading("Outside: %s", count(len(a.Outside), "file"))
	listOutputs(p, a.Outside, !a.files)
	if len(a.Installed) > 0 {
		p.Gap()
		p.Heading("Installed trees")
		t := show.Table{Right: "rr"}
		for _, tree := range a.Installed {
			t.Add(count(tree.Files, "file"), size(tree.Bytes), show.Q(string(tree.Path)))
		}
		p.Table(&t, 2)
	}
	if len(a.Removed) > 0 {
		p.Gap()
		p.Heading("There before, and gone: %d", len(a.Removed))
		listOutputs(p, a.Removed, !a.files)
	}
	p.Gap()
	p.Line("%s came and went", count(a.Temporary, "temporary file"))
	notes(p, a.Notes)
}

// programs sums up by the programs that made the files, and lists the files if that was asked for.
func (a *OutputsAnswer) programs(p *show.Printer, files []*Output) {
	if a.files {
		listOutputs(p, files, false)
		return
	}
	type sum struct {
		name  string
		files int
		bytes int64
		first *Output
	}
	var sums []*sum
	byName := make(map[string]*sum)
	for _, f := range files {
		s := byName[string(f.By.Name)]
		if s == nil {
			s = &sum{name: string(f.By.Name), first: f}
			byName[s.name] = s
			sums = append(sums, s)
		}
		if s.files++; f.Size != nil {
			s.bytes += *f.Size
		}
		if s.first.Kind == "dir" && f.Kind != "dir" {
			s.first = f
		}
	}
	slices.SortStableFunc(sums, func(a, b *sum) int { return b.files - a.files })
	t := show.Table{Head: []string{"files", "size", "by", "for example"}, Right: "rr"}
	for _, s := range sums {
		t.Add(strconv.Itoa(s.files), size(s.bytes), show.Q(s.name), s.first.text())
	}
	if t.Len() > 0 {
		p.Table(&t, 2)
		p.Line("  --files shows each of them")
	}
}

// text is a file as a line.
func (f *Output) text() string {
	s := show.Q(string(f.Path))
	if f.Kind == "dir" {
		s += "/"
	}
	if f.Was != "" {
		s += ", first " + show.Q(string(f.Was))
	}
	return s
}

// listOutputs writes files. With fold, those in a directory that was made as well are only counted there.
func listOutputs(p *show.Printer, files []*Output, fold bool) {
	t := show.Table{Right: " r"}
	for len(files) > 0 {
		f := files[0]
		files = files[1:]
		in, bytes := 0, int64(0)
		for fold && f.Kind == "dir" && f.What == "made" && len(files) > 0 && isOrIn(string(files[0].Path), string(f.Path)) {
			if in++; files[0].Size != nil {
				bytes += *files[0].Size
			}
			files = files[1:]
		}
		amount := "-"
		switch {
		case in > 0:
			amount = size(bytes)
		case f.Size != nil:
			amount = size(*f.Size)
		case f.Gone:
			amount = "gone since"
		case f.Kind != "":
			amount = f.Kind
		}
		text := f.text()
		if in > 0 {
			text += " and " + count(in, "file") + " in it"
		}
		t.Add(f.What, amount, text+", by "+f.By.Line())
	}
	p.Table(&t, 2)
}
