package program

import (
	"encoding/binary"
	"errors"
	"io"
)

// image is what matters of an ELF file: where its strings lie and which interpreter it names.
type image struct {
	parts  []part // what is mapped and not writable
	interp []byte // PT_INTERP, nil if there is none
	// unclear says that the headers can be read in both word sizes.
	unclear bool
}

// part is a range of bytes in a file.
type part struct{ off, size int64 }

// Values of elf(5).
const (
	elfMagic    = "\x7fELF"
	ptLoad      = 1
	ptInterp    = 3
	pfW         = 2
	maxHeaders  = 65536 // bytes of program headers: the kernel's own bound is 64 KiB
	maxInterp   = 4096  // PATH_MAX
	elf64Header = 64
)

// readImage reads the program headers as the kernel does (fs/binfmt_elf.c): in its own byte order, and in whichever word
// size the size of an entry fits. It does not always ask the header for its class, and never for its byte order. A file
// that says it is ELF and makes no sense is taken as one part: the kernel will hardly load it, but if it does its strings
// still count. The error is one of reading.
func readImage(r io.ReaderAt, size int64) (image, error) {
	var head [elf64Header]byte
	n, err := readSome(r, head[:], 0)
	if err != nil {
		return image{}, err
	}
	var all image
	readable := 0
	for _, l := range []layout{wide, narrow} {
		table, ok, err := l.table(head[:n], r, size)
		if err != nil {
			return image{}, err
		}
		if !ok {
			continue
		}
		readable++
		if err := l.read(&all, table, r, size); err != nil {
			return image{}, err
		}
	}
	if all.unclear = readable > 1; len(all.parts) == 0 {
		all.parts = []part{{0, size}}
	}
	return all, nil
}

// layout says where things are in a header and in an entry, for a word size.
type layout struct {
	header, entry           int // sizes
	phoff, phentsize, phnum int // in the header
	flags, offset, filesz   int // in an entry, whose type is at 0
	word                    int // the size of phoff, offset and filesz
}

var (
	wide   = layout{header: 64, entry: 56, phoff: 32, phentsize: 54, phnum: 56, flags: 4, offset: 8, filesz: 32, word: 8}
	narrow = layout{header: 52, entry: 32, phoff: 28, phentsize: 42, phnum: 44, flags: 24, offset: 4, filesz: 16, word: 4}
)

// number reads a word.
func (l *layout) number(b []byte) uint64 {
	if l.word == 4 {
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}

// table reads the entries. ok is false if they cannot be of this layout. They may lie anywhere, also in the header.
func (l *layout) table(head []byte, r io.ReaderAt, size int64) (table []byte, ok bool, err error) {
	if len(head) < l.header || int(binary.NativeEndian.Uint16(head[l.phentsize:])) != l.entry {
		return nil, false, nil
	}
	length := int(binary.NativeEndian.Uint16(head[l.phnum:])) * l.entry
	off := l.number(head[l.phoff:])
	if length == 0 || length > maxHeaders || off > uint64(size) {
		return nil, false, nil
	}
	table = make([]byte, length)
	n, err := readSome(r, table, int64(off))
	return table[:n], err == nil, err
}

// read notes what the entries say.
func (l *layout) read(img *image, table []byte, r io.ReaderAt, size int64) error {
	for ; len(table) >= l.entry; table = table[l.entry:] {
		flags := binary.NativeEndian.Uint32(table[l.flags:])
		off, length := l.number(table[l.offset:]), l.number(table[l.filesz:])
		if off >= uint64(size) {
			continue
		}
		p := part{int64(off), int64(min(length, uint64(size)-off))}
		switch typ := binary.NativeEndian.Uint32(table); {
		case typ == ptLoad && flags&pfW == 0:
			img.parts = append(img.parts, p)
		case typ == ptInterp && img.interp == nil && p.size > 0:
			path := make([]byte, min(p.size, maxInterp))
			got, err := readSome(r, path, p.off)
			if err != nil {
				return err
			}
			img.interp = cString(path[:got])
		}
	}
	return nil
}

// readSome fills buf from off as far as the file goes.
func readSome(r io.ReaderAt, buf []byte, off int64) (int, error) {
	n, err := r.ReadAt(buf, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return max(0, min(n, len(buf))), err
}
