package ask

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"sydbox/event"
	"sydbox/record/pkgdb"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// InputsOptions say what the inputs are compared with.
type InputsOptions struct {
	// Sources are directories that belong to what is built, besides the one it was started in.
	Sources []string
	// Packages tell which package a file belongs to.
	Packages *pkgdb.DB
	// Declared is a debian/control, a .dsc, or a plain list of packages; nil if nothing is to be compared.
	Declared []byte
	// Files lists every file in the text, too; JSON always has them.
	Files bool
}

// InputsAnswer is what was read from outside the source.
type InputsAnswer struct {
	Trees []show.Bytes `json:"trees"` // what does not count as outside
	// Systems are the package managers whose databases were read.
	Systems  []string        `json:"systems"`
	Packages []*InputPackage `json:"packages"`
	// Unowned are files that no package has.
	Unowned []*InputFile `json:"unowned"`
	// Listed are directories that no package has alone.
	Listed []*InputFile `json:"listed,omitempty"`
	// Kernel are files of /dev, /proc and /sys.
	Kernel   []*InputFile `json:"kernel,omitempty"`
	Declared *Declared    `json:"declared,omitempty"`
	Notes    []string     `json:"notes,omitempty"`
	files    bool
}

// InputPackage is a package of which something was used.
type InputPackage struct {
	System  string       `json:"system"`
	Name    show.Bytes   `json:"name"`
	Version show.Bytes   `json:"version,omitempty"`
	Arch    show.Bytes   `json:"arch,omitempty"`
	Files   []*InputFile `json:"files"`
	pkg     *pkgdb.Package
}

// InputFile is one file that was used.
type InputFile struct {
	Path  show.Bytes `json:"path"`
	How   string     `json:"how"`   // "executed", "read" or "listed"; the strongest of them
	Count int        `json:"count"` // how many times
	By    *Actor     `json:"by"`    // who did so first
	rank  int
}

// Example is the file that tells most about why a package is there: one that was executed, else read.
func (p *InputPackage) Example() *InputFile {
	return slices.MinFunc(p.Files, func(a, b *InputFile) int { return b.rank - a.rank })
}

// How a file was used, the stronger the higher.
const (
	listed = iota
	read
	executed
)

var howNames = [...]string{"listed", "read", "executed"}

// Inputs says what was read, executed or listed outside of the source, and which packages that belongs to.
func Inputs(t *trail.Trail, o InputsOptions) *InputsAnswer {
	in := &inputs{
		InputsAnswer: &InputsAnswer{
			Trees: show.Strings(trees(t, o.Sources)), files: o.Files, Systems: []string{},
			Packages: []*InputPackage{}, Unowned: []*InputFile{},
		},
		trees: trees(t, o.Sources), world: newWorld(), files: make(map[string]*InputFile),
		touched: make(map[string]bool),
	}
	in.collect(t)
	in.divide(o.Packages)
	if o.Declared != nil {
		in.Declared = in.compare(t, o)
	}
	in.Notes = append(in.Notes, o.Packages.Notes...)
	if t.Cut != nil {
		in.Notes = append(in.Notes, "the recording is not complete: there may be more")
	}
	return in.InputsAnswer
}

// Status is 1 if something is undeclared.
func (a *InputsAnswer) Status() int {
	if a.Declared != nil && len(a.Declared.Undeclared) > 0 {
		return 1
	}
	return 0
}

// inputs collects.
type inputs struct {
	*InputsAnswer
	trees []string
	world *world
	files map[string]*InputFile
	order []*InputFile
	// touched are all other paths that were there when somebody looked: links on the way, files that were only looked at.
	touched map[string]bool
	owners  map[string][]*pkgdb.Package
}

// collect reads all of the trail in its order: what the build made itself is no input.
func (in *inputs) collect(t *trail.Trail) {
	execs := allExecs(t)
	for i := range t.Uses {
		u := &t.Uses[i]
		for len(execs) > 0 && execs[0].At <= u.At {
			in.exec(execs[0])
			execs = execs[1:]
		}
		in.use(u)
		in.world.apply(u)
	}
	for _, x := range execs {
		in.exec(x)
	}
}

// allExecs are the programs of all processes in the order in which they started.
func allExecs(t *trail.Trail) (list []*trail.Exec) {
	for _, p := range t.Procs {
		list = append(list, p.Execs...)
	}
	slices.SortStableFunc(list, func(a, b *trail.Exec) int { return cmp.Compare(a.At, b.At) })
	return list
}

func (in *inputs) exec(x *trail.Exec) {
	in.add(x.Path, executed, 1, x.Proc, x.At)
	if x.Script != "" {
		in.add(x.Script, executed, 1, x.Proc, x.At)
	}
	in.touch(x.Typed, x.Dir)
}

func (in *inputs) use(u *trail.Use) {
	if u.Errno != "" {
		return
	}
	n := max(u.Count, 1)
	switch {
	case u.Op == event.OpRead, u.Op == event.OpWrite && strings.Contains(u.Flags, "O_RDWR"):
		in.add(u.Path, read, n, u.Proc, u.At)
	case u.Op == event.OpList:
		in.add(u.Path, listed, n, u.Proc, u.At)
	case u.Op == event.OpLook && u.Kind != "dir":
		in.touch(u.Path, "")
	}
	if u.Typed != "" && u.Op != event.OpEnter && u.Kind != "dir" {
		dir := ""
		if u.Exec != nil {
			dir = u.Exec.Dir
		}
		in.touch(u.Typed, dir)
	}
}

// add counts a use of a file, unless it is of the source or the build has made it.
func (in *inputs) add(p string, rank, n int, by *trail.Proc, at int64) {
	if !path.IsAbs(p) || below(p, in.trees) || in.world.own(p) {
		return
	}
	f := in.files[p]
	if f == nil {
		f = &InputFile{Path: show.Bytes(p), How: howNames[rank], rank: rank, By: actor(by, at)}
		in.files[p] = f
		in.order = append(in.order, f)
	}
	if f.Count += n; rank > f.rank {
		f.How, f.rank, f.By = howNames[rank], rank, actor(by, at)
	}
}

// touch notes a path that was there, as it was typed in a directory.
func (in *inputs) touch(p, dir string) {
	if p == "" || p[0] != '/' && dir == "" {
		return
	}
	if p[0] != '/' {
		p = dir + "/" + p
	}
	if p = path.Clean(p); !below(p, in.trees) && !inKernel(p) {
		in.touched[p] = true
	}
}

// compiledFrom is the source of what Python has compiled for itself (PEP 3147), which is in no package's list: a package's
// scripts make it when it is installed.
func compiledFrom(p string) string {
	dir, name := path.Split(p)
	dir, ok := strings.CutSuffix(dir, "/__pycache__/")
	module, rest, _ := strings.Cut(name, ".")
	if !ok || module == "" || !strings.HasSuffix(rest, ".pyc") {
		return ""
	}
	return dir + "/" + module + ".py"
}

// divide finds out whose files they are.
func (in *inputs) divide(db *pkgdb.DB) {
	paths := make([]string, 0, len(in.files)+len(in.touched))
	for p := range in.files {
		paths = append(paths, p)
	}
	for p := range in.touched {
		if in.files[p] == nil {
			paths = append(paths, p)
		}
	}
	sources := make(map[string]string)
	for _, p := range paths {
		if source := compiledFrom(p); source != "" {
			sources[p] = source
			paths = append(paths, source)
		}
	}
	in.owners, in.Systems = db.Owners(paths), append(in.Systems, db.Systems...)
	for p, source := range sources {
		if len(in.owners[p]) == 0 && len(in.owners[source]) > 0 {
			in.owners[p] = in.owners[source]
		}
	}
	packages := make(map[*pkgdb.Package]*InputPackage)
	for _, f := range in.order {
		owners := in.owners[string(f.Path)]
		switch {
		case inKernel(string(f.Path)):
			in.Kernel = append(in.Kernel, f)
			continue
		case f.rank == listed && len(owners) != 1:
			in.Listed = append(in.Listed, f)
			continue
		case len(owners) == 0:
			in.Unowned = append(in.Unowned, f)
			continue
		}
		p := packages[owners[0]]
		if p == nil {
			o := owners[0]
			p = &InputPackage{System: o.System, Name: show.Bytes(o.Name), Version: show.Bytes(o.Version),
				Arch: show.Bytes(o.Arch), pkg: o}
			packages[o] = p
			in.Packages = append(in.Packages, p)
		}
		p.Files = append(p.Files, f)
	}
	slices.SortStableFunc(in.Packages, func(a, b *InputPackage) int { return len(b.Files) - len(a.Files) })
}
