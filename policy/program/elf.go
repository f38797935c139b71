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

// readImage reads the program headers. A file that says it is ELF and makes no sense is taken as one part: the kernel
// will hardly load it, but if it does its strings still count. The error is one of reading.
func readImage(r io.ReaderAt, size int64) (image, error) {
	whole := image{parts: []part{{0, size}}}
	var head [elf64Header]byte
	n, err := readSome(r, head[:], 0)
	if err != nil {
		return image{}, err
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[5] == 2 {
		order = binary.BigEndian
	}
	var phoff int64
	var entry, count int
	wide := head[4] == 2
	switch {
	case wide && n == elf64Header:
		phoff, entry, count = int64(order.Uint64(head[32:])), int(order.Uint16(head[54:])),
			int(order.Uint16(head[56:]))
	case !wide && n >= 52:
		phoff, entry, count = int64(order.Uint32(head[28:])), int(order.Uint16(head[42:])),
			int(order.Uint16(head[44:]))
	default:
		return whole, nil
	}
	least := 32
	if wide {
		least = 56
	}
	if entry < least || count == 0 || count*entry > maxHeaders || phoff <= 0 || phoff > size {
		return whole, nil
	}
	table := make([]byte, count*entry)
	if n, err = readSome(r, table, phoff); err != nil {
		return image{}, err
	}
	var img image
	for ; n >= entry; table, n = table[entry:], n-entry {
		var flags uint32
		var off, length uint64
		if wide {
			flags, off, length = order.Uint32(table[4:]), order.Uint64(table[8:]), order.Uint64(table[32:])
		} else {
			flags, off = order.Uint32(table[24:]), uint64(order.Uint32(table[4:]))
			length = uint64(order.Uint32(table[16:]))
		}
		if off >= uint64(size) {
			continue
		}
		p := part{int64(off), int64(min(length, uint64(size)-off))}
		switch typ := order.Uint32(table); {
		case typ == ptLoad && flags&pfW == 0:
			img.parts = append(img.parts, p)
		case typ == ptInterp && img.interp == nil && p.size > 0:
			path := make([]byte, min(p.size, maxInterp))
			got, err := readSome(r, path, p.off)
			if err != nil {
				return image{}, err
			}
			img.interp = cString(path[:got])
		}
	}
	if len(img.parts) == 0 {
		return whole, nil
	}
	return img, nil
}

// readSome fills buf from off as far as the file goes.
func readSome(r io.ReaderAt, buf []byte, off int64) (int, error) {
	n, err := r.ReadAt(buf, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return max(0, min(n, len(buf))), err
}
