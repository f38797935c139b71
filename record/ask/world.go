package ask

import (
	"strings"

	"sydbox/event"
	"sydbox/record/trail"
)

// world is what the recorded processes made of the files they touched, as far as one has read on. It only knows of
// names: a file that has several is several files.
type world struct {
	files map[string]*file
	all   []*file // in the order of their first change
	dirs  int     // how many of files are directories
}

// file is what became of a name.
type file struct {
	path string // its name now, or the last it had
	was  string // its first name, if it was renamed
	kind string // as in event.Used
	// made: the name was not there before. Otherwise what was there is changed, or gone.
	made bool
	// written: its content was changed. If neither made nor written nor gone, only its attributes were.
	written bool
	gone    bool
	// replaced: it is gone because another took its name.
	replaced    bool
	first, last *trail.Use
}

func newWorld() *world { return &world{files: make(map[string]*file)} }

// at is what became of a name; nil if nothing did.
func (w *world) at(path string) *file { return w.files[path] }

// own says whether a path was made by the recorded processes, itself or a directory above it.
func (w *world) own(path string) bool {
	for p := path; len(p) > 1; p = p[:max(strings.LastIndexByte(p, '/'), 0)] {
		if f := w.files[p]; f != nil {
			return f.made && !f.gone
		}
	}
	return false
}

// touch is the file of a name that is changed now.
func (w *world) touch(u *trail.Use, path string) *file {
	f := w.files[path]
	if f == nil || f.gone && u.Op != event.OpDelete {
		f = &file{path: path, kind: u.Kind, first: u}
		w.put(f)
		w.all = append(w.all, f)
	}
	f.last = u
	if u.Kind != "" {
		f.kind = u.Kind
	}
	return f
}

func (w *world) put(f *file) {
	w.files[f.path] = f
	if f.kind == "dir" {
		w.dirs++
	}
}

// apply reads on: u is the next use.
func (w *world) apply(u *trail.Use) {
	if u.Errno != "" {
		return
	}
	switch u.Op {
	case event.OpWrite:
		w.touch(u, u.Path).written = true
	case event.OpAttr:
		w.touch(u, u.Path)
	case event.OpMake, event.OpSymlink:
		before := w.files[u.Path]
		if strings.Contains(u.Flags, "O_TMPFILE") {
			return // it has no name
		}
		f := w.touch(u, u.Path)
		f.made, f.written = f.made || f.first == u && (before == nil || before.made), true
		if u.Op == event.OpSymlink {
			f.kind = "link"
		}
	case event.OpLink:
		f := w.touch(u, u.To)
		f.made, f.written, f.kind = true, true, ""
	case event.OpDelete:
		w.touch(u, u.Path).gone = true
	case event.OpRename:
		w.rename(u)
	}
}

// rename moves what is known of a name, and of all below it.
func (w *world) rename(u *trail.Use) {
	if u.Path == u.To || u.To == "" {
		return
	}
	if strings.Contains(u.Flags, "RENAME_EXCHANGE") {
		w.touch(u, u.Path).written = true
		w.touch(u, u.To).written = true
		return
	}
	over := w.files[u.To]
	f := w.files[u.Path]
	if f == nil || f.gone { // it was there before: there it is gone, here it is new
		w.touch(u, u.Path).gone = true
		f = &file{path: u.Path, kind: u.Kind, first: u, made: true}
		w.all = append(w.all, f)
	} else {
		delete(w.files, u.Path)
		if !f.made { // what was there before under the old name is gone
			old := &file{path: f.path, kind: f.kind, first: f.first, last: u, gone: true}
			w.all = append(w.all, old)
			w.put(old)
		}
	}
	f.made = over == nil || over.made
	f.written = true
	if over != nil && !over.gone {
		over.gone, over.replaced, over.last = true, true, u
	}
	w.move(f, u.To, u)
	if f.kind == "dir" || u.Kind == "dir" {
		w.moveBelow(u)
	}
}

func (w *world) move(f *file, to string, u *trail.Use) {
	if f.was == "" {
		f.was = f.path
	}
	f.path, f.last = to, u
	w.put(f)
}

// moveBelow moves what lies in a directory that got another name.
func (w *world) moveBelow(u *trail.Use) {
	var below []*file
	for path, f := range w.files {
		if strings.HasPrefix(path, u.Path+"/") {
			below = append(below, f)
			delete(w.files, path)
		}
	}
	for _, f := range below {
		if !f.gone {
			w.move(f, u.To+strings.TrimPrefix(f.path, u.Path), u)
		}
	}
}

// below says whether a path is in one of several directories, or one of them.
func below(path string, dirs []string) bool {
	for _, dir := range dirs {
		if isOrIn(path, dir) {
			return true
		}
	}
	return false
}

// isOrIn says whether a path is dir or in it.
func isOrIn(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(dir, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

// inKernel says whether a path is made up by the kernel: no package has it, and nothing is kept there.
func inKernel(path string) bool { return below(path, []string{"/dev", "/proc", "/sys"}) }

// trees are the directories that a build may do with as it likes: the one it was started in, and those that a person
// names.
func trees(t *trail.Trail, more []string) []string {
	return append([]string{t.Head.Dir}, more...)
}
