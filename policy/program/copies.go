package program

import "bytes"

// Original is a file that a denied name stands for.
type Original struct {
	// Name is the path that the rule means, as written or found: its last component is the program's name.
	Name []byte
	// File is held open since the policy was loaded. It is closed by who opened it.
	File File
	id   ID
	// byName: the file acts by the name it is called by, so content alone does not say which program it is.
	byName bool
}

// Originals are the files that denied names stand for. It is filled while a policy is loaded and never changes after
// the first Identify.
type Originals struct {
	bySize map[int64][]*Original
}

// Add notes that the denied name stands for f. Nothing is read: that is done when a file of its size is executed.
func (o *Originals) Add(name []byte, f File) {
	if o.bySize == nil {
		o.bySize = make(map[int64][]*Original)
	}
	id := f.ID()
	byName := dispatcherOf(base(f.Path())) != nil || dispatcherOf(base(name)) != nil
	o.bySize[id.Size] = append(o.bySize[id.Size], &Original{Name: name, File: f, id: id, byName: byName})
}

// Single says whether a file is one program whatever it is called: neither a multi-call binary nor one that listens to
// argv[0]. Only then a rule that allows a link allows the file it leads to.
func (c *Cache) Single(f File) (bool, error) {
	e, err := c.look(f)
	return err == nil && e.family == 0 && dispatcherOf(base(f.Path())) == nil, err
}

// copies names the originals that have the content of f.
func (w *walk) copies(f File, e *entry, args [][]byte) {
	if w.originals == nil || e.family != 0 && e.family&loaders == 0 {
		return
	}
	list := w.originals.bySize[f.ID().Size]
	if len(list) == 0 {
		return
	}
	if e.compared != w.originals {
		e.twins, e.compared = w.cache.twins(f, list), w.originals
	}
	for _, o := range e.twins {
		called := base(o.Name)
		if o.byName && !bytes.Equal(calledAs(w.argv0), called) && !bytes.Equal(calledAs(w.typed), called) {
			continue
		}
		how := Copy
		if o.id.Dev == f.ID().Dev && o.id.Ino == f.ID().Ino {
			how = Same
		}
		w.add(Name{Text: o.Name, Args: args, How: how, Detail: string(f.Path())})
	}
}

// twins returns the originals of the list with the content of f.
func (c *Cache) twins(f File, list []*Original) []*Original {
	var twins []*Original
	for _, o := range list {
		if (o.id == f.ID() || c.equal(f, o)) && !c.bundle(o) {
			twins = append(twins, o)
		}
	}
	return twins
}

// bundle says whether an original is a multi-call binary: there names decide, so nothing is a copy of it. One that cannot
// be read any more, or is another by now, is taken for one program.
func (c *Cache) bundle(o *Original) bool {
	e, err := c.look(o.File)
	return err == nil && e.family != 0 && e.family&loaders == 0 && !o.changed()
}

// equal compares a file with an original of the same size. Files are compared, not hashed: two that differ mostly
// do in the first kilobyte. An original that was changed since the policy was loaded, or cannot be read, may have
// been the same: the cautious answer is that it was.
func (c *Cache) equal(f File, o *Original) bool {
	if c.buf == nil {
		c.buf = make([]byte, chunkSize+overlap)
	}
	if c.other == nil {
		c.other = make([]byte, chunkSize)
	}
	if o.changed() {
		return true
	}
	for off, size := int64(0), o.id.Size; off < size; {
		if off == maxCompare && size > 2*maxCompare {
			off = size - maxCompare // the middle of what is very large goes unseen
		}
		a, b := c.buf[:chunkSize], c.other
		n, err := readSome(f, a, off)
		m, otherErr := readSome(o.File, b, off)
		switch {
		case err != nil || otherErr != nil:
			return true
		case n != m || !bytes.Equal(a[:n], b[:m]):
			return o.changed()
		case n == 0:
			return true
		}
		off += int64(n)
	}
	return true
}

// maxCompare is how much of the beginning and of the end of two files is compared.
const maxCompare = 32 << 20

// changed says that the original is no longer what it was when the policy was loaded.
func (o *Original) changed() bool {
	s, ok := o.File.(Stater)
	if !ok {
		return false
	}
	now, err := s.Stat()
	return err != nil || now != o.id
}

// Stater is a File that can say what has become of it since it was opened. Files of originals should be: what a
// program in the sandbox overwrites after it made a copy would otherwise no longer be known by its content.
type Stater interface {
	Stat() (ID, error)
}
