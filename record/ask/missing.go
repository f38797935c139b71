package ask

import (
	"cmp"
	"path"
	"slices"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// MissingOptions say what of the missing names is wanted.
type MissingOptions struct {
	NeverFound bool        // only what was not found anywhere, at any time
	Program    string      // a glob for the programs that looked; empty for all
	Below      *trail.Proc // only what it and its descendants looked for; nil for all
	All        bool        // also what each program of the system looks for
}

// MissingAnswer is what was looked for and not there.
type MissingAnswer struct {
	Names []*MissingName `json:"names"`
	// Noise counts lookups that were left out, by kind: "locale", "system".
	Noise map[string]int `json:"left_out,omitempty"`
	// All shows each directory and each name in the text.
	All bool `json:"-"`
}

// MissingName is a name that programs of one name looked for.
type MissingName struct {
	// Kind is "program", "header", "library", "pkg-config", "module", "file", "locale" or "system".
	Kind    string     `json:"kind"`
	Name    show.Bytes `json:"name"`
	Program show.Bytes `json:"program"`
	// Processes looked for it; First is the first of them, at At.
	Processes int     `json:"processes"`
	First     Process `json:"first"`
	At        int64   `json:"at"`
	Lookups   int     `json:"lookups"`
	// Dirs are where it was not, none if the program only said so; Found the files that were found there instead, by the same process.
	Dirs  []show.Bytes `json:"directories"`
	Found []show.Bytes `json:"found,omitempty"`
	// Later is who put it where it had been looked for, afterwards.
	Later *MissingLater `json:"later,omitempty"`
	Never bool          `json:"never_found"`
	procs map[int]bool
	tried map[string]int64
}

// MissingLater says how a file came to be there.
type MissingLater struct {
	At   int64      `json:"at"`
	Path show.Bytes `json:"path"`
	By   []Process  `json:"by"`
}

// kinds is the order in which answers list what was missing: what a build most likely wants first.
var kinds = []string{seekProgram, seekHeader, seekPackage, seekLibrary, seekModule, seekFile, seekLocale, seekSystem}

// Missing lists names that were looked up and not found.
func Missing(t *trail.Trail, options MissingOptions) *MissingAnswer {
	a := &MissingAnswer{Noise: make(map[string]int), All: options.All}
	type key struct{ kind, name, program string }
	known := make(map[key]*MissingName)
	programs := newPathDirs(t)
	for _, p := range t.Procs {
		if options.Below != nil && !within(p, options.Below) {
			continue
		}
		for _, s := range searches(t, p, programs) {
			program := s.first.Exec.Name()
			if options.Program != "" && !glob(options.Program, program) {
				continue
			}
			k := key{s.kind, s.name(), program}
			m := known[k]
			if m == nil {
				m = &MissingName{Kind: k.kind, Name: show.Bytes(k.name), Program: show.Bytes(program), At: s.first.At,
					First: processAt(p, s.first.At), procs: make(map[int]bool), tried: make(map[string]int64)}
				known[k] = m
				a.Names = append(a.Names, m)
			}
			m.add(s)
		}
	}
	a.addTold(t, options)
	a.laterFor(t)
	kept := a.Names[:0]
	for _, m := range a.Names {
		m.Never = len(m.Found) == 0 && m.Later == nil
		if m.Later != nil && m.Kind == seekFile && m.Processes == 1 && m.Later.By[0].ID == m.First.ID {
			m.Kind = seekSystem // it looked before it made the file itself
		}
		switch noise := m.Kind == seekLocale || m.Kind == seekSystem; {
		case options.NeverFound && !m.Never:
		case noise && !options.All:
			a.Noise[m.Kind] += m.Lookups
		default:
			kept = append(kept, m)
		}
	}
	a.Names = kept
	slices.SortStableFunc(a.Names, func(x, y *MissingName) int {
		return cmp.Or(cmp.Compare(missingOrder(x), missingOrder(y)),
			cmp.Compare(slices.Index(kinds, x.Kind), slices.Index(kinds, y.Kind)),
			cmp.Compare(min(len(y.Dirs), 2), min(len(x.Dirs), 2)), cmp.Compare(x.Name, y.Name),
			cmp.Compare(x.Program, y.Program))
	})
	return a
}

// missingOrder puts what was never found first, then what was found elsewhere, then what came later.
func missingOrder(m *MissingName) int {
	switch {
	case m.Never:
		return 0
	case m.Later == nil:
		return 1
	}
	return 2
}

func (m *MissingName) add(s *search) {
	if !m.procs[s.first.Proc.ID] {
		m.procs[s.first.Proc.ID] = true
		m.Processes++
	}
	m.Lookups += s.lookups
	for _, p := range s.paths {
		if _, ok := m.tried[p]; !ok {
			m.tried[p] = s.first.At
			if dir := show.Bytes(s.dir(p)); !slices.Contains(m.Dirs, dir) {
				m.Dirs = append(m.Dirs, dir)
			}
		}
	}
	if found := show.Bytes(s.found); s.found != "" && !slices.Contains(m.Found, found) {
		m.Found = append(m.Found, found)
	}
}

// laterFor finds what was put where it had been looked for.
func (a *MissingAnswer) laterFor(t *trail.Trail) {
	wanted := make(map[string][]*MissingName)
	for _, m := range a.Names {
		if len(m.Found) == 0 {
			for p := range m.tried {
				wanted[p] = append(wanted[p], m)
			}
		}
	}
	note := func(u *trail.Use, file string) {
		for _, m := range wanted[file] {
			if m.Later == nil && u.At > m.tried[file] {
				m.Later = &MissingLater{At: u.At, Path: show.Bytes(file), By: chainAt(u.Proc, u.At)}
			}
		}
	}
	for i := range t.Uses {
		u := &t.Uses[i]
		if u.Errno != "" {
			continue
		}
		switch u.Op {
		case event.OpMake, event.OpSymlink, event.OpWrite, event.OpRead, event.OpLook, event.OpList, event.OpEnter:
			note(u, u.Path)
		case event.OpRename, event.OpLink:
			note(u, u.To)
		}
	}
}

// glob matches a name against a pattern of the shell; what is no pattern matches itself.
func glob(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok || err != nil && pattern == name
}

// Status is 1 if nothing was missing.
func (a *MissingAnswer) Status() int {
	if len(a.Names) == 0 {
		return 1
	}
	return 0
}
