package program

import (
	"bytes"
	"io"
	"math/bits"
	"strings"
)

// Family is a set of families of binaries whose dispatch is known.
type Family uint8

// The families.
const (
	GNU         Family = 1 << iota // GNU coreutils built as a single binary
	BusyBox                        //
	Toybox                         //
	Uutils                         // uutils coreutils, multi-call
	GlibcLoader                    // ld.so
	MuslLoader                     // musl's libc.so
	Git                            // git, also git-core's copy
)

// loaders load another file into the process.
const loaders = GlibcLoader | MuslLoader

var familyNames = [...]string{"GNU coreutils single binary", "BusyBox", "toybox", "uutils coreutils",
	"glibc's loader",
	"musl's loader", "git"}

// String lists the families.
func (f Family) String() string {
	var names []string
	for i, name := range familyNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// single says that f is exactly one family.
func (f Family) single() bool { return bits.OnesCount8(uint8(f)) == 1 }

// A family is recognised by two strings, both of which survive strip(1). The rarer one is looked for first. They are
// spelled with a tilde that is taken out at the start, or this program would hold them itself.
var markers = [...]struct {
	family      Family
	rare, other []byte
}{
	{GNU, marker("--coreutils~-prog-shebang="), marker("--coreutils~-prog=")},
	{BusyBox, marker("applet~ not found"), marker("BusyBox~ v")},
	{Toybox, marker("Unknown~ command %s"), marker("toy~box")},
	{Uutils, marker("(multi-call~ binary)"), marker("uu~core")},
	{GlibcLoader, marker("loader~ cannot load itself"), marker("--inhibit~-cache")},
	{MuslLoader, marker("Dynamic~ Program Loader"), marker("library~-path")},
	{Git, marker("cannot handle~ %s as a builtin"), marker("git-upload~-pack")},
}

// Strings that tell how a BusyBox was built.
var (
	standaloneMarker = marker("is configured to run~ built-in utilities")
	bannerMarker     = marker("Currently defined~ functions")
)

func marker(spelled string) []byte { return []byte(strings.Replace(spelled, "~", "", 1)) }

// overlap is one less than the longest marker: so much of a chunk is seen again with the next.
const overlap = 63

const (
	chunkSize = 128 << 10
	maxScan   = 64 << 20 // bytes looked at in one file
)

// scanner looks through the mapped, not writable parts of an ELF file in chunks.
type scanner struct {
	file  io.ReaderAt
	parts []part
	buf   []byte // chunkSize + overlap
	cut   bool   // there was more than maxScan
}

// each calls see with every chunk until it returns false. The first kept bytes of a chunk are the last of the one
// before; none at the start of a part.
func (s *scanner) each(see func(chunk []byte, kept int) bool) error {
	left := int64(maxScan)
	for _, p := range s.parts {
		kept := 0
		for p.size > 0 {
			if left == 0 {
				s.cut = true
				return nil
			}
			want := min(chunkSize, p.size, left)
			n, err := readSome(s.file, s.buf[kept:kept+int(want)], p.off)
			if err != nil {
				return err
			}
			if n == 0 {
				break // the file became shorter
			}
			chunk := s.buf[:kept+n]
			if !see(chunk, kept) {
				return nil
			}
			p.off, p.size, left = p.off+int64(n), p.size-int64(n), left-int64(n)
			kept = copy(s.buf, chunk[max(0, len(chunk)-overlap):])
		}
	}
	return nil
}

// contains says which of the strings occur.
func (s *scanner) contains(strs ...[]byte) ([]bool, error) {
	found, missing := make([]bool, len(strs)), len(strs)
	err := s.each(func(chunk []byte, _ int) bool {
		for i, str := range strs {
			if !found[i] && bytes.Contains(chunk, str) {
				found[i] = true
				missing--
			}
		}
		return missing > 0
	})
	return found, err
}

// families recognises what the file is.
func (s *scanner) families() (Family, error) {
	var rare [len(markers)][]byte
	for i := range markers {
		rare[i] = markers[i].rare
	}
	found, err := s.contains(rare[:]...)
	if err != nil {
		return 0, err
	}
	var f Family
	for i := range markers {
		if !found[i] {
			continue
		}
		other, err := s.contains(markers[i].other)
		if err != nil {
			return 0, err
		}
		if other[0] {
			f |= markers[i].family
		}
	}
	return f, nil
}
