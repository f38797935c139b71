package program

import "bytes"

// Bounds of one identification.
const (
	maxLoaders = 4
	maxNames   = 4096
)

// walk is one identification under way.
type walk struct {
	cache     *Cache
	view      View
	originals *Originals
	exec      *Exec
	id        *Identity
	// argv0 and typed are what the program at hand was called by.
	argv0, typed []byte
	hops         [][]byte
	path         []byte // of that program's file
}

// Identify says what an exec will make of a process. originals may be nil.
//
// A file that the cache knows is not opened; what an ELF file names as its interpreter is, as that name may lead
// elsewhere each time.
func (c *Cache) Identify(x *Exec, v View, originals *Originals) *Identity {
	w := &walk{cache: c, view: v, originals: originals, exec: x,
		id: &Identity{Names: make([]Name, 0, 8), FinalArgv: x.Argv, cache: c}}
	w.chain(x)
	return w.id
}

// chain follows scripts to the ELF file.
func (w *walk) chain(x *Exec) {
	f, how, argv := x.File, Typed, x.Argv
	w.called(x.Typed, x.Hops, argv)
	if x.Loaded {
		w.loadedScript(x)
	}
	for scripts := 0; ; scripts++ {
		e := w.file(f, how, argv)
		w.final(f, argv)
		if e != nil && e.script && !x.Loaded {
			if scripts == maxScripts {
				w.step("script", f.Path(), "one more than the kernel follows: ELOOP")
				w.id.Fails = true
				w.close(f)
				return
			}
			w.step("script", f.Path(), "")
			argv = e.line.splice(w.typed, argv)
			if len(e.line.interpreter) == 0 {
				w.step("script", f.Path(), "names no interpreter: ENOENT")
				w.id.Fails = true
				w.close(f)
				return
			}
			next, hops, err := w.view.Open(e.line.interpreter)
			w.close(f)
			if err != nil {
				w.add(Name{Text: e.line.interpreter, Args: after(argv, 1), How: Interpreter})
				w.unopened(e.line.interpreter, err)
				return
			}
			f, how = next, Interpreter
			w.called(e.line.interpreter, hops, argv)
			continue
		}
		switch {
		case e == nil: // Unknown says why
		case e.elf:
			w.elf(f, e, argv, 0)
		default:
			w.runs(f, e, argv)
			w.step("file", f.Path(), "neither ELF nor a script: the kernel will ask binfmt_misc or refuse it")
		}
		w.close(f)
		return
	}
}

// final notes what the kernel will load, if it is not a script.
func (w *walk) final(f File, argv [][]byte) {
	w.id.Final, w.id.FinalArgv, w.id.finalPath = f.ID(), argv, nil
	if steady(f) {
		w.id.finalPath = f.Path()
	}
}

// called notes by what the next file was reached.
func (w *walk) called(typed []byte, hops, argv [][]byte) {
	w.typed, w.hops, w.argv0 = typed, hops, first(argv)
}

// close gives back what was opened on the way.
func (w *walk) close(f File) {
	if f != w.exec.File && f != w.exec.Interp {
		_ = f.Close() // it was only read
	}
}

// loadedScript finds, at the second look, the script in the argument vector that the kernel made: the words of the
// interpreters' lines come before it.
func (w *walk) loadedScript(x *Exec) {
	for i := 1; i < len(x.Argv) && i <= 2*maxScripts; i++ {
		if len(x.Typed) > 0 && bytes.Equal(x.Argv[i], x.Typed) {
			w.add(Name{Text: x.Typed, Args: x.Argv[i+1:], How: Script})
		}
	}
}

// file names a file on the way and looks into it; nil if it cannot be read.
func (w *walk) file(f File, how How, argv [][]byte) *entry {
	args := after(argv, 1)
	if len(w.typed) > 0 {
		w.add(Name{Text: w.typed, Args: args, How: how})
	}
	for _, hop := range w.hops {
		w.add(Name{Text: hop, Args: args, How: Link})
	}
	path := f.Path()
	w.path = path
	e, err := w.cache.look(f)
	if len(path) > 0 {
		// A script that a person wrote a rule for is the program, whatever interprets it.
		n := Name{Text: path, Args: args, How: Canonical, Runs: err == nil && e.script && how == Typed}
		if how != Typed {
			n.Detail = how.String()
		}
		w.add(n)
	}
	if err != nil {
		w.unknown("the file cannot be read: " + err.Error())
		return nil
	}
	w.copies(f, e, args)
	if how == Typed && e.family&Git == 0 {
		w.gitPart(args)
	}
	return e
}

// elf says what an ELF file will be.
func (w *walk) elf(f File, e *entry, argv [][]byte, depth int) {
	w.id.Family = e.family
	if e.cut {
		w.step("file", f.Path(), "only its first 64 MiB were looked at")
	}
	if e.family != 0 {
		w.step("family", nil, e.family.String())
	}
	if e.unclear {
		w.unknown("its ELF headers can be read in two ways")
	}
	before := len(w.id.Names)
	replaced := w.elfInterpreter(e, argv)
	interp := w.id.Names[before:len(w.id.Names):len(w.id.Names)]
	w.runs(f, e, argv)
	w.families(e, argv)
	if e.family&loaders != 0 {
		w.loader(e.family, argv, depth)
	}
	w.dispatcher(f, e, argv)
	if e.family == 0 {
		w.env(f, argv)
	}
	if replaced {
		w.gives(before, len(interp))
	}
}

// gives leaves what runs to the names of an ELF interpreter that is no loader, n of them from the given one on.
func (w *walk) gives(from, n int) {
	for i := range w.id.Names {
		if i < from || i >= from+n {
			w.id.Names[i].Runs = false
		}
	}
}

// families runs the dispatch of each multi-call family that the file was recognised as.
func (w *walk) families(e *entry, argv [][]byte) {
	if e.family&GNU != 0 {
		w.gnu(argv)
	}
	if e.family&BusyBox != 0 {
		w.busybox(e, argv)
	}
	if e.family&Toybox != 0 {
		w.toybox(e, argv)
	}
	if e.family&Uutils != 0 {
		w.uutils(argv)
	}
	if e.family&Git != 0 {
		w.git(argv)
	}
}

// runs marks the file as what finally runs, where it is one program under every name.
func (w *walk) runs(f File, e *entry, argv [][]byte) {
	if e.family != 0 || e.elf && w.actsAs(f, argv) {
		return
	}
	path := f.Path()
	for i := range w.id.Names {
		if n := &w.id.Names[i]; n.How == Canonical && len(path) > 0 && bytes.Equal(n.Text, path) {
			n.Runs = true
		}
	}
}

// elfInterpreter looks at PT_INTERP: the kernel starts that file, which then loads the program, if it is a loader. If it
// is no known one it is what runs.
func (w *walk) elfInterpreter(e *entry, argv [][]byte) (runs bool) {
	if len(e.interp) == 0 {
		if w.exec.Maps != nil && mapsOthers(w.exec.Maps) {
			w.unknown("the kernel has mapped a file that its ELF headers do not name")
		}
		return false
	}
	if l, ok := w.loaderAt(e.interp); ok {
		w.id.path, w.id.interp, w.id.interpPath, w.id.loader = e.interp, l.id, l.path, true
		return false
	}
	f, hops, err := w.openInterp(e.interp)
	if err != nil {
		if w.exec.Loaded {
			w.unknown("the ELF interpreter " + shown(e.interp) + " cannot be opened: " + err.Error())
		}
		return false // the kernel will refuse the exec, or the second look will see
	}
	defer w.close(f)
	if w.exec.Maps != nil && !mayBeMapped(w.exec.Maps, w.exec.File.ID(), f.ID()) {
		w.unknown("what was loaded as the ELF interpreter is not what its name leads to: " + shown(e.interp))
		return false
	}
	w.id.path, w.id.interp, w.id.interpPath = e.interp, f.ID(), nil
	if steady(f) {
		w.id.interpPath = f.Path()
	}
	inner, err := w.cache.look(f)
	if err != nil {
		w.unknown("the ELF interpreter " + shown(e.interp) + " cannot be read: " + err.Error())
		return false
	}
	if w.id.loader = inner.family&loaders != 0; w.id.loader {
		return false
	}
	w.step("ELF interpreter", e.interp, "no known loader: it is the program that runs")
	args := after(argv, 1)
	for _, text := range append([][]byte{e.interp, f.Path()}, hops...) {
		if len(text) > 0 {
			w.add(Name{Text: text, Args: args, How: ELFInterp, Runs: inner.family == 0 && bytes.Equal(text, f.Path())})
		}
	}
	w.copies(f, inner, args)
	w.families(inner, argv)
	return true
}

// openInterp returns what the kernel has mapped, if that is known, else what the name leads to.
func (w *walk) openInterp(path []byte) (File, [][]byte, error) {
	if w.exec.Interp != nil {
		return w.exec.Interp, nil, nil
	}
	return w.view.Open(path)
}

// links marks the links whose name is the applet: a rule that allows /usr/bin/ls means the link to the bundle.
func (w *walk) links(applet []byte, args [][]byte, known bool) {
	for _, hop := range w.hops {
		if known && w.sole() && bytes.Equal(base(hop), applet) && bytes.Equal(base(w.argv0), applet) {
			w.add(Name{Text: hop, Args: args, How: Applet, Runs: true})
		}
	}
	if known && w.sole() && bytes.Equal(base(w.path), applet) && bytes.Equal(base(w.argv0), applet) {
		w.add(Name{Text: w.path, Args: args, How: Applet, Runs: true}) // a hard link
	}
}

// container names the multi-call binary itself, with the applet as its first word.
func (w *walk) container(name string, applet []byte, args [][]byte) {
	if len(applet) > 0 {
		args = append([][]byte{applet}, args...)
	}
	w.add(Name{Text: []byte(name), Args: args, How: Container, Runs: w.sole()})
}

// sole says that only one family was recognised, so what its dispatch says is what runs.
func (w *walk) sole() bool { return w.id.Family.single() }

func (w *walk) add(n Name) {
	if len(w.id.Names) >= maxNames {
		w.unknown("the program has too many names")
		return
	}
	w.id.Names = append(w.id.Names, n)
}

func (w *walk) step(what string, unsafePath []byte, note string) {
	w.id.Steps = append(w.id.Steps, Step{what, unsafePath, note})
}

// unknown notes the first reason why the program cannot be told.
func (w *walk) unknown(why string) {
	if w.id.Unknown == "" {
		w.id.Unknown = why
	}
}

// unopened: a file on the way cannot be opened now. The kernel fails the exec for the same reason, or the second look
// finds out that it was mended meanwhile.
func (w *walk) unopened(path []byte, err error) {
	w.step("interpreter", path, "cannot be opened: "+err.Error())
	w.id.Final, w.id.finalPath = ID{}, nil
}
