package ask

import (
	"path"
	"slices"
	"strings"

	"sydbox/record/trail"
)

// search is a run of lookups by one process for one name in several directories.
type search struct {
	kind    string
	first   *trail.Use
	last    int64
	base    string
	paths   []string
	lookups int
	found   string
}

// searches are the runs of a process. A run ends when the name is found, or when something else is looked for.
func searches(t *trail.Trail, p *trail.Proc, programs *pathDirs) (list []*search) {
	var run *search
	found := make(map[string]string)
	flush := func() {
		if run != nil {
			list = append(list, run)
		}
		run = nil
	}
	for _, i := range p.Uses {
		u := &t.Uses[i]
		if changes(u) || u.Errno != "" && !missing(u) {
			continue
		}
		name := seekName(u, u.Path)
		if u.Errno == "" {
			file := u.Path
			if typed := base(u.Typed); typed != "" && typed != "." && typed != ".." {
				name = seekName(u, u.Typed) // what it leads to may have another name: libz.so.1.2.13
				if u.Typed[0] == '/' && !strings.Contains(u.Typed, "/../") {
					file = u.Typed
				}
			}
			if isNode(u) {
				noteModules(found, file)
			}
			if found[name] == "" {
				found[name] = file
			}
			if run != nil && run.base == name {
				run.found = file
			}
			flush()
			continue
		}
		kind := seekKind(u)
		switch {
		case kind == seekFile && programs.has(u):
			kind = seekProgram
		case kind == seekFile && tidy[u.Exec.Name()]:
			kind = seekSystem
		}
		if u.Call == "readlink" || u.Call == "readlinkat" {
			kind = seekSystem // realpath(3) asks for each directory on the way
		}
		if kind == seekSystem {
			list = append(list, &search{kind: kind, first: u, base: name, paths: []string{u.Path}, lookups: max(u.Count, 1)})
			continue // a precompiled header in between, say
		}
		if run == nil || run.base != name {
			flush()
			run = &search{kind: kind, first: u, base: name}
		}
		run.last, run.lookups = u.At, run.lookups+max(u.Count, 1)
		if run.kind == seekFile {
			run.kind = kind
		}
		if !slices.Contains(run.paths, u.Path) {
			run.paths = append(run.paths, u.Path)
		}
	}
	flush()
	for _, s := range list {
		// A lookup that comes again is not told of again, so what was found may have been told before.
		if s.found == "" && s.kind != seekFile && s.kind != seekSystem {
			s.found = found[s.base]
		}
		if s.found == "" && s.kind == seekProgram {
			s.found = executedLater(p, s)
		}
	}
	return list
}

// tidy are programs that look whether there is something where they are to make or to remove it.
var tidy = map[string]bool{"rm": true, "rmdir": true, "mkdir": true, "ln": true, "mv": true, "unlink": true}

// seekBase is the last component of a path; the linker looks for libz.so and libz.a at once.
func seekBase(p string) string {
	name := base(p)
	if strings.HasPrefix(name, "lib") {
		for _, end := range []string{".so", ".a"} {
			if short, ok := strings.CutSuffix(name, end); ok {
				return short
			}
		}
	}
	return name
}

// isNode says that a program looks for modules as Node does: https://nodejs.org/api/modules.html#all-together.
func isNode(u *trail.Use) bool {
	name := u.Exec.Name()
	return name == "node" || name == "nodejs" || name == "bun"
}

// seekName is what a lookup was for: Node tries a module with several endings.
func seekName(u *trail.Use, p string) string {
	if !isNode(u) || !strings.Contains(p, "/node_modules/") {
		return seekBase(p)
	}
	name := base(p)
	for _, end := range []string{".js", ".json", ".node", ".cjs", ".mjs"} {
		if short, ok := strings.CutSuffix(name, end); ok && short != "package" && short != "" {
			return short
		}
	}
	return name
}

// noteModules notes which modules a file belongs to: node_modules/abbrev/lib/index.js is what was found for abbrev.js.
func noteModules(found map[string]string, file string) {
	_, rest, _ := strings.Cut(file, "/node_modules/")
	for dir := path.Dir(rest); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if name := path.Base(dir); found[name] == "" {
			found[name] = file
		}
	}
}

// executedLater is the program of a name that a process, or a child of its, became after it had looked for it.
func executedLater(p *trail.Proc, s *search) string {
	for _, q := range append([]*trail.Proc{p}, p.Children...) {
		for _, x := range q.Execs {
			if x.At >= s.last && (base(x.Typed) == s.base || base(x.Path) == s.base || base(x.Script) == s.base) {
				if path.IsAbs(x.Typed) {
					return x.Typed
				}
				return x.Path
			}
		}
	}
	return ""
}

// name is what was looked for: a header as a source includes it, a single file by its path, all else by its last
// component.
func (s *search) name() string {
	switch {
	case s.kind == seekHeader:
		return headerName(s.paths[0], includeDirs(s.first.Exec))
	case len(s.paths) == 1 && s.found == "" && (s.kind == seekFile || s.kind == seekSystem || s.kind == seekLocale):
		return s.paths[0]
	}
	return s.base
}

// dir is where a path of the search is: what is before the name.
func (s *search) dir(p string) string {
	if rest := strings.TrimSuffix(p, "/"+s.name()); rest != p && rest != "" {
		return rest
	}
	return dirOf(p)
}
