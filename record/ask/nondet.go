package ask

import (
	"cmp"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// NondetAnswer is what can make two builds differ, and what is in their results because of that.
type NondetAnswer struct {
	// Proved is what was found in files that were made and are still there.
	Proved []*Proof `json:"proved"`
	// Own was found in files that a build keeps for itself: logs, makefiles, caches.
	Own []*Proof `json:"own"`
	// Causes are what processes did that can come out differently, and what the environment leaves open.
	Causes []*Cause `json:"causes"`
	// Searched is how many files were looked into, Changed how many were not because they have changed since.
	Searched int      `json:"searched"`
	Changed  int      `json:"changed"`
	Notes    []string `json:"notes,omitempty"`
	dir      string
}

// Proof is something of this one build in a file.
type Proof struct {
	// What is "time", "build path", "host name", "user", "home", "kernel" or "temporary name".
	What   string     `json:"what"`
	Path   show.Bytes `json:"path"`
	Offset int64      `json:"offset"`
	Text   show.Bytes `json:"text"`
	As     string     `json:"as,omitempty"` // where it stands, if not in plain text: "gzip header"
	At     int64      `json:"at"`
	By     *Actor     `json:"by"`
	// From is a file with the same in it that By read.
	From show.Bytes `json:"from,omitempty"`
	// Argument is the first process that had the text on its command line.
	Argument *Actor `json:"argument,omitempty"`
}

// Cause is something that can make two builds differ.
type Cause struct {
	What  string     `json:"what"`
	Text  show.Bytes `json:"text,omitempty"`
	By    *Actor     `json:"by,omitempty"` // the first who did it
	Count int        `json:"count"`
	// Programs are all that did it, for calls that very many make.
	Programs []show.Bytes `json:"programs,omitempty"`
}

// Files opens what the recorded processes made, to look into it.
type Files interface {
	// Open opens a regular file, nothing else, and says when it was changed last.
	Open(name string) (file io.ReadCloser, changed time.Time, err error)
}

// Nondet finds what can make two builds differ, and looks for it in what was made.
func Nondet(t *trail.Trail, files Files) *NondetAnswer {
	a := &NondetAnswer{dir: t.Head.Dir, Causes: causes(t)}
	s := newNeedles(t)
	end := t.Head.Time.Add(t.Length()).Add(time.Second) // file systems are that exact at least
	made := products(t)
	found := make(map[string][]*Proof)
	for _, p := range made {
		f, changed, err := files.Open(p.path)
		if err != nil {
			continue // it is gone, or no regular file
		}
		if changed.After(end) {
			a.Changed++
			f.Close()
			continue
		}
		a.Searched++
		for _, hit := range s.file(f) {
			hit.Path, hit.At, hit.By = show.Bytes(p.path), p.at, p.writer(hit.What)
			found[p.path] = append(found[p.path], hit)
		}
		f.Close()
	}
	a.judge(t, files, made, found)
	a.notes(t)
	return a
}

// Status is 1 if something was proved.
func (a *NondetAnswer) Status() int {
	if len(a.Proved) > 0 {
		return 1
	}
	return 0
}

// product is a file that was made or written, and who did it last.
type product struct {
	path string
	proc *trail.Proc
	at   int64
}

// writer is the program that wrote something into the file. A shell opens what it redirects to before it becomes the
// program, or starts it: of several, the one whose affair such a thing is.
func (p *product) writer(what string) *Actor {
	for _, x := range p.proc.Execs {
		if x.At > p.at {
			return actor(p.proc, x.At)
		}
	}
	var first *trail.Exec
	for _, c := range p.proc.Children {
		for _, x := range c.Execs {
			if x.At < p.at || !strings.HasSuffix(x.Stdio[1], p.path) && !strings.HasSuffix(x.Stdio[2], p.path) {
				continue
			}
			if first == nil || strings.Contains(asksMachine[x.Name()], what) && asksMachine[first.Name()] == "" {
				first = x
			}
		}
	}
	if first != nil {
		return actor(first.Proc, first.At)
	}
	return actor(p.proc, p.at)
}

// products are the files that were written and not deleted afterwards, in the order in which they were written.
func products(t *trail.Trail) []*product {
	made := make(map[string]*product)
	for i := range t.Uses {
		u := &t.Uses[i]
		if u.Errno != "" || private(u.Path) && u.Op != event.OpRename {
			continue
		}
		switch u.Op {
		case event.OpWrite, event.OpMake:
			if !isDir(u) && u.Kind == "" {
				made[u.Path] = &product{u.Path, u.Proc, u.At}
			}
		case event.OpDelete:
			delete(made, u.Path)
		case event.OpLink:
			if p := made[u.Path]; p != nil {
				made[u.To] = &product{u.To, p.proc, p.at}
			}
		case event.OpRename:
			moved(made, u)
		}
	}
	list := make([]*product, 0, len(made))
	for _, p := range made {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *product) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.path, b.path))
	})
	return list
}

// moved gives files their new names. Who wrote them stays.
func moved(made map[string]*product, u *trail.Use) {
	if p := made[u.Path]; p != nil {
		delete(made, u.Path)
		made[u.To] = &product{u.To, p.proc, p.at}
		return
	}
	if u.Kind != "dir" {
		delete(made, u.To) // it was written before the recording
		return
	}
	for name, p := range made {
		if rest, ok := strings.CutPrefix(name, u.Path+"/"); ok {
			delete(made, name)
			made[path.Join(u.To, rest)] = &product{path.Join(u.To, rest), p.proc, p.at}
		}
	}
}
