package ask

import (
	"slices"
	"strings"
	"time"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// LeftoversAnswer is what a build left behind.
type LeftoversAnswer struct {
	Trees []show.Bytes `json:"trees"`
	// Alive are processes that had not ended when the command had.
	Alive []*LeftProcess `json:"alive"`
	// Temporary are files in places for temporary files that were made and not removed, Caches those in a home.
	Temporary []*Output `json:"temporary"`
	Caches    []*Output `json:"caches"`
	// Outside are other files outside of the trees that were made, changed or removed.
	Outside []*Output `json:"outside"`
	Notes   []string  `json:"notes,omitempty"`
	files   bool
}

// LeftProcess is a process that outlived the command.
type LeftProcess struct {
	By *Actor `json:"by"`
	// Ended says when and how it ended, in the end; "" if that was not seen.
	Ended string `json:"ended,omitempty"`
	// Holds are what it had as standard input, output and error, if that was not /dev/null: whoever waits for the end of
	// such a pipe waits for this process.
	Holds   []show.Bytes `json:"holds,omitempty"`
	Listens []show.Bytes `json:"listens,omitempty"`
}

// Leftovers says what was left behind.
func Leftovers(t *trail.Trail, o OutputsOptions) *LeftoversAnswer {
	out := Outputs(t, o)
	a := &LeftoversAnswer{
		Trees: out.Trees, Notes: out.Notes, files: o.Files, Alive: []*LeftProcess{}, Temporary: []*Output{},
		Caches: []*Output{}, Outside: []*Output{},
	}
	tmp, home := placesOf(t)
	sink := redirections(t)
	for _, f := range slices.Concat(out.Outside, out.Removed) {
		p := string(f.Path)
		switch {
		case sink[p], below(p, trees(t, o.Sources)):
		case f.What == "made" && !f.Gone && deepest(p, tmp) > deepest(p, []string{home}):
			a.Temporary = append(a.Temporary, f)
		case f.What == "made" && !f.Gone && home != "" && isOrIn(p, home):
			a.Caches = append(a.Caches, f)
		case f.What != "attributes" && !f.Gone:
			a.Outside = append(a.Outside, f)
		}
	}
	a.alive(t)
	switch {
	case t.Finish == nil:
		a.Notes = append(a.Notes, "the recording does not have the command's end: who outlived it is not known")
	case t.Finish.Interrupted:
		a.Notes = append(a.Notes, "the recording was ended before the command: what it would have cleaned up is told of")
	}
	return a
}

// Status is 1 if anything was left.
func (a *LeftoversAnswer) Status() int {
	if len(a.Alive)+len(a.Temporary)+len(a.Caches)+len(a.Outside) > 0 {
		return 1
	}
	return 0
}

// placesOf are the directories for temporary files, and the home.
func placesOf(t *trail.Trail) (tmp []string, home string) {
	tmp = []string{"/tmp", "/var/tmp", "/dev/shm", "/run/user"}
	for _, s := range t.Head.Env {
		name, value, _ := strings.Cut(s, "=")
		switch {
		case name == "HOME" && len(value) > 1:
			home = value
		case name == "TMPDIR" && len(value) > 1:
			tmp = append(tmp, value)
		}
	}
	return tmp, home
}

// deepest is the length of the longest of the directories that a path is in: a build's home may be below /tmp, and its
// $TMPDIR at home.
func deepest(p string, dirs []string) (n int) {
	for _, dir := range dirs {
		if dir != "" && isOrIn(p, dir) {
			n = max(n, len(dir))
		}
	}
	return n
}

// redirections are the files that the command was given as its standard input, output and error: a shell made them.
func redirections(t *trail.Trail) map[string]bool {
	given := make(map[string]bool)
	if root := t.Root(); root != nil && len(root.Execs) > 0 {
		for _, std := range root.Execs[0].Stdio {
			given[strings.TrimLeft(std, "<>+=")] = true
		}
	}
	return given
}

// alive finds the processes that outlived the command.
func (a *LeftoversAnswer) alive(t *trail.Trail) {
	root := t.Root()
	if root == nil || root.End == nil {
		return
	}
	ids := make(map[int]bool)
	if t.Finish != nil {
		for _, id := range t.Finish.Alive {
			ids[id] = true
		}
	}
	for _, p := range t.Procs {
		lived := ids[p.ID] || p.Born > root.Died || p.End != nil && p.Died > root.Died && p.Born < root.Died
		if p == root || !lived || p.Attached {
			continue
		}
		left := &LeftProcess{By: actor(p, max(p.Born, root.Died))}
		if p.End != nil {
			left.Ended = outcome(p) + ", " + span(time.Duration(p.Died-root.Died)) + " after the command"
		}
		if x := p.Program(); x != nil {
			for _, std := range x.Stdio {
				if name := strings.TrimLeft(std, "<>+="); name != "" && name != "/dev/null" &&
					!slices.Contains(left.Holds, show.Bytes(name)) {
					left.Holds = append(left.Holds, show.Bytes(name))
				}
			}
		}
		for _, i := range p.Reaches {
			if r := &t.Reaches[i]; r.Errno == "" && (r.Op == "listen" || r.Op == "bind") && r.Address != "" &&
				!slices.Contains(left.Listens, show.Bytes(r.Address)) {
				left.Listens = append(left.Listens, show.Bytes(r.Address))
			}
		}
		a.Alive = append(a.Alive, left)
	}
}

// Text implements Answer.
func (a *LeftoversAnswer) Text(p *show.Printer) {
	if a.Status() == 0 {
		p.Line("Nothing was left behind.")
		notes(p, a.Notes)
		return
	}
	first := true
	heading := func(title string, n int) bool {
		if n == 0 {
			return false
		}
		if !first {
			p.Gap()
		}
		first = false
		p.Heading("%s: %d", title, n)
		return true
	}
	if heading("Processes that outlived the command", len(a.Alive)) {
		for _, l := range a.Alive {
			l.text(p)
		}
	}
	if heading("Temporary files that were not removed", len(a.Temporary)) {
		listOutputs(p, a.Temporary, !a.files)
	}
	if heading("Left in the home directory", len(a.Caches)) {
		listOutputs(p, a.Caches, !a.files)
	}
	if heading("Changed outside of "+quoted(a.Trees, " and "), len(a.Outside)) {
		listOutputs(p, a.Outside, !a.files)
	}
	notes(p, a.Notes)
}

func (l *LeftProcess) text(p *show.Printer) {
	p.Wrap(2, l.By.Line())
	p.Wrap(4, p.Paint(show.Faint, l.By.Command()))
	if l.Ended != "" {
		p.Wrap(4, "ended "+l.Ended)
	} else {
		p.Line("    its end was not seen")
	}
	if len(l.Holds) > 0 {
		p.Wrap(4, "holds "+quoted(l.Holds, " "))
	}
	if len(l.Listens) > 0 {
		p.Wrap(4, "listens at "+quoted(l.Listens, " "))
	}
}
