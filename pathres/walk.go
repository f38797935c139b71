package pathres

import (
	"bytes"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// linksMax is how many symbolic links one resolution follows, MAXSYMLINKS of include/linux/namei.h.
const linksMax = 40

// restMax is the longest that what remains of a path can grow: each link puts its text before it.
const restMax = (linksMax + 1) * access.PathMax

const pathOnly = unix.O_PATH | unix.O_NOFOLLOW

// walk is the resolution of one name. cur is the directory reached and rest what remains to be walked from there.
type walk struct {
	r *Resolver
	s *slot
	n *access.Name
	o *access.Object

	cur   handle
	known bool   // s.path is the canonical path of cur
	rest  []byte // in r.rest, followed by a NUL
	links int
	slash bool // the object must be a directory: a slash followed it in the name or in a link
	// rooted: the kernel has had to know the root so far. nd_jump_root of fs/namei.c (5.6 to 6.18) lets RESOLVE_NO_XDEV
	// follow an absolute link only then.
	rooted bool
	lent   access.Op // what the descriptor that a magic link stands for may do with its object
	own    bool      // cur is in the calling process's own entries of procfs, and closed to the task's rights alone
	step   bool      // a link is among the directories of rest: open them one by one until it is found

	top     handle // the task's root, if it is not the tracer's
	topID   ident
	topSame bool // the task's root is the tracer's
	base    handle
	baseID  ident // what RESOLVE_BENEATH and RESOLVE_IN_ROOT confine the walk to
}

func (w *walk) close() {
	w.cur.close()
	w.top.close()
	w.base.close()
}

// scoped says whether the walk is confined to its base.
func (w *walk) scoped() bool { return w.n.Resolve&(unix.RESOLVE_BENEATH|unix.RESOLVE_IN_ROOT) != 0 }

// run resolves the name. Every way out has filled in the object. (open(2) with O_CREAT answers EISDIR to a slash before
// it looks at what is in front of it; Slash says so, and Errno what looking finds.)
func (w *walk) run() {
	if w.begin() {
		for w.advance() {
		}
	}
	w.o.Slash = w.o.Slash || w.slash
	if w.o.Errno != 0 {
		w.tell()
	}
}

// advance walks to the directory of the last component, or to the next link on the way, or finishes with the last
// component. It says whether there is more to do.
func (w *walk) advance() bool {
	w.rest = bytes.TrimLeft(w.rest, "/")
	end := len(w.rest)
	for end > 0 && w.rest[end-1] == '/' {
		end--
	}
	w.slash = w.slash || end < len(w.rest)
	if end == 0 {
		w.object(w.cur.take(), noHandle, w.known)
		return false
	}
	i := bytes.LastIndexByte(w.rest[:end], '/')
	switch {
	case i < 0:
		return w.last(w.rest[:end])
	case w.step || !w.r.can.openat2:
		return w.component()
	}
	return w.stride(i)
}

// stride lets the kernel walk the first n bytes of rest, all directories, if there is no link among them. What links
// have put in front may make rest longer than any path that the kernel takes at once.
func (w *walk) stride(n int) bool {
	if n >= access.PathMax {
		if n = bytes.LastIndexByte(w.rest[:access.PathMax], '/'); n < 0 {
			w.step = true
			return true
		}
	}
	dirs := w.rest[:n]
	up := hasDotDot(dirs)
	if up && (w.scoped() || !w.rootIsOurs()) {
		if w.refused() {
			return false
		}
		w.step = true // the kernel would stop ".." at the tracer's root
		return true
	}
	e := w.r.asTask()
	var fd int
	if e == 0 {
		z, saved := terminated(dirs)
		fd, e = w.r.openHow(w.cur.fd, z, unix.O_PATH|unix.O_DIRECTORY,
			unix.RESOLVE_NO_SYMLINKS|w.n.Resolve&unix.RESOLVE_NO_XDEV)
		restore(z, saved)
	}
	switch e {
	case 0:
		w.enter(fd)
		w.rooted = w.rooted || up
		if w.known {
			w.known = w.s.push(dirs)
		}
		w.rest = w.rest[n:]
		return true
	case unix.ELOOP, unix.EACCES:
		w.step = true // EACCES: find out where
		return true
	}
	return w.fail(e)
}

// component walks one directory, the first component of rest, or substitutes it if it is a link.
func (w *walk) component() bool {
	name := w.rest[:indexSlash(w.rest)]
	switch string(name) {
	case ".":
		w.rest = w.rest[len(name):]
		return true
	case "..":
		if !w.up() {
			return false
		}
		w.rest = w.rest[len(name):]
		return true
	}
	z, saved := terminated(name)
	fd, e := w.open(z, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	restore(z, saved)
	switch e {
	case 0:
		w.enter(fd)
		if w.known {
			w.s.push(name)
		}
		w.rest = w.rest[len(name):]
		return true
	case unix.ENOTDIR: // what O_DIRECTORY says about a link, too
		return w.link(name, false)
	}
	return w.fail(e)
}

// last looks at the last component, in cur.
func (w *walk) last(name []byte) bool {
	if string(name) == ".." {
		if w.up() {
			w.object(w.cur.take(), noHandle, false)
		}
		return false
	}
	z, saved := terminated(name)
	var id ident
	e := w.stat(z, &id)
	if e == 0 && w.n.Resolve&unix.RESOLVE_NO_XDEV != 0 {
		var fd int
		if fd, e = w.open(z, pathOnly); e == 0 {
			closeHandle(fd)
		}
	}
	restore(z, saved)
	switch {
	case e == unix.ENOENT:
		w.missing(name)
	case e != 0:
		w.fail(e)
	case string(name) == ".":
		w.object(w.cur.take(), noHandle, w.known)
	case id.link() && w.n.Follow:
		return w.link(name, true)
	default:
		w.found(name, &id)
	}
	return false
}

// up walks "..", which stays where it is at the task's root.
func (w *walk) up() bool {
	w.rooted = true
	var id ident
	switch {
	case w.scoped():
		if e := w.r.identify(w.cur.fd, &id); e != 0 {
			return w.fail(e)
		}
		if id.at(&w.baseID) {
			if w.n.Resolve&unix.RESOLVE_BENEATH != 0 {
				return w.fail(unix.EXDEV)
			}
			return true
		}
	case !w.rootIsOurs():
		if w.refused() {
			return false
		}
		if e := w.r.identify(w.cur.fd, &id); e != 0 {
			return w.fail(e)
		}
		if id.at(&w.topID) {
			return true
		}
	}
	fd, e := w.open(dotdot, unix.O_PATH|unix.O_DIRECTORY)
	if e != 0 {
		return w.fail(e)
	}
	w.enter(fd)
	w.known = false // the directory may have been moved since its path was found
	return true
}

// enter makes fd the current directory.
func (w *walk) enter(fd int) {
	w.cur.close()
	w.cur = handle{fd: fd, owned: true}
	w.own = false
}

// open opens a NUL-terminated single component of cur, as the task.
func (w *walk) open(name []byte, flags int) (int, syscall.Errno) {
	return w.openWith(name, flags, w.n.Resolve&unix.RESOLVE_NO_XDEV)
}

// openWith is open with RESOLVE_* flags of its own.
func (w *walk) openWith(name []byte, flags int, resolve uint64) (int, syscall.Errno) {
	e := w.r.asTask()
	if e != 0 {
		return -1, e
	}
	fd, e := w.openNow(name, flags, resolve)
	if e == unix.EACCES && w.ownEntry() {
		fd, e = w.openNow(name, flags, resolve)
	}
	return fd, e
}

// openNow is openWith with the rights that the thread has.
func (w *walk) openNow(name []byte, flags int, resolve uint64) (int, syscall.Errno) {
	if resolve != 0 {
		return w.r.openHow(w.cur.fd, name, flags, resolve)
	}
	return w.r.openAt(w.cur.fd, name, flags)
}

// stat identifies a NUL-terminated single component of cur, as the task, without following it.
func (w *walk) stat(name []byte, id *ident) syscall.Errno {
	e := w.r.asTask()
	if e != 0 {
		return e
	}
	e = w.r.stat(w.cur.fd, name, unix.AT_SYMLINK_NOFOLLOW, id)
	if e == unix.EACCES && w.ownEntry() {
		e = w.r.stat(w.cur.fd, name, unix.AT_SYMLINK_NOFOLLOW, id)
	}
	return e
}

// hasDotDot says whether ".." is among the components of a path.
func hasDotDot(path []byte) bool {
	for {
		i := bytes.Index(path, dotdot[:2])
		if i < 0 {
			return false
		}
		if (i == 0 || path[i-1] == '/') && (i+2 == len(path) || path[i+2] == '/') {
			return true
		}
		path = path[i+1:]
	}
}
