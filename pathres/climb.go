package pathres

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

// climbMax bounds the length of a path that is put together component by component: each costs a few microseconds
// at every stop, and a hostile tree could nest without end. Longer ones are refused.
const climbMax = 256 << 10

// climb finds the path of a handle whose path is longer than PATH_MAX, which the kernel does not tell (ENAMETOOLONG):
// it goes up by ".." until it does, or until it is where the last climb began (deep.go), and finds the component of each
// level by looking for the inode in the directory above.
func (r *Resolver) climb(fd int, s *slot) naming {
	var id, above ident
	if r.identify(fd, &id) != 0 {
		return unseen
	}
	tail := r.again[:0] // the components found so far, byte by byte backwards
	defer func() { r.again = tail[:0] }()
	cur, e := dup(fd)
	if e == 0 && !id.dir() {
		if id.nlink == 0 {
			closeHandle(cur)
			return gone
		}
		// A file's handle does not know its directory. Most likely it was opened from where the task stands; any name that
		// leads to the inode will do.
		closeHandle(cur)
		cur, e = r.openEntry("cwd", -1, unix.O_PATH|unix.O_DIRECTORY)
		r.asOwn()
		if e == 0 {
			if tail = r.find(cur, &id, tail); len(tail) == 0 {
				closeHandle(cur)
				return unknown
			}
			e = r.identify(cur, &id)
		}
	}
	defer func() {
		if cur >= 0 {
			closeHandle(cur)
		}
	}()
	if e != 0 {
		return unseen
	}
	from, below := id, len(tail)
	for len(tail) < climbMax {
		text, e := r.textOf(cur)
		switch e {
		case 0:
			if leads, _ := r.leads(text, &id); !leads {
				return unseen
			}
			if len(text) == 1 {
				text = text[:0]
			}
		case unix.ENAMETOOLONG:
			text = r.deepPath(&id, len(tail) == below)
		default:
			return unseen
		}
		if text != nil {
			slices.Reverse(tail)
			s.path = append(append(s.path[:0], text...), tail...)
			r.deep.note(&from, s.path[:len(s.path)-below])
			return named
		}
		up, e := r.openAt(cur, dotdot, unix.O_PATH|unix.O_DIRECTORY)
		if e != 0 {
			return unseen
		}
		closeHandle(cur)
		cur = up
		if r.identify(cur, &above) != 0 || above.at(&id) {
			return unseen
		}
		before := len(tail)
		if tail = r.find(cur, &id, tail); len(tail) == before {
			if before == 0 && id.nlink == 0 {
				return gone
			}
			return unseen
		}
		id = above
	}
	return unseen
}

// find looks in directory dir for the entry that leads to an object and appends "/name" backwards to tail. The inode
// number in an entry is a hint only: at a mount point it is that of the directory covered, and on overlayfs that of
// a layer. So if no entry with the right number is the object, all are tried.
func (r *Resolver) find(dir int, id *ident, tail []byte) []byte {
	fd, e := r.openAt(dir, dot, unix.O_RDONLY|unix.O_DIRECTORY)
	if e != 0 {
		return tail
	}
	defer closeHandle(fd)
	if r.dents == nil {
		r.dents = make([]byte, 32<<10)
	}
	for _, hinted := range [...]bool{true, false} {
		if _, err := unix.Seek(fd, 0, unix.SEEK_SET); err != nil {
			return tail
		}
		for {
			n, err := unix.Getdents(fd, r.dents)
			if err == unix.EINTR {
				continue
			}
			if err != nil || n <= 0 {
				break
			}
			if name := r.pick(fd, r.dents[:n], id, hinted); name != nil {
				for i := len(name) - 1; i >= 0; i-- {
					tail = append(tail, name[i])
				}
				return append(tail, '/')
			}
		}
	}
	return tail
}

// pick returns the name of the entry that leads to id among those that getdents64(2) gave, or nil.
func (r *Resolver) pick(dir int, entries []byte, id *ident, hinted bool) []byte {
	const header = 19 // struct linux_dirent64: d_ino 8, d_off 8, d_reclen 2, d_type 1, then the name
	for len(entries) > header {
		size := int(binary.NativeEndian.Uint16(entries[16:]))
		if size <= header || size > len(entries) {
			return nil
		}
		ino, kind, name := binary.NativeEndian.Uint64(entries), entries[18], entries[header:size]
		entries = entries[size:]
		n := slices.Index(name, 0)
		if n <= 0 || string(name[:n]) == "." || string(name[:n]) == ".." {
			continue
		}
		if hinted && ino != id.ino || id.dir() && kind != unix.DT_DIR && kind != unix.DT_UNKNOWN {
			continue
		}
		if r.leadsTo(dir, name[:n+1], id) {
			return name[:n]
		}
	}
	return nil
}
