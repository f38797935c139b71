package ask

import (
	"cmp"
	"slices"
	"strings"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// WhoAnswer is who used a path, in order: what became of the file, and in between who read it.
type WhoAnswer struct {
	Path show.Bytes `json:"path"`
	// Candidates are the paths that were meant if what was typed is the end of several.
	Candidates []show.Bytes `json:"candidates,omitempty"`
	// Names are others that the file had: before a rename, or by a link.
	Names []show.Bytes `json:"names,omitempty"`
	// Below says that Uses are those of all that is below the path, too.
	Below bool     `json:"below,omitempty"`
	Uses  []WhoUse `json:"uses"`
	// Writers are the processes that wrote the file from its start, if they are more than one: the last one's is there.
	Writers []Process `json:"writers,omitempty"`

	// All writes each use on a line of its own.
	All bool `json:"-"`
	// Recording is named in the questions to ask next; empty for the latest.
	Recording string `json:"-"`
}

// WhoUse is one use.
type WhoUse struct {
	At    int64      `json:"at"`
	Op    string     `json:"op"` // an Op of the recording; "run" for a program; "stdio" for a descriptor it was born with
	Path  show.Bytes `json:"path"`
	To    show.Bytes `json:"to,omitempty"`
	Flags string     `json:"flags,omitempty"`
	Errno string     `json:"errno,omitempty"`
	Count int        `json:"count"`
	// By is the process and its ancestors.
	By []Process `json:"by"`
	// Redirected: the process opened it before it became this program, as its input or output.
	Redirected bool   `json:"redirected,omitempty"`
	Denied     string `json:"denied,omitempty"`
	Injected   bool   `json:"injected,omitempty"`
	kind       string
	proc       *trail.Proc
}

// Who says who used a path. typed is as a person types it: relative to here, the asker's directory, or else to the
// recording's, or the end of a path that the recording has. With all, what is in it counts too.
func Who(t *trail.Trail, typed, here string, all bool) *WhoAnswer {
	path, candidates := FindPath(t, typed, here)
	a := &WhoAnswer{Path: show.Bytes(path), Candidates: show.Strings(candidates), Below: all}
	if len(candidates) > 0 {
		return a
	}
	names := namesOf(t, path)
	for _, n := range names[1:] {
		if name := show.Bytes(n.path); !slices.Contains(a.Names, name) && n.path != path {
			a.Names = append(a.Names, name)
		}
	}
	for i := range t.Uses {
		u := &t.Uses[i]
		if n := named(names, u.Path, i); n || all && under(u.Path, path) || u.Op != event.OpSymlink && u.To != "" &&
			(named(names, u.To, i) || all && under(u.To, path)) || covers(names, u, i) {
			a.Uses = append(a.Uses, whoUse(u))
		}
	}
	a.programs(t, path)
	slices.SortStableFunc(a.Uses, func(x, y WhoUse) int { return cmp.Compare(x.At, y.At) })
	if !all {
		a.Writers = writers(a.Uses)
	}
	return a
}

// covers says that a directory above one of a file's names was moved, to there or away.
func covers(names []aName, u *trail.Use, at int) bool {
	if u.Op != event.OpRename || u.Errno != "" {
		return false
	}
	for _, n := range names {
		if at >= n.from && at <= n.until && (under(n.path, u.Path) || under(n.path, u.To)) {
			return true
		}
	}
	return false
}

func whoUse(u *trail.Use) WhoUse {
	w := WhoUse{At: u.At, Op: u.Op, Path: show.Bytes(u.Path), To: show.Bytes(u.To), Flags: u.Flags, Errno: u.Errno,
		Count: max(u.Count, 1), Denied: u.Denied, Injected: u.Injected, kind: u.Kind, proc: u.Proc}
	w.By = chainAt(u.Proc, u.At)
	if x := redirected(u); x != nil {
		w.Redirected, w.By[0].Program = true, show.Bytes(x.Name())
	}
	return w
}

// redirected returns the program that a process became after it opened a file as the program's descriptor 0, 1 or 2:
// what a shell does for "sed >config.h". nil if it did not.
func redirected(u *trail.Use) *trail.Exec {
	if u.Errno != "" {
		return nil
	}
	for _, x := range u.Proc.Execs {
		if x.At < u.At {
			continue
		}
		for _, s := range x.Stdio {
			if stdioPath(s) == u.Path {
				return x
			}
		}
		return nil
	}
	return nil
}

// stdioPath is the path of a descriptor as event.Executed has it; empty if it is no file.
func stdioPath(s string) string {
	if s != "" && strings.IndexByte("<>+=", s[0]) >= 0 {
		s = s[1:]
	}
	if strings.HasPrefix(s, "/") {
		return s
	}
	return ""
}

// programs adds who ran the file, and who was born with it as output: what those wrote is not in the recording.
func (a *WhoAnswer) programs(t *trail.Trail, path string) {
	for _, p := range t.Procs {
		opened := make(map[string]bool)
		for _, i := range p.Uses {
			opened[t.Uses[i].Path] = true
		}
		for _, x := range p.Execs {
			if x.Path == path || x.Script == path || a.Below && (under(x.Path, path) || under(x.Script, path)) {
				file := x.Path
				if x.Path != path && (x.Script == path || under(x.Script, path)) {
					file = x.Script
				}
				a.Uses = append(a.Uses, WhoUse{At: x.At, Op: "run", Path: show.Bytes(file), Count: 1, proc: p,
					By: chainAt(p, x.At), Denied: x.Denied})
			}
			for fd := 1; fd <= 2; fd++ {
				s := x.Stdio[fd]
				file := stdioPath(s)
				if s != "" && s[0] != '<' && s[0] != '/' && !opened[file] && !(fd == 2 && s == x.Stdio[1]) &&
					(file == path || a.Below && under(file, path)) {
					a.Uses = append(a.Uses, WhoUse{At: x.At, Op: "stdio", Path: show.Bytes(file), Count: 1, proc: p,
						By: chainAt(p, x.At)})
				}
			}
		}
	}
}

// writers are the processes that began the file that is there at last, if several did: each cut off what was there.
func writers(uses []WhoUse) (list []Process) {
	for _, u := range uses {
		if u.Errno != "" {
			continue
		}
		switch u.Op {
		case event.OpRename, event.OpLink, event.OpSymlink:
			list = nil // another file comes or goes
		case event.OpDelete:
			list = nil
		case event.OpMake, event.OpWrite:
			if u.kind == "" && (u.Op == event.OpMake || strings.Contains(u.Flags, "O_TRUNC")) &&
				(len(list) == 0 || list[len(list)-1].ID != u.By[0].ID) {
				list = append(list, u.By[0])
			}
		}
	}
	if len(list) < 2 {
		return nil
	}
	return list
}

// Status is 1 if nobody did, 2 if it is not clear what was meant.
func (a *WhoAnswer) Status() int {
	switch {
	case len(a.Candidates) > 0:
		return 2
	case len(a.Uses) == 0:
		return 1
	}
	return 0
}
