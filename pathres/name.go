package pathres

import (
	"bytes"
	"syscall"

	"golang.org/x/sys/unix"
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

// reopen opens an absolute path of the tracer that has no symbolic links in it, the last component included.
func (r *Resolver) reopen(path []byte) (int, syscall.Errno) {
	if r.can.openat2 {
		z, saved := terminated(path)
		defer restore(z, saved)
		return r.openHow(r.root, fromRoot(z), unix.O_PATH|unix.O_NOFOLLOW, unix.RESOLVE_NO_SYMLINKS)
	}
	fd, e := dup(r.root)
	for e == 0 {
		for len(path) > 0 && path[0] == '/' {
			path = path[1:]
		}
		if len(path) == 0 {
			return fd, 0
		}
		component, flags := path, unix.O_PATH|unix.O_NOFOLLOW
		if i := indexSlash(path); i >= 0 {
			component, flags = path[:i], flags|unix.O_DIRECTORY
		}
		path = path[len(component):]
		z, saved := terminated(component)
		var next int
		next, e = r.openAt(fd, z, flags)
		restore(z, saved)
		closeHandle(fd)
		fd = next
	}
	return -1, e
}
