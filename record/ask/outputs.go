package ask

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// OutputsOptions say what counts as inside, and how a file is looked at.
type OutputsOptions struct {
	// Sources are directories that belong to what is built, besides the one it was started in.
	Sources []string
	// Look tells the size of a file that is still there, without following a link; nil looks at nothing.
	Look func(path string) (size int64, there bool)
	// Files lists every file in the text, too; JSON always has them.
	Files bool
}

// OutputsAnswer is what a build made and changed.
type OutputsAnswer struct {
	Trees []show.Bytes `json:"trees"`
	// Inside and Outside are files that were still there at the end.
	Inside  []*Output `json:"inside"`
	Outside []*Output `json:"outside"`
	// Installed are directories that look like what a package is installed to.
	Installed []*InstalledTree `json:"installed,omitempty"`
	// Removed were there before and are gone.
	Removed []*Output `json:"removed,omitempty"`
	// Temporary counts files that were made and are gone.
	Temporary int      `json:"temporary"`
	Notes     []string `json:"notes,omitempty"`
	files     bool
}

// Output is a file that was made or changed.
type Output struct {
	Path show.Bytes `json:"path"`
	// What is "made", "changed", "attributes" (mode, owner, times) or "removed".
	What string     `json:"what"`
	Kind string     `json:"kind,omitempty"` // as in a recording: empty for a regular file
	Was  show.Bytes `json:"was,omitempty"`  // its first name, if it was renamed
	By   *Actor     `json:"by"`             // who changed it last
	Size *int64     `json:"size,omitempty"` // if it is still there
	Gone bool       `json:"gone,omitempty"` // it was still there when the recording ended, and is no longer
}

// InstalledTree is a directory with a usr, bin, lib … of its own.
type InstalledTree struct {
	Path  show.Bytes `json:"path"`
	Files int        `json:"files"`
	Bytes int64      `json:"bytes"`
}

// Outputs says what was made and changed.
func Outputs(t *trail.Trail, o OutputsOptions) *OutputsAnswer {
	dirs := trees(t, o.Sources)
	a := &OutputsAnswer{
		Trees: show.Strings(dirs), files: o.Files, Inside: []*Output{}, Outside: []*Output{},
	}
	w := newWorld()
	for i := range t.Uses {
		w.apply(&t.Uses[i])
	}
	for _, f := range w.sorted() {
		if inKernel(f.path) {
			continue
		}
		switch out := f.output(o.Look); {
		case f.gone && f.made:
			if !f.replaced {
				a.Temporary++
			}
		case f.gone:
			if again := w.at(f.path); !f.replaced && (again == f || again == nil) {
				a.Removed = append(a.Removed, out)
			}
		case below(f.path, dirs):
			a.Inside = append(a.Inside, out)
		default:
			a.Outside = append(a.Outside, out)
		}
	}
	a.Installed = installedTrees(slices.Concat(a.Inside, a.Outside), dirs)
	if t.Cut != nil {
		a.Notes = append(a.Notes, "the recording is not complete: what is told of may have changed after its end")
	}
	return a
}

// Status is always 0.
func (a *OutputsAnswer) Status() int { return 0 }

// sorted are all files, by their names.
func (w *world) sorted() []*file {
	list := slices.Clone(w.all)
	slices.SortStableFunc(list, func(a, b *file) int { return cmp.Compare(a.path, b.path) })
	return list
}

// output is a file as answers have it.
func (f *file) output(look func(string) (int64, bool)) *Output {
	out := &Output{
		Path: show.Bytes(f.path), What: f.what(), Kind: f.kind, Was: show.Bytes(f.was), By: actor(f.last.Proc, f.last.At),
	}
	if f.was == f.path {
		out.Was = ""
	}
	if look != nil && !f.gone {
		size, there := look(f.path)
		if out.Gone = !there; there && f.kind == "" {
			out.Size = &size
		}
	}
	return out
}

func (f *file) what() string {
	switch {
	case f.gone:
		return "removed"
	case f.made:
		return "made"
	case f.written:
		return "changed"
	}
	return "attributes"
}

// layout are the directories that an installed tree has at its top, or below usr.
var layout = map[string]bool{
	"bin": true, "sbin": true, "lib": true, "lib32": true, "lib64": true, "libexec": true, "include": true,
	"share": true, "etc": true, "usr": true, "var": true, "opt": true,
}

// installedTrees finds the directories in which at least two files lie as an installation has them:
// DIR/usr/bin/x, DIR/lib/x.so.
func installedTrees(files []*Output, dirs []string) (found []*InstalledTree) {
	trees := make(map[string]*InstalledTree)
	kinds := make(map[string]map[string]bool)
	for _, f := range files {
		root, top := installRoot(string(f.Path))
		if f.Kind == "dir" || f.What == "attributes" || root == "" || slices.Contains(dirs, root) {
			continue
		}
		if trees[root] == nil {
			trees[root], kinds[root] = &InstalledTree{Path: show.Bytes(root)}, make(map[string]bool)
		}
		trees[root].Files++
		if f.Size != nil {
			trees[root].Bytes += *f.Size
		}
		kinds[root][top] = true
	}
	for root, tree := range trees {
		// One directory called lib is not yet an installation: there have to be two of the layout, or a usr.
		if len(kinds[root]) > 1 || kinds[root]["usr"] {
			found = append(found, tree)
		}
	}
	slices.SortFunc(found, func(a, b *InstalledTree) int { return cmp.Compare(a.Path, b.Path) })
	return slices.DeleteFunc(found, func(a *InstalledTree) bool {
		return slices.ContainsFunc(found, func(b *InstalledTree) bool {
			return a != b && isOrIn(string(a.Path), string(b.Path))
		})
	})
}

// installRoot is where the layout begins that a file lies in: the part before its first bin, lib, usr …
func installRoot(p string) (root, top string) {
	dir := path.Dir(p)
	for at := 1; at < len(dir); {
		end := strings.IndexByte(dir[at:], '/')
		if end < 0 {
			end = len(dir) - at
		}
		if name := dir[at : at+end]; layout[name] {
			if root = path.Clean(dir[:at]); root == "/" {
				break // the system's own
			}
			return root, name
		}
		at += end + 1
	}
	return "", ""
}
