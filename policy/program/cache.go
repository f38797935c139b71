package program

import (
	"bytes"
	"errors"
	"time"
)

// entry is what is known of one version of a file's content.
type entry struct {
	elf    bool
	script bool
	line   shebang
	interp []byte // PT_INTERP
	// unclear says that the kernel may read other headers than were read here.
	unclear bool
	family  Family
	// cut: only the first maxScan bytes were looked at.
	cut bool
	// applets of a BusyBox or toybox; nil if they could not be found out.
	applets map[string]bool
	// standalone: a BusyBox whose shell prefers its own applets.
	standalone bool
	// twins are the originals with the same content, once they have been compared.
	twins    []*Original
	compared *Originals
}

// Cache remembers what was found in files, by identity: a file that it knows is neither opened nor read again.
//
// A time stamp is no finer than the kernel's tick, so what was written shortly before it was read is not remembered:
// it could be written again without a trace.
type Cache struct {
	now        func() time.Time
	young, old map[ID]*entry
	loaders    map[string]loaderFile // where names of ELF interpreters that are loaders led when they were last looked up
	buf        []byte                // of the scanner
	other      []byte                // of a comparison
}

const (
	// generation is how many files are remembered before the older half is forgotten.
	generation = 2048
	// settled is how old a change must be: several ticks of the slowest clock (HZ=100).
	settled = 100 * time.Millisecond
)

// NewCache returns an empty cache. now tells the time by the clock that file systems use.
func NewCache(now func() time.Time) *Cache {
	return &Cache{now: now, young: make(map[ID]*entry)}
}

// Steady is a File that can say whether its identity stands for its content. It does not where a process of the tree
// could write the file: stores into a shared mapping of a page that is dirty already change no time stamp (and on tmpfs
// none at all). Such a file is read at every look. A File without this method is steady.
type Steady interface {
	Steady() bool
}

func steady(f File) bool {
	s, ok := f.(Steady)
	return !ok || s.Steady()
}

// look returns what is in a file.
func (c *Cache) look(f File) (*entry, error) {
	id := f.ID()
	if !steady(f) {
		return c.read(f, id.Size)
	}
	if e := c.young[id]; e != nil {
		return e, nil
	}
	e := c.old[id]
	if e == nil {
		var err error
		if e, err = c.read(f, id.Size); err != nil {
			return nil, err
		}
		if c.now().UnixNano()-id.Ctime < int64(settled) {
			return e, nil
		}
	}
	if len(c.young) >= generation {
		c.old, c.young = c.young, make(map[ID]*entry)
	}
	c.young[id] = e
	return e, nil
}

// read finds out what is in a file.
func (c *Cache) read(f File, size int64) (*entry, error) {
	var head [scriptHead]byte
	n, err := readSome(f, head[:], 0)
	if err != nil {
		return nil, err
	}
	e := &entry{}
	if !bytes.HasPrefix(head[:n], []byte(elfMagic)) {
		e.line, e.script = parseShebang(head[:n])
		return e, nil
	}
	e.elf = true
	img, err := readImage(f, size)
	if err != nil {
		return nil, err
	}
	e.interp, e.unclear = img.interp, img.unclear
	if c.buf == nil {
		c.buf = make([]byte, chunkSize+overlap)
	}
	s := &scanner{file: f, parts: img.parts, buf: c.buf}
	if e.family, err = s.families(); err != nil {
		return nil, err
	}
	e.cut = s.cut
	if e.family&BusyBox != 0 {
		err = e.readBusyBox(s)
	}
	if e.family&Toybox != 0 {
		err = errors.Join(err, e.readToybox(s))
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// readBusyBox finds out which applets a BusyBox has and whether its shell prefers them.
func (e *entry) readBusyBox(s *scanner) error {
	found, err := s.contains(standaloneMarker, bannerMarker)
	if err != nil {
		return err
	}
	// A build without the banner does not tell.
	e.standalone = found[0] || !found[1]
	e.applets, err = appletTable(s)
	return err
}

// readToybox finds out which of the commands that toybox ever had may be in this one.
func (e *entry) readToybox(s *scanner) error {
	e.applets = make(map[string]bool)
	known := toyboxCommands.all()
	return s.each(func(chunk []byte, _ int) bool {
		for at := 0; ; at++ {
			n := bytes.IndexByte(chunk[at:], 0)
			if n < 0 {
				return true
			}
			at += n
			// A linker stores one string as the tail of another, so each tail counts.
			for start := max(0, at-maxToybox); start < at; start++ {
				if name := chunk[start:at]; known[string(name)] {
					e.applets[string(name)] = true
				}
			}
		}
	})
}
