package policy

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"sydbox/policy/program"
)

// standardPath is where programs are looked up besides $PATH.
const standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// programs finds the programs that rules of [exec] name. Policies that come from one another share it, so what was
// found once is not opened again.
type programs struct {
	open func(string) (program.File, error)

	mu    sync.Mutex
	dirs  []directory // of $PATH and standardPath
	lists listings
	cache *program.Cache
	known map[string]*target
	kept  map[string]program.File // open originals by path
}

// target is the program at a path.
type target struct {
	exists bool
	path   string // canonical; "" if it has none
	// looked: what follows has been found out, which takes reading it. single: it is one program whatever it is called,
	// so its own path stands for it. directory: it is none.
	looked, single, directory bool
}

func newPrograms(sys *System) *programs {
	f := &programs{open: sys.OpenProgram, cache: program.NewCache(time.Now), known: make(map[string]*target),
		kept:  make(map[string]program.File),
		lists: listings{sys.ListPrograms, sys.Realpath, make(map[string]map[string]struct{})}}
	list := standardPath
	if sys.Getenv != nil {
		list = sys.Getenv("PATH") + ":" + list
	}
	for dir := range strings.SplitSeq(list, ":") {
		dir = path.Clean(dir)
		if path.IsAbs(dir) && !slices.ContainsFunc(f.dirs, func(d directory) bool { return d.path == dir }) {
			f.dirs = append(f.dirs, directory{path: dir})
		}
	}
	return f
}

// at returns the program at an absolute path.
func (f *programs) at(name string) *target {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.known[name]
	if t == nil {
		t = f.look(name)
		f.known[name] = t
	}
	return t
}

func (f *programs) look(name string) *target {
	file, err := f.open(name)
	if err != nil {
		return &target{exists: !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)}
	}
	defer file.Close()
	return &target{exists: true, path: string(file.Path())}
}

// into looks into the program at an absolute path. Most rules need not know what it is.
func (f *programs) into(name string) *target {
	t := f.at(name)
	f.mu.Lock()
	defer f.mu.Unlock()
	if !t.exists || t.looked {
		return t
	}
	t.looked = true
	file, err := f.open(name)
	if err != nil {
		return t
	}
	defer file.Close()
	t.single, err = f.cache.Single(file)
	t.directory = errors.Is(err, syscall.EISDIR)
	return t
}

// places are the paths at which the program of a rule may be. ok is false if wildcards leave that open.
func (f *programs) places(r *rule) (list []string, ok bool) {
	switch {
	case f.open == nil:
		return nil, false
	case r.pattern != nil:
		name, ok := r.pattern.file()
		return []string{name}, ok
	case r.name.kind != compLiteral:
		return nil, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.dirs {
		if d := &f.dirs[i]; d.mayHave(r.name.text, &f.lists) {
			list = append(list, path.Join(d.path, r.name.text))
		}
	}
	return list, true
}

// file returns the path that the pattern is, if it has no wildcard.
func (p *pattern) file() (string, bool) {
	n := p.literals()
	if p.stdio || n == 0 || n < len(p.comps) {
		return "", false
	}
	var b strings.Builder
	for i := range p.comps {
		b.WriteString("/" + p.comps[i].text)
	}
	return b.String(), true
}

// resolveProgram finds the other spellings of a rule's program. Where a link leads to a multi-call binary, only the
// directory it is in is resolved: the binary itself is every program of the bundle.
func (p *Policy) resolveProgram(r *rule) {
	f := p.programs
	if r.pattern == nil {
		if r.Action == Allow {
			r.targets = f.targets(r)
		}
		return
	}
	if name, ok := r.pattern.file(); ok && f.open != nil {
		if t := f.at(name); t.exists && p.isLink(name, t) && !f.into(name).single && !t.directory {
			r.resolved = p.real.resolveParent(r.pattern)
			return
		}
	}
	r.resolved = p.real.resolve(r.pattern)
}

// isLink says whether the last component of an existing path is, or may be, a symbolic link.
func (p *Policy) isLink(name string, t *target) bool {
	if p.real.realpath == nil {
		return true
	}
	dir, ok := p.real.real(path.Dir(name))
	return !ok || path.Join(dir, path.Base(name)) != t.path
}

// targets are the files that the links of a bare name lead to, where they have another name.
func (f *programs) targets(r *rule) (list []*pattern) {
	var seen []string
	places, _ := f.places(r)
	for _, name := range places {
		t := f.at(name)
		if t.path == "" || path.Base(t.path) == r.name.text || slices.Contains(seen, t.path) || !f.into(name).single {
			continue
		}
		seen = append(seen, t.path)
		list = append(list, &pattern{comps: literalComponents(t.path)})
	}
	return list
}

// Originals are the files that the rules of [exec] which do not just allow stand for, for program.Cache.Identify; nil
// if there are none. Their files stay open.
func (p *Policy) Originals() *program.Originals { return p.originals }

// findOriginals opens the programs that are denied. What base has found is taken over if it is the same.
func (p *Policy) findOriginals(base *Policy) {
	f := p.programs
	var names []string
	for i := range p.rules {
		r := &p.rules[i]
		if r.Section != ExecSection || r.Action == Allow {
			continue
		}
		places, ok := f.places(r)
		for _, name := range places {
			if t := f.at(name); ok && t.exists && !t.directory {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	p.originalNames = slices.Compact(names)
	switch {
	case len(names) == 0:
	case base != nil && slices.Equal(base.originalNames, p.originalNames):
		p.originals = base.originals
	default:
		p.originals = f.collect(p.originalNames)
	}
}

// collect opens the files of the given paths and keeps them.
func (f *programs) collect(names []string) *program.Originals {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := &program.Originals{}
	for _, name := range names {
		file := f.kept[name]
		if file == nil {
			var err error
			if file, err = f.open(name); err != nil {
				continue // it is denied by its name, and what cannot be opened cannot be copied
			}
			f.kept[name] = file
		}
		o.Add([]byte(name), file)
	}
	return o
}
