package pathres

import (
	"bytes"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// ident says which object a handle or name leads to.
type ident struct {
	dev, ino uint64
	// mnt is the mount it was reached through, 0 if the kernel did not say. Mount IDs are unique among the mounts of all
	// namespaces that are alive, and a handle keeps its own alive.
	mnt   uint64
	size  uint64
	mode  uint32
	nlink uint32
	uid   uint32
}

// is says whether two handles lead to the same inode, by whatever mount.
func (a *ident) is(b *ident) bool { return a.dev == b.dev && a.ino == b.ino }

// at says whether two handles are at the same place: the same inode on the same mount. A directory has one dentry, so
// everything below looks the same from both.
func (a *ident) at(b *ident) bool { return a.is(b) && a.mnt == b.mnt && a.mnt != 0 }

func (a *ident) dir() bool  { return a.mode&unix.S_IFMT == unix.S_IFDIR }
func (a *ident) link() bool { return a.mode&unix.S_IFMT == unix.S_IFLNK }

// kind is what the object is, if it has a name.
func (a *ident) kind() access.Kind { return access.KindOf(a.mode) }

// stat identifies what a NUL-terminated path leads to. flags are AT_*. The mount is filled in only where statx tells
// it.
func (r *Resolver) stat(dir int, path []byte, flags int, id *ident) syscall.Errno {
	if !r.can.statx {
		return statOld(dir, path, flags, id)
	}
	var st unix.Statx_t
	if e := statx(dir, path, flags, &st); e != 0 {
		return e
	}
	*id = ident{
		dev:   unix.Mkdev(st.Dev_major, st.Dev_minor),
		ino:   st.Ino,
		size:  st.Size,
		mode:  uint32(st.Mode),
		nlink: st.Nlink,
		uid:   st.Uid,
	}
	if r.can.mountID {
		id.mnt = st.Mnt_id
	}
	return 0
}

// statOld is stat for kernels before 4.11.
func statOld(dir int, path []byte, flags int, id *ident) syscall.Errno {
	var st unix.Stat_t
	if e := fstatat(dir, path, flags, &st); e != 0 {
		return e
	}
	*id = ident{
		dev:   uint64(st.Dev), // its type differs between ports
		ino:   uint64(st.Ino),
		size:  uint64(st.Size),
		mode:  uint32(st.Mode),
		nlink: uint32(st.Nlink),
		uid:   st.Uid,
	}
	return 0
}

// identify identifies a handle with its mount.
func (r *Resolver) identify(fd int, id *ident) syscall.Errno {
	if e := r.stat(fd, empty, unix.AT_EMPTY_PATH, id); e != 0 || id.mnt != 0 {
		return e
	}
	var e syscall.Errno
	id.mnt, e = r.mount(fd)
	return e
}

// mount reads the mount ID of a handle from its fdinfo (Linux 3.15), for kernels whose statx has none.
func (r *Resolver) mount(fd int) (uint64, syscall.Errno) {
	r.asOwn()
	name := strconv.AppendInt(r.line[:0], int64(r.pid), 10)
	name = append(name, "/fdinfo/"...)
	name = append(strconv.AppendInt(name, int64(fd), 10), 0)
	var buf [512]byte
	text, e := r.read(r.proc, name, buf[:])
	if e != 0 {
		return 0, e
	}
	id, ok := number(field(text, "mnt_id:"), 0)
	if !ok {
		return 0, unix.EIO
	}
	return id, 0
}

// read reads the start of a small file into buf.
func (r *Resolver) read(dir int, path, buf []byte) ([]byte, syscall.Errno) {
	fd, e := r.openAt(dir, path, unix.O_RDONLY)
	if e != 0 {
		return nil, e
	}
	defer closeHandle(fd)
	n := 0
	for n < len(buf) {
		m, err := unix.Read(fd, buf[n:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err.(syscall.Errno)
		}
		if m == 0 {
			break
		}
		n += m
	}
	return buf[:n], 0
}

// field returns what follows key at the start of a line of a procfs file, without blanks around it.
func field(text []byte, key string) []byte {
	for len(text) > 0 {
		line := text
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		if len(line) >= len(key) && string(line[:len(key)]) == key {
			return bytes.TrimSpace(line[len(key):])
		}
	}
	return nil
}

// number parses the i-th decimal number of a list separated by blanks; i < 0 is the last.
func number(list []byte, i int) (uint64, bool) {
	var n uint64
	found := false
	for at := 0; len(list) > 0; at++ {
		word := list
		if j := bytes.IndexAny(list, " \t"); j >= 0 {
			word, list = list[:j], bytes.TrimLeft(list[j:], " \t")
		} else {
			list = nil
		}
		n, found = digits(word)
		if !found || at == i {
			return n, found
		}
	}
	return n, found && i < 0
}

// digits parses a decimal number and nothing else.
func digits(s []byte) (uint64, bool) {
	var n uint64
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<56 {
			return 0, false
		}
		n = 10*n + uint64(c-'0')
	}
	return n, len(s) > 0
}

// indexSlash returns the place of the first slash, or -1.
func indexSlash(b []byte) int { return bytes.IndexByte(b, '/') }
