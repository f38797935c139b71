package ask

import (
	"strings"

	"sydbox/event"
	"sydbox/record/trail"
)

// pathDirs knows the directories of each program's PATH.
type pathDirs struct {
	t     *trail.Trail
	paths map[*trail.Exec]string
	dirs  map[string]map[string]bool
}

func newPathDirs(t *trail.Trail) *pathDirs {
	d := &pathDirs{t: t, paths: make(map[*trail.Exec]string), dirs: make(map[string]map[string]bool)}
	if v := variable(t.Head.Env, "PATH"); v != nil {
		d.paths[nil] = string(*v)
	}
	return d
}

// path is a program's PATH.
func (d *pathDirs) path(x *trail.Exec) string {
	if known, ok := d.paths[x]; ok || x == nil {
		return known
	}
	value := d.path(x.Before())
	if v := variable(x.Set, "PATH"); v != nil {
		value = string(*v)
	}
	d.paths[x] = value
	return value
}

// has says whether a lookup was for a program, in a directory of PATH.
func (d *pathDirs) has(u *trail.Use) bool {
	if u.Op != event.OpLook && u.Op != event.OpExec {
		return false
	}
	list := d.path(u.Exec)
	set := d.dirs[list]
	if set == nil {
		set = make(map[string]bool)
		for _, dir := range strings.Split(list, ":") {
			if strings.HasPrefix(dir, "/") {
				set[strings.TrimSuffix(dir, "/")] = true
			}
		}
		d.dirs[list] = set
	}
	dir := dirOf(u.Path)
	if i := strings.LastIndexByte(u.Typed, '/'); i > 0 && u.Typed[0] == '/' {
		dir = u.Typed[:i]
	}
	return set[dir]
}
