package program

import "bytes"

// Glancer is a View that can say with little work where most names lead.
type Glancer interface {
	// Glance says which file an absolute path leads to, and its canonical path, which is valid until the next call. ok is
	// false where that takes Open to tell, and for every file whose identity does not stand for its content (Steady).
	Glance(unsafePath []byte) (id ID, path []byte, ok bool)
	// Rooted says that the name opened last started at the root in which Glance looks.
	Rooted() bool
}

// Loaded is what the kernel says of a loaded program without anybody opening it.
type Loaded struct {
	ID ID
	// Path is the kernel's text for the file.
	Path []byte
	// Cmdline has the words of the argument vector, each with a NUL behind it.
	Cmdline []byte
	// Mapped says what is mapped.
	Mapped Mappings
}

// Mappings says which files a process has mapped.
type Mappings interface {
	// Has says whether a file is among them: the kernel's text for it, and the number of its inode there. False where that
	// cannot be told.
	Has(ino uint64, path []byte) bool
}

// MappingsText is a list of mappings, as proc_pid_maps(5) has it.
type MappingsText []byte

// Has implements Mappings. A path that the list shows in another way (one with a new line) is not found.
func (maps MappingsText) Has(ino uint64, path []byte) bool {
	var m mapping
	for list := []byte(maps); len(list) > 0; {
		if m, list = nextMapping(list); m.ino == ino && ino != 0 && bytes.Equal(m.path, path) {
			return true
		}
	}
	return false
}

// Confirmed says whether the kernel loaded just what this identity, made at the first look, foresaw, as far as that can
// be told without opening anything. False means nothing: Fulfilled has to be asked. It allocates nothing.
//
// Precondition: the bytes of the Exec that the identity was made from are unchanged, and the paths in loaded are those of
// the mount namespace in which the first look was taken.
func (id *Identity) Confirmed(loaded *Loaded) bool {
	if id.volatile || id.Unknown != "" || id.Fails || len(id.finalPath) == 0 {
		return false
	}
	if loaded.ID != id.Final || !bytes.Equal(loaded.Path, id.finalPath) || !sameWords(id.FinalArgv, loaded.Cmdline) {
		return false
	}
	return len(id.path) == 0 || len(id.interpPath) > 0 && loaded.Mapped.Has(id.interp.Ino, id.interpPath)
}

// mapping is a line of a list of mappings.
type mapping struct {
	device, path []byte
	ino          uint64
}

// nextMapping takes the first line off a list: start-end, permissions, offset, device, inode; then blanks and the path.
func nextMapping(maps []byte) (m mapping, rest []byte) {
	line, rest, whole := bytes.Cut(maps, []byte{'\n'})
	if !whole {
		return m, nil
	}
	for range 3 {
		_, line, _ = bytes.Cut(line, []byte{' '})
	}
	m.device, line, _ = bytes.Cut(line, []byte{' '})
	number, path, _ := bytes.Cut(line, []byte{' '})
	m.ino, m.path = decimal(number), bytes.TrimLeft(path, " ")
	return m, rest
}

// mayBeMapped says whether an ELF interpreter is among the mappings of a program, where paths cannot be compared. That an
// inode has the same number there as for stat(2) is so if it is so for the program; else nothing is known. Devices can
// have other numbers, but are the same if they are the same.
func mayBeMapped(maps []byte, program, interp ID) bool {
	var device []byte
	var m mapping
	for list := maps; len(list) > 0 && device == nil; {
		if m, list = nextMapping(list); m.ino == program.Ino && m.ino != 0 {
			device = m.device
		}
	}
	if device == nil {
		return true
	}
	for len(maps) > 0 {
		m, maps = nextMapping(maps)
		if m.ino == interp.Ino && bytes.Equal(m.device, device) == (program.Dev == interp.Dev) {
			return true
		}
	}
	return false
}

// mapsOthers says whether a process that has just executed a program has mapped another file besides.
func mapsOthers(maps []byte) bool {
	var m, only mapping
	for len(maps) > 0 {
		switch m, maps = nextMapping(maps); {
		case m.ino == 0:
		case only.ino == 0:
			only = m
		case m.ino != only.ino || !bytes.Equal(m.device, only.device):
			return true
		}
	}
	return false
}

// decimal parses a number that the kernel wrote; 0 if it is none.
func decimal(text []byte) (n uint64) {
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0
		}
		n = 10*n + uint64(c-'0')
	}
	return n
}

// sameWords compares words with a text in which a NUL ends each.
func sameWords(words [][]byte, text []byte) bool {
	for _, word := range words {
		n := len(word)
		if len(text) <= n || text[n] != 0 || !bytes.Equal(text[:n], word) || bytes.IndexByte(word, 0) >= 0 {
			return false
		}
		text = text[n+1:]
	}
	return len(text) == 0
}

// Knows says whether Identify can do with a file's identity, if the file is steady.
func (c *Cache) Knows(id ID, originals *Originals) bool {
	e := c.young[id]
	if e == nil {
		e = c.old[id]
	}
	return e != nil && (e.compared == originals || !originals.alike(id))
}

// alike says whether there is an original to compare a file with.
func (o *Originals) alike(id ID) bool { return o != nil && len(o.bySize[id.Size]) > 0 }

// loaderFile is a dynamic loader that nobody in the tree can write.
type loaderFile struct {
	id   ID
	path []byte
}

// loaderAt says whether a path leads to a dynamic loader that is known, and to which.
func (w *walk) loaderAt(path []byte) (loaderFile, bool) {
	g, ok := w.view.(Glancer)
	if !ok || w.exec.Interp != nil || w.exec.Loaded {
		return loaderFile{}, false
	}
	if w.exec.Provisional && g.Rooted() {
		if l, ok := w.cache.loaders[string(path)]; ok {
			return l, true
		}
	}
	id, text, ok := g.Glance(path)
	if !ok {
		return loaderFile{}, false
	}
	if e := w.cache.young[id]; e == nil || e.family&loaders == 0 {
		return loaderFile{}, false
	}
	l := loaderFile{id, bytes.Clone(text)}
	w.cache.led(path, l)
	return l, true
}

// maxLoaderNames is how many names of loaders are remembered: a machine has one for each of its ABIs.
const maxLoaderNames = 64

// led notes where the name of a loader led.
func (c *Cache) led(path []byte, l loaderFile) {
	if c.loaders == nil || len(c.loaders) >= maxLoaderNames {
		c.loaders = make(map[string]loaderFile)
	}
	c.loaders[string(path)] = l
}
