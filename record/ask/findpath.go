package ask

import (
	"path"
	"slices"
	"strings"

	"sydbox/event"
	"sydbox/record/trail"
)

// FindPath finds the path of a recording that a person means: an absolute one, one relative to here or else to the
// recording's directory, one as a process typed it, or the end of one. If what was typed is the end of several, they
// are the candidates. If the recording has nothing that fits, it is what the path would be if the question was asked
// where the recording was made.
func FindPath(t *trail.Trail, typed, here string) (found string, candidates []string) {
	first := typed
	if !path.IsAbs(typed) {
		first = path.Join(t.Head.Dir, typed)
	}
	tries := []string{path.Clean(first)}
	if !path.IsAbs(typed) && here != "" && here != t.Head.Dir {
		tries = []string{path.Join(here, typed), path.Join(t.Head.Dir, typed)}
	}
	succeeded, all := paths(t)
	for _, try := range tries {
		if all[try] || hasBelow(all, try) {
			return try, nil
		}
	}
	for i := range t.Uses {
		if u := &t.Uses[i]; u.Typed == typed {
			return u.Path, nil
		}
	}
	if !path.IsAbs(typed) {
		for _, set := range []map[string]bool{succeeded, all} {
			var fits []string
			for p := range set {
				if strings.HasSuffix(p, "/"+path.Clean(typed)) {
					fits = append(fits, p)
				}
			}
			slices.Sort(fits)
			if len(fits) == 1 {
				return fits[0], nil
			}
			if len(fits) > 1 {
				return "", fits
			}
		}
	}
	return tries[len(tries)-1], nil
}

// paths are those that somebody used with success, and all.
func paths(t *trail.Trail) (succeeded, all map[string]bool) {
	succeeded, all = make(map[string]bool), make(map[string]bool)
	add := func(p string, ok bool) {
		if p == "" {
			return
		}
		all[p] = true
		if ok {
			succeeded[p] = true
		}
	}
	for i := range t.Uses {
		u := &t.Uses[i]
		add(u.Path, u.Errno == "")
		if u.Op != event.OpSymlink {
			add(u.To, u.Errno == "")
		}
	}
	for _, p := range t.Procs {
		for _, x := range p.Execs {
			add(x.Path, true)
			add(x.Script, true)
		}
	}
	return succeeded, all
}

// hasBelow says that there is something below a directory.
func hasBelow(all map[string]bool, dir string) bool {
	for p := range all {
		if under(p, dir) {
			return true
		}
	}
	return false
}

// aName is a name that a file had, for uses with an index from From up to, not including, Until.
type aName struct {
	path        string
	from, until int
}

// namesOf follows a file back through renames and links: what is at a path now was written under another name. The
// first name is the path itself, always.
func namesOf(t *trail.Trail, path string) []aName {
	names := []aName{{path, 0, len(t.Uses)}}
	for i := 0; i < len(names) && len(names) < 1000; i++ {
		n := names[i]
		for at := n.from; at < n.until; at++ {
			u := &t.Uses[at]
			if u.Errno != "" || u.Op != event.OpRename && u.Op != event.OpLink {
				continue
			}
			var other aName
			if before, ok := movedFrom(u, n.path); ok {
				other = aName{before, bornAt(t, before, at), at}
				if u.Op == event.OpLink {
					other.until = goneAt(t, before, at)
				}
			} else if u.Op == event.OpLink && u.Path == n.path {
				other = aName{u.To, at, goneAt(t, u.To, at)}
			}
			if other.path != "" && !slices.Contains(names, other) {
				names = append(names, other)
			}
		}
	}
	return names
}

// movedFrom is the name that a path had before a rename or link gave it this one.
func movedFrom(u *trail.Use, path string) (string, bool) {
	if path == u.To {
		return u.Path, true
	}
	if under(path, u.To) {
		return u.Path + path[len(u.To):], true
	}
	if u.Op == event.OpRename && strings.Contains(u.Flags, "RENAME_EXCHANGE") {
		if path == u.Path {
			return u.To, true
		}
		if under(path, u.Path) {
			return u.To + path[len(u.Path):], true
		}
	}
	return "", false
}

// bornAt is the index of the use that made what was at a path just before another use.
func bornAt(t *trail.Trail, path string, before int) int {
	for i := before - 1; i >= 0; i-- {
		u := &t.Uses[i]
		if u.Errno != "" {
			continue
		}
		switch u.Op {
		case event.OpMake, event.OpSymlink:
			if u.Path == path {
				return i
			}
		case event.OpRename, event.OpLink:
			if u.To == path || under(path, u.To) {
				return i
			}
			if u.Op == event.OpRename && (u.Path == path || under(path, u.Path)) {
				return i + 1 // what was there went away
			}
		case event.OpDelete:
			if u.Path == path {
				return i + 1
			}
		}
	}
	return 0
}

// goneAt is the index after the use that took a path away, after another use.
func goneAt(t *trail.Trail, path string, after int) int {
	for i := after + 1; i < len(t.Uses); i++ {
		u := &t.Uses[i]
		if u.Errno != "" {
			continue
		}
		if u.Op == event.OpDelete && u.Path == path || u.Op == event.OpRename && (u.Path == path || u.To == path) {
			return i + 1
		}
	}
	return len(t.Uses)
}

// named says whether a path was one of a file's names at the time of a use.
func named(names []aName, path string, at int) bool {
	for _, n := range names {
		if n.path == path && at >= n.from && at < n.until {
			return true
		}
	}
	return false
}

// under says that a path is below a directory, and not the directory itself.
func under(path, dir string) bool {
	return len(path) > len(dir) && strings.HasPrefix(path, dir) && (path[len(dir)] == '/' || dir == "/")
}
