package ask

import (
	"strconv"
	"strings"

	"sydbox/record/show"
)

// Text implements Answer.
func (a *InputsAnswer) Text(p *show.Printer) {
	all := len(a.Unowned)
	for _, pkg := range a.Packages {
		all += len(pkg.Files)
	}
	p.Heading("Inputs from outside %s: %s, %s, %s of no package", a.outside(), count(all, "file"),
		count(len(a.Packages), "package"), strconv.Itoa(len(a.Unowned)))
	if a.Declared != nil && !a.files {
		// That is what was asked for; the rest is another question.
		a.Declared.text(p, false)
		a.list(p, "Files of no package", a.Unowned, false)
		notes(p, a.Notes)
		return
	}
	if len(a.Packages) > 0 {
		t := show.Table{Head: []string{"files", "package", "version", "for example"}, Right: "r"}
		for _, pkg := range a.Packages {
			e := pkg.Example()
			row := []string{strconv.Itoa(len(pkg.Files)), show.Q(string(pkg.Name)), show.Q(string(pkg.Version))}
			if !a.files {
				row = append(row, show.Q(string(e.Path))+", "+e.How+" by "+e.By.Line())
			}
			t.Add(row...)
		}
		if a.files {
			t.Head = t.Head[:3]
		}
		p.Table(&t, 2)
		for _, pkg := range a.Packages {
			if a.files {
				a.list(p, show.Q(string(pkg.Name)), pkg.Files, true)
			}
		}
	}
	a.list(p, "Files of no package", a.Unowned, true)
	a.list(p, "Directories listed that no package has alone", a.Listed, a.files)
	a.list(p, "Of the kernel (/dev, /proc, /sys)", a.Kernel, a.files)
	if a.Declared != nil {
		a.Declared.text(p, a.files)
	}
	notes(p, a.Notes)
}

// outside names the trees that are not outside.
func (a *InputsAnswer) outside() string {
	names := make([]string, len(a.Trees))
	for i, tree := range a.Trees {
		names[i] = show.Q(string(tree))
	}
	return strings.Join(names, " and ")
}

// text is a file as a line.
func (f *InputFile) text() string {
	return show.Q(string(f.Path)) + ", " + f.How + times(f.Count) + " by " + f.By.Line()
}

// mostFiles is how many files are listed that nobody has asked for one by one.
const mostFiles = 40

// list writes files, or how many there are.
func (a *InputsAnswer) list(p *show.Printer, title string, files []*InputFile, open bool) {
	if len(files) == 0 {
		return
	}
	p.Gap()
	if !open {
		p.Wrap(0, title+": "+strconv.Itoa(len(files))+" (--files shows them)")
		return
	}
	p.Heading("%s: %d", title, len(files))
	for i, f := range files {
		if more := len(files) - i; i >= mostFiles && more > 1 && !a.files {
			p.Wrap(2, "and "+strconv.Itoa(more)+" more (--files shows them)")
			break
		}
		p.Wrap(2, f.text())
	}
}

func (d *Declared) text(p *show.Printer, all bool) {
	p.Gap()
	p.Heading("Undeclared: %s", count(len(d.Undeclared), "package"))
	for _, u := range d.Undeclared {
		u.text(p, all)
	}
	if len(d.ByWay) > 0 {
		p.Gap()
		p.Heading("Only there by way of others: %s", count(len(d.ByWay), "package"))
		for _, u := range d.ByWay {
			u.text(p, all)
		}
	}
	if len(d.Unused) > 0 {
		p.Gap()
		p.Heading("Declared, and nothing of it was touched: %d", len(d.Unused))
		for _, n := range d.Unused {
			n.text(p)
		}
	}
	if len(d.Absent) > 0 {
		p.Gap()
		p.Heading("Declared, and not installed: %d", len(d.Absent))
		for _, n := range d.Absent {
			n.text(p)
		}
	}
	p.Gap()
	p.Wrap(0, count(d.Used, "package")+" declared and used; "+strconv.Itoa(d.Implicit)+" that nobody needs to declare")
}

func (u *DeclaredUse) text(p *show.Printer, all bool) {
	line := p.Paint(show.Bold, show.Q(string(u.Name))) + " " + show.Q(string(u.Version)) + "  " +
		count(len(u.Files), "file")
	if len(u.Way) > 0 {
		line += ", by way of " + quoted(u.Way, " < ")
	}
	p.Wrap(2, line)
	if u.Why != "" {
		p.Wrap(4, u.Why)
	}
	if len(u.Brought) > 0 {
		p.Wrap(4, "used as well, and came with it: "+quoted(u.Brought, " "))
	}
	if all {
		for _, f := range u.Files {
			p.Wrap(4, f.text())
		}
		return
	}
	e := u.Example()
	p.Wrap(4, e.text())
	if command := e.By.Command(); command != "" {
		p.Wrap(6, p.Paint(show.Faint, command))
	}
}

func (n *DeclaredNeed) text(p *show.Printer) {
	line := show.Q(string(n.Need))
	if len(n.Need) > 0 && strings.ContainsRune(string(n.Need), ' ') && line == `"`+string(n.Need)+`"` {
		line = string(n.Need) // spaces are part of how it is written
	}
	if len(n.Packages) > 0 && (len(n.Packages) > 1 || n.Packages[0] != n.Need) {
		line += ": " + quoted(n.Packages, " ")
	}
	if n.Why != "" {
		line += "; " + n.Why
	}
	p.Wrap(2, line)
}

// quoted joins what tracees or files chose.
func quoted(list []show.Bytes, between string) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = show.Q(string(s))
	}
	return strings.Join(words, between)
}

// notes writes what could not be told.
func notes(p *show.Printer, list []string) {
	if len(list) == 0 {
		return
	}
	p.Gap()
	for _, note := range list {
		p.Wrap(0, "note: "+safe(note))
	}
}

// safe is a sentence with nothing in it that a terminal would obey; it is quoted only if there was something.
func safe(s string) string {
	plain := strings.NewReplacer(" ", "", `"`, "", `\`, "").Replace(s) + "x"
	if show.Q(plain) == plain {
		return s
	}
	return show.Q(s)
}
