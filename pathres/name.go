package pathres

import (
	"bytes"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// naming says whether a handle has a canonical path.
type naming uint8

const (
	unseen    naming = iota // the tracer could not look
	unknown                 // it exists, but no path leads to it from the tracer's root that the tracer can walk
	named                   // slot.path is its path
	gone                    // it has been deleted
	anonymous               // it never had a path: a pipe, a socket, an anonymous inode
)

// name finds the canonical path of a handle and puts it into s.path.
//
// The kernel's text is relative to the root of the handle's own mount namespace or detached mount, so it counts only if
// it leads back to the same inode. It may fail to because a directory above was just renamed: then there is a new
// text, so it is tried again.
func (r *Resolver) name(fd int, s *slot) naming {
	var id ident
	r.asOwn()
	for range 3 {
		text, e := r.textOf(fd)
		if e == unix.ENAMETOOLONG {
			return r.climb(fd, s)
		}
		if e != 0 || r.stat(fd, empty, unix.AT_EMPTY_PATH, &id) != 0 {
			return unseen
		}
		if len(text) == 0 || text[0] != '/' {
			return anonymous // "pipe:[12]", "anon_inode:[eventpoll]": proc(5), /proc/pid/fd
		}
		leads, e := r.leads(text, &id)
		if leads {
			s.path = s.path[:0]
			if len(text) > 1 {
				s.path = append(s.path, text...)
			}
			return named
		}
		if e == unix.EACCES {
			return unknown // below a directory that the tracer may not search
		}
		if e != 0 && e != unix.ENOENT && e != unix.ENOTDIR && e != unix.ELOOP {
			return unseen
		}
		// A name that ends so may be a real one, which has just been tried. A file with other links left is reachable
		// by a name that nobody knows, and stays unknown. A memfd is "/memfd:name (deleted)" with no links.
		if id.nlink == 0 && bytes.HasSuffix(text, deleted) {
			return gone
		}
	}
	return unknown
}

// deleted ends the kernel's text for a dentry that has been removed: Documentation/filesystems/vfs.rst, d_path.
var deleted = []byte(" (deleted)")

// leads says whether a path of the tracer, which must lie in r.text or another buffer with room for a NUL, leads to an
// object without meeting a symbolic link. The error is why it leads nowhere.
func (r *Resolver) leads(path []byte, id *ident) (bool, syscall.Errno) {
	fd, e := r.reopen(path)
	if e != 0 {
		return false, e
	}
	defer closeHandle(fd)
	var at ident
	e = r.stat(fd, empty, unix.AT_EMPTY_PATH, &at)
	return e == 0 && at.is(id), e
}

// reopen opens an absolute path of the tracer that has no symbolic links in it, the last component included, in as few
// pieces as the kernel takes.
func (r *Resolver) reopen(path []byte) (int, syscall.Errno) {
	fd := r.root
	for {
		piece, flags := path[:r.piece(path)], unix.O_PATH|unix.O_NOFOLLOW
		if path = path[len(piece):]; len(path) > 0 {
			flags |= unix.O_DIRECTORY
		}
		z, saved := terminated(piece)
		var next int
		var e syscall.Errno
		if r.can.openat2 {
			next, e = r.openHow(fd, fromRoot(z), flags, unix.RESOLVE_NO_SYMLINKS)
		} else {
			next, e = r.openAt(fd, fromRoot(z), flags)
		}
		restore(z, saved)
		if fd != r.root {
			closeHandle(fd)
		}
		if e != 0 || len(path) == 0 {
			return next, e
		}
		fd = next
	}
}

// piece is how much of a path can be opened at once: what is shorter than PATH_MAX, or without openat2, by which alone
// no link is followed on the way, one component.
func (r *Resolver) piece(path []byte) int {
	if r.can.openat2 {
		if len(path) < access.PathMax {
			return len(path)
		}
		if end := bytes.LastIndexByte(path[:access.PathMax], '/'); end > 0 {
			return end
		}
		return len(path) // ENAMETOOLONG
	}
	start := 0
	for start < len(path) && path[start] == '/' {
		start++
	}
	if end := indexSlash(path[start:]); end >= 0 {
		return start + end
	}
	return len(path)
}
