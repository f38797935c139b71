package ask

import (
	"strings"

	"sydbox/event"
	"sydbox/record/show"
)

// whoGroup is uses of one kind that follow each other: readers of one program between two writes.
type whoGroup struct {
	first, last WhoUse
	procs       map[int]bool
}

// groups folds uses: those that change nothing by what they are and by program, as long as nothing else changes the
// file; changes that come again in a row.
func (a *WhoAnswer) groups() (list []*whoGroup) {
	type key struct{ what, program string }
	open := make(map[key]*whoGroup)
	var changed key
	for _, u := range a.Uses {
		k := key{a.what(u), string(u.By[0].Program)}
		if isChange(u) && k != changed {
			clear(open)
			changed = k
		}
		g := open[k]
		if g == nil || a.All {
			g = &whoGroup{first: u, procs: make(map[int]bool)}
			open[k] = g
			list = append(list, g)
		}
		g.last = u
		g.procs[u.By[0].ID] = true
	}
	return list
}

// failed says that a use did not succeed. That something is no symlink, as readlink(2) says, is no failure.
func failed(u WhoUse) bool { return u.Errno != "" && !(u.Op == event.OpLook && u.Errno == "EINVAL") }

// isChange says that a use changed the file.
func isChange(u WhoUse) bool {
	switch u.Op {
	case event.OpWrite, event.OpMake, event.OpDelete, event.OpRename, event.OpLink, event.OpSymlink, event.OpAttr:
		return u.Errno == ""
	}
	return false
}

// Text implements Answer.
func (a *WhoAnswer) Text(p *show.Printer) {
	if len(a.Candidates) > 0 {
		p.Line("Which of these?")
		for _, c := range a.Candidates {
			p.Wrap(2, show.Q(string(c)))
		}
		return
	}
	if len(a.Uses) == 0 {
		p.Wrap(0, "Nobody used "+show.Q(string(a.Path))+".")
		return
	}
	p.Heading("%s", show.Q(string(a.Path)))
	if len(a.Names) > 0 {
		p.Wrap(2, "also known as "+dirList(a.Names))
	}
	t := show.Table{Right: "r"}
	for _, g := range a.groups() {
		style := show.Plain
		switch {
		case failed(g.first):
			style = show.Faint
		case isChange(g.first):
			style = show.Bold
		}
		who := chainLine(g.first.By)
		if n := len(g.procs); n > 1 {
			who = show.Q(string(g.first.By[0].Program)) + times(n) + ", first " + who
		}
		t.Add(moment(g.first.At), p.Paint(style, a.what(g.first)), who+a.remark(g.first))
	}
	p.Table(&t, 2)
	if len(a.Writers) > 0 {
		names := make([]string, len(a.Writers))
		for i, w := range a.Writers {
			names[i] = w.String()
		}
		last := names[len(names)-1]
		p.Wrap(0, p.Paint(show.Warn, "Several processes wrote it from its start: "+
			strings.Join(names[:len(names)-1], ", ")+" and, last, "+last+"."))
	}
}

// remark is what is special about a use.
func (a *WhoAnswer) remark(u WhoUse) (s string) {
	if u.Redirected {
		s += " (its shell opened it)"
	}
	if u.Injected {
		s += " (injected error)"
	}
	if u.Denied != "" {
		s += " (would be denied by " + show.Q(u.Denied) + ")"
	}
	return s
}

// what is what was done, in words: "made as /b/conftmp", "read", "looked for it (ENOENT)".
func (a *WhoAnswer) what(u WhoUse) string {
	path, other := show.Q(string(u.Path)), ""
	if u.Path != a.Path {
		other = " " + path
		if !a.Below {
			other = " it as " + path
		}
	}
	if failed(u) {
		done := "tried to " + verb(u.Op) + other
		switch {
		case (u.Errno == "ENOENT" || u.Errno == "ENOTDIR") && (u.Op == event.OpLook || u.Op == event.OpRead):
			done = "looked for" + strings.Replace(other, " it", "", 1)
		case u.To != "":
			done = "tried to " + verb(u.Op) + " " + path + " to " + show.Q(string(u.To))
		}
		return strings.TrimSpace(done) + ": " + show.Q(u.Errno)
	}
	switch u.Op {
	case event.OpRename, event.OpLink, event.OpSymlink:
		return a.move(u)
	case event.OpMake:
		kind := ""
		if u.kind != "" {
			kind = " " + show.Q(u.kind)
		}
		return "made" + kind + other
	case event.OpWrite:
		switch {
		case strings.Contains(u.Flags, "O_TRUNC"):
			return "wrote" + other + " anew"
		case strings.Contains(u.Flags, "O_APPEND"):
			return "appended" + strings.Replace(other, " it", " to it", 1)
		}
		return "wrote" + other
	}
	done := pastTense[u.Op]
	if done == "" {
		done = show.Q(u.Op) // an operation of a later recorder
	}
	return done + other
}

// pastTense says what was done.
var pastTense = map[string]string{
	event.OpLook: "looked at", event.OpRead: "read", event.OpDelete: "deleted", event.OpAttr: "changed attributes of",
	event.OpList: "listed", event.OpEnter: "entered", event.OpExec: "ran", "run": "ran", "stdio": "had as output",
}

// move is what a rename, link or symlink did, as seen from the path.
func (a *WhoAnswer) move(u WhoUse) string {
	path, to := show.Q(string(u.Path)), show.Q(string(u.To))
	switch u.Op {
	case event.OpSymlink:
		if u.Path == a.Path {
			return "made a symlink to " + to
		}
		return "made symlink " + path + " to " + to
	case event.OpLink:
		switch a.Path {
		case u.To:
			return "linked from " + path
		case u.Path:
			return "linked to " + to
		}
		return "linked " + path + " to " + to
	}
	switch a.Path {
	case u.To:
		return "renamed from " + path
	case u.Path:
		return "renamed to " + to
	}
	return "renamed " + path + " to " + to
}
