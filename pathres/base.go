package pathres

import (
	"bytes"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// begin finds out where the walk starts. It says whether there is anything to walk.
func (w *walk) begin() bool {
	path := w.n.UnsafePath
	switch {
	case w.n.FD, len(path) == 0 && w.n.Empty && w.n.Dirfd != unix.AT_FDCWD:
		return w.descriptor()
	case len(path) == 0 && w.n.Empty:
		if w.start(0) {
			w.object(w.cur.take(), noHandle, w.known)
		}
		return false
	case len(path) == 0:
		return w.fail(unix.ENOENT)
	case len(path) >= access.PathMax:
		return w.fail(unix.ENAMETOOLONG)
	}
	w.rest = w.r.rest[restMax-len(path) : restMax]
	copy(w.rest, path)
	w.r.rest[restMax] = 0
	trimmed := bytes.TrimRight(path, "/")
	w.o.Slash = len(trimmed) < len(path)
	component := trimmed[bytes.LastIndexByte(trimmed, '/')+1:]
	w.o.Dot = string(component) == "." || string(component) == ".."
	w.rooted = path[0] == '/' || w.scoped()

	if path[0] == '/' && w.n.Resolve&unix.RESOLVE_IN_ROOT == 0 {
		if w.n.Resolve&unix.RESOLVE_BENEATH != 0 {
			return w.fail(unix.EXDEV)
		}
		return w.toRoot()
	}
	if !w.start(unix.O_DIRECTORY) {
		return false
	}
	if w.scoped() {
		fd, e := dup(w.cur.fd)
		if e != 0 {
			return w.fail(e)
		}
		w.base = handle{fd: fd, owned: true}
		if e := w.r.identify(fd, &w.baseID); e != 0 {
			return w.fail(e)
		}
	}
	return true
}

// start makes Dirfd the current directory.
//
// Cheapest is to open the kernel's text for it, without links, and to see that it leads to the same place: then its
// path is known as well. If it does not, the walk goes on from a handle on the very object, without a path so far.
func (w *walk) start(flags int) bool {
	r := w.r
	name, n := "cwd", -1
	if w.n.Dirfd != unix.AT_FDCWD {
		if w.n.Dirfd < 0 {
			return w.fail(unix.EBADF)
		}
		name, n = "fd/", int(w.n.Dirfd)
	}
	if r.can.openat2 && r.can.mountID && w.n.Resolve == 0 && w.startByText(name, n) {
		return true
	}
	fd, e := r.openEntry(name, n, unix.O_PATH|flags)
	switch {
	case e == 0:
		w.enter(fd)
		w.known = false
		return true
	case e == unix.ENOENT && n >= 0:
		return w.fail(unix.EBADF)
	case e == unix.ENOTDIR:
		return w.fail(e)
	}
	return w.refuse(e)
}

// startByText does the cheap half of start.
func (w *walk) startByText(name string, n int) bool {
	r := w.r
	r.asPeer()
	length, e := readlink(r.proc, r.link(name, n), r.text[:])
	r.asOwn()
	if e != 0 || length >= access.PathMax || length == 0 || r.text[0] != '/' {
		return false
	}
	text := r.text[:length]
	z, saved := terminated(text)
	fd, e := r.openHow(r.root, fromRoot(z), unix.O_PATH|unix.O_DIRECTORY, unix.RESOLVE_NO_SYMLINKS)
	restore(z, saved)
	if e != 0 {
		return false
	}
	var want, got ident
	if r.statEntry(name, n, 0, &want) != 0 || r.stat(fd, empty, unix.AT_EMPTY_PATH, &got) != 0 || !got.at(&want) {
		closeHandle(fd)
		return false
	}
	w.enter(fd)
	w.known = true
	if length > 1 {
		w.s.path = append(w.s.path, text...)
	}
	return true
}

// toRoot makes the task's root the current directory, or the base if that takes its place.
func (w *walk) toRoot() bool {
	from := &w.base
	if w.n.Resolve&unix.RESOLVE_IN_ROOT == 0 {
		if w.rootIsOurs() {
			w.enter(w.r.root)
			w.cur.owned = false
			w.s.path = w.s.path[:0]
			w.known = true
			return true
		}
		from = &w.top
	}
	if w.refused() {
		return false
	}
	fd, e := dup(from.fd)
	if e != 0 {
		return w.fail(e)
	}
	w.enter(fd)
	w.known = false
	return true
}

// rootIsOurs says whether the task's root is the tracer's, on the same mount and thus in the same mount namespace. It
// is asked once per name: chroot(2) is a call like any other, and a thread that shares the root may make it at any
// time. If not, w.top is the task's root, or the object has been refused.
func (w *walk) rootIsOurs() bool {
	r := w.r
	if w.topSame || w.top.fd >= 0 || w.refused() {
		return w.topSame
	}
	if r.can.mountID {
		var id ident
		if r.statEntry("root", -1, 0, &id) == 0 && id.at(&r.start) {
			w.topSame, r.ours = true, true
			return true
		}
	}
	fd, e := r.openEntry("root", -1, unix.O_PATH|unix.O_DIRECTORY)
	if e != 0 {
		w.refuse(e)
		return false
	}
	w.top = handle{fd: fd, owned: true}
	if e := r.identify(fd, &w.topID); e != 0 {
		w.refuse(e)
		return false
	}
	w.topSame = w.topID.at(&r.start)
	return w.topSame
}

// descriptor resolves a name that is an open descriptor of the task.
func (w *walk) descriptor() bool {
	r := w.r
	if w.n.Dirfd < 0 {
		return w.fail(unix.EBADF)
	}
	var link ident
	e := r.statEntry("fd/", int(w.n.Dirfd), unix.AT_SYMLINK_NOFOLLOW, &link)
	if e == 0 {
		var fd int
		if fd, e = r.openEntry("fd/", int(w.n.Dirfd), unix.O_PATH); e == 0 {
			w.o.Held = r.heldBy(int(w.n.Dirfd), fd, link.mode)
			w.object(handle{fd: fd, owned: true}, noHandle, false)
			return false
		}
	}
	if e == unix.ENOENT {
		return w.fail(unix.EBADF)
	}
	return w.refuse(e)
}
