package program

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// memory is a File that counts how it is used.
type memory struct {
	bytes.Reader
	id     ID
	path   string
	opened *int
	err    error
}

func (m *memory) ID() ID       { return m.id }
func (m *memory) Path() []byte { return []byte(m.path) }
func (m *memory) Close() error { return nil }

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	if m.opened != nil {
		*m.opened++
	}
	if m.err != nil {
		return 0, m.err
	}
	return m.Reader.ReadAt(p, off)
}

// world is a View of files in memory: paths to contents, and links. All of it lies in /, which is also the cwd.
type world struct {
	files map[string]string
	links map[string]string
	inos  map[string]uint64
	reads int
}

func (w *world) file(p string) (*memory, bool) {
	text, ok := w.files[p]
	if !ok {
		return nil, false
	}
	if w.inos == nil {
		w.inos = make(map[string]uint64)
	}
	if w.inos[p] == 0 {
		w.inos[p] = uint64(len(w.inos) + 1)
	}
	m := &memory{path: p, id: ID{Dev: 1, Ino: w.inos[p], Size: int64(len(text))}, opened: &w.reads}
	m.Reset([]byte(text))
	return m, true
}

func (w *world) Open(unsafePath []byte) (File, [][]byte, error) {
	p := path.Join("/", string(unsafePath))
	var hops [][]byte
	for range 40 {
		if m, ok := w.file(p); ok {
			return m, hops, nil
		}
		to, ok := w.links[p]
		if !ok {
			return nil, nil, syscall.ENOENT
		}
		hops = append(hops, []byte(p))
		p = path.Join(path.Dir(p), to)
		if strings.HasPrefix(to, "/") {
			p = to
		}
	}
	return nil, nil, syscall.ELOOP
}

func (w *world) Readlink(unsafePath []byte) ([]byte, error) {
	if to, ok := w.links[path.Join("/", string(unsafePath))]; ok {
		return []byte(to), nil
	}
	return nil, syscall.EINVAL
}

// exec is an Exec of the words: the first is the path, the second and those behind it argv.
func (w *world) exec(t testing.TB, typed string, argv ...string) *Exec {
	t.Helper()
	f, hops, err := w.Open([]byte(typed))
	if err != nil {
		t.Fatalf("%s: %v", typed, err)
	}
	return &Exec{Typed: []byte(typed), File: f, Hops: hops, Argv: vector(argv...)}
}

func vector(argv ...string) [][]byte {
	list := make([][]byte, len(argv))
	for i, word := range argv {
		list[i] = []byte(word)
	}
	return list
}

// elf builds an ELF file: a read-only segment with the strings, each with its NUL, behind an interpreter if there
// is one.
func elf(interp string, strs ...string) string {
	const head, entry = 64, 56
	count := 2
	if interp != "" {
		count = 3
	}
	data := "\x00" + strings.Join(strs, "\x00") + "\x00"
	b := make([]byte, head+count*entry)
	copy(b, elfMagic+"\x02\x01\x01")
	le := binary.LittleEndian
	le.PutUint16(b[16:], 2)
	le.PutUint16(b[18:], 62)
	le.PutUint64(b[32:], head)
	le.PutUint16(b[54:], entry)
	le.PutUint16(b[56:], uint16(count))
	segment := func(i int, typ, flags uint32, off, size int) {
		p := b[head+i*entry:]
		le.PutUint32(p, typ)
		le.PutUint32(p[4:], flags)
		le.PutUint64(p[8:], uint64(off))
		le.PutUint64(p[32:], uint64(size))
	}
	segment(0, ptLoad, 4, 0, len(b)+len(data))
	segment(1, ptLoad, 6, len(b)+len(data), 8)
	if interp != "" {
		segment(2, ptInterp, 4, len(b)+len(data)+8, len(interp)+1)
	}
	text := string(b) + data + "writable"
	if interp != "" {
		text += interp + "\x00"
	}
	return text
}

// family is an ELF file with the markers of a family.
func familyELF(f Family, more ...string) string {
	for i := range markers {
		if markers[i].family == f {
			return elf("", append([]string{"lead", string(markers[i].rare), string(markers[i].other)}, more...)...)
		}
	}
	panic("no such family")
}

// clock is long after every file was made.
func clock() time.Time { return time.Unix(1000, 0) }

// denied says whether a deny rule matches.
func denied(id *Identity, rule string) bool {
	words := strings.Fields(rule)
	for i := range id.Names {
		n := &id.Names[i]
		if (string(n.Text) == words[0] || string(n.Base()) == words[0]) && MatchArgs(words[1:], n, ToDeny) {
			return true
		}
	}
	return false
}

// allowed says whether an allow rule matches.
func allowed(id *Identity, rule string) bool {
	words := strings.Fields(rule)
	for i := range id.Names {
		n := &id.Names[i]
		if n.Runs && (string(n.Text) == words[0] || string(n.Base()) == words[0]) && MatchArgs(words[1:], n,
			ToAllow) {
			return true
		}
	}
	return false
}

// disk is a View of this machine.
type disk struct{}

type diskFile struct {
	*os.File
	id   ID
	path string
}

func (f *diskFile) ID() ID       { return f.id }
func (f *diskFile) Path() []byte { return []byte(f.path) }
func (f *diskFile) Stat() (ID, error) {
	return statID(f.File)
}

func statID(f *os.File) (ID, error) {
	var st syscall.Stat_t
	err := syscall.Fstat(int(f.Fd()), &st)
	return ID{Dev: uint64(st.Dev), Ino: st.Ino, Size: st.Size, Mtime: st.Mtim.Nano(), Ctime: st.Ctim.Nano()}, err
}

func (disk) Open(unsafePath []byte) (File, [][]byte, error) {
	p, err := filepath.EvalSymlinks(string(unsafePath))
	if err != nil {
		return nil, nil, err
	}
	if p, err = filepath.Abs(p); err != nil {
		return nil, nil, err
	}
	f, err := os.Open(p)
	if err != nil {
		return nil, nil, err
	}
	id, err := statID(f)
	return &diskFile{f, id, p}, nil, err
}

func (disk) Readlink(unsafePath []byte) ([]byte, error) {
	to, err := os.Readlink(string(unsafePath))
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return []byte(to), err
}

// identifyOnDisk identifies an exec of a file of this machine.
func identifyOnDisk(t testing.TB, c *Cache, file string, argv ...string) *Identity {
	t.Helper()
	f, hops, err := disk{}.Open([]byte(file))
	if err != nil {
		t.Fatalf("this test needs %s: %v", file, err)
	}
	defer f.Close()
	return c.Identify(&Exec{Typed: []byte(file), File: f, Hops: hops, Argv: vector(argv...)}, disk{}, nil)
}
