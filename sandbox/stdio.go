package sandbox

import (
	"os"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// stdio remembers what the target was given as descriptors 0, 1 and 2: by whatever name a program reopens them
// (/dev/stderr, /dev/pts/3, the log file's own path), it may do what it could do already ($STDIO).
type stdio struct {
	n    int
	held [3]heldFile
}

type heldFile struct {
	dev, ino uint64
	ops      access.Op
}

// add notes one descriptor. Objects without a name need no rule and do no harm here.
func (s *stdio) add(f *os.File) {
	if f == nil || s.n == len(s.held) {
		return
	}
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil {
		return
	}
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_PATH != 0 {
		return
	}
	h := heldFile{dev: uint64(st.Dev), ino: st.Ino}
	switch flags & unix.O_ACCMODE {
	case unix.O_RDONLY:
		h.ops = access.Read
	case unix.O_WRONLY:
		h.ops = access.Write
	case unix.O_RDWR:
		h.ops = access.Read | access.Write
	}
	s.held[s.n] = h
	s.n++
}

// covers says whether op on o is no more than a descriptor of the start allows.
func (s *stdio) covers(o *access.Object, op access.Op) bool {
	for i := range s.n {
		h := &s.held[i]
		if (h.ops&op != 0 || ablated(protectStdio)) && h.ino == o.Ino && h.dev == o.Dev {
			return true
		}
	}
	return false
}
