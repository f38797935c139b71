package ask

import (
	"cmp"
	"slices"
	"strings"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// Mishap is something that a process tried in vain: calls on one name, in one directory or several.
type Mishap struct {
	Process
	At    int64        `json:"at"` // the last time
	Op    string       `json:"op"`
	Errno string       `json:"errno"`
	Path  show.Bytes   `json:"path"` // the last one, or the address
	Dirs  []show.Bytes `json:"dirs,omitempty"`
	Count int          `json:"count"`
	// Denied is the rule that would have denied it, Injected says that the recorder made the error up.
	Denied   string `json:"denied,omitempty"`
	Injected bool   `json:"injected,omitempty"`
	rank     int
}

// mishaps are what processes tried in vain, the most telling first. said is what they wrote about it: who names a file
// in his last words most likely failed for it.
func mishaps(t *trail.Trail, procs []*trail.Proc, said string) (list []*Mishap) {
	type key struct {
		proc            int
		op, errno, name string
	}
	known := make(map[key]*Mishap)
	for _, p := range procs {
		found := foundNames(t, p)
		for _, i := range p.Uses {
			u := &t.Uses[i]
			if u.Errno == "" && u.Denied == "" || u.Errno == "EINVAL" && u.Op == event.OpLook {
				continue // readlink(2) of what is no link
			}
			name := base(u.Path)
			if n := len(p.Execs); n > 1 && u.At < p.Execs[n-1].At && !u.Injected {
				continue // it was another program then, and went on
			}
			if u.Errno != "" && missing(u) && !u.Injected && found[name] {
				continue
			}
			k := key{p.ID, u.Op, u.Errno, u.Path}
			if missing(u) && !changes(u) {
				k.op, k.name = "", name // it looks, then reads
			}
			rank := telling(u, name, said)
			m := known[k]
			if m == nil {
				m = &Mishap{Process: processAt(p, u.At), Op: u.Op, Errno: u.Errno, Denied: u.Denied, Injected: u.Injected,
					rank: rank}
				known[k], list = m, append(list, m)
			}
			m.At, m.Path, m.Count = u.At, show.Bytes(u.Path), m.Count+max(u.Count, 1)
			if rank > m.rank {
				m.rank, m.Op = rank, u.Op
			}
			if dir := show.Bytes(dirOf(u.Path)); !slices.Contains(m.Dirs, dir) {
				m.Dirs = append(m.Dirs, dir)
			}
		}
		for _, i := range p.Reaches {
			if r := &t.Reaches[i]; r.Errno != "" && r.Errno != "EINPROGRESS" && r.Errno != "EAGAIN" || r.Denied != "" {
				list = append(list, &Mishap{Process: processAt(p, r.At), At: r.At, Op: r.Op, Errno: r.Errno,
					Path: show.Bytes(r.Address), Count: 1, Denied: r.Denied, rank: 50})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b *Mishap) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(b.At, a.At))
	})
	return list
}

// telling is how likely a failed call is the reason of a failure.
func telling(u *trail.Use, name, said string) (rank int) {
	switch {
	case u.Injected:
		rank = 300
	case u.Denied != "":
		rank = 60
	case isNoise(u), u.Path == "/dev/tty":
		return -100
	case !missing(u) && changes(u):
		rank = 80
	case u.Op == event.OpExec:
		rank = 60
	case !missing(u) && u.Op != event.OpLook:
		rank = 55
	case changes(u) && u.Op != event.OpDelete:
		rank = 50 // its directory is not there
	case u.Op == event.OpRead, u.Op == event.OpEnter:
		rank = 20
	case u.Op == event.OpMake, u.Op == event.OpDelete:
		rank = -20 // mkdir -p and rm -f try without asking
	}
	if u.Errno == "EEXIST" {
		rank = 0
	}
	if len(name) > 1 && strings.Contains(said, name) {
		rank += 100
		if u.Typed != "" && strings.Contains(said, u.Typed) || strings.Contains(said, u.Path) {
			rank += 20
		}
	}
	return rank
}

// foundNames are the last components of all that a process used with success: what it found in the end.
func foundNames(t *trail.Trail, p *trail.Proc) map[string]bool {
	found := make(map[string]bool)
	for _, i := range p.Uses {
		if u := &t.Uses[i]; u.Errno == "" {
			found[base(u.Path)] = true
			if u.Op == event.OpRename || u.Op == event.OpLink {
				found[base(u.To)] = true
			}
		}
	}
	for _, e := range p.Execs {
		found[base(e.Path)], found[base(e.Typed)] = true, true
	}
	return found
}

// missing says that a call failed because a name was not there.
func missing(u *trail.Use) bool { return u.Errno == "ENOENT" || u.Errno == "ENOTDIR" }

// changes says that a call was to change something.
func changes(u *trail.Use) bool {
	switch u.Op {
	case event.OpWrite, event.OpMake, event.OpDelete, event.OpRename, event.OpLink, event.OpSymlink, event.OpAttr:
		return true
	}
	return false
}

// dirOf is the directory of a path.
func dirOf(p string) string {
	if i := strings.LastIndexByte(p, '/'); i > 0 {
		return p[:i]
	}
	return "/"
}

// mishapLines writes what was tried in vain.
func mishapLines(p *show.Printer, list []*Mishap) {
	var t show.Table
	for _, m := range list {
		what := show.Q(string(m.Path))
		if n := len(m.Dirs); n > 1 {
			what = show.Q(base(string(m.Path))) + " in " + count(n, "directory") + ": " + dirList(m.Dirs)
		} else {
			what += times(m.Count)
		}
		mark := show.Q(m.Errno)
		if m.Errno == "" {
			mark = "ok"
		}
		switch {
		case m.Injected:
			mark += " (injected)"
		case m.Denied != "":
			what += "  denied by " + show.Q(m.Denied)
		}
		t.Add(p.Paint(show.Bad, mark), verb(m.Op), what)
	}
	p.Table(&t, 2)
}

// dirList is directories as a line.
func dirList(dirs []show.Bytes) string {
	names := make([]string, len(dirs))
	for i, d := range dirs {
		names[i] = show.Q(string(d))
	}
	return strings.Join(names, " ")
}

// verb is an operation that was tried, for people, safe on a terminal.
func verb(op string) string {
	switch op {
	case event.OpLook:
		return "look at"
	case event.OpExec:
		return "run"
	case event.OpAttr:
		return "change attributes of"
	case event.OpEnter:
		return "enter"
	}
	return show.Q(op)
}
