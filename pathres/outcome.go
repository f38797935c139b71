package pathres

import (
	"bytes"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// The ends of a walk. All that return a bool return false: nothing remains to be walked.

// fail ends the walk with an error of a lookup. Those that are in the nature of the name are what the kernel will
// answer to the task; any other says only that the tracer could not look (out of descriptors or memory, a broken file
// system), so the name is refused.
func (w *walk) fail(e syscall.Errno) bool {
	switch e {
	case unix.ENOENT, unix.ENOTDIR, unix.ELOOP, unix.ENAMETOOLONG, unix.EBADF, unix.EXDEV:
		w.o.Errno = e
		return false
	case unix.EACCES:
		if w.natural() {
			w.o.Errno = e
			return false
		}
	case unix.ESRCH:
		if w.inProc() {
			w.o.Errno = e
			return false
		}
	}
	return w.refuse(e)
}

// inProc says whether the walk is in a directory of procfs: there the kernel itself answers ESRCH below /proc/PID of a
// process that is gone (proc_pid_permission, fs/proc/base.c), to whoever holds a descriptor of it.
func (w *walk) inProc() bool {
	var fs unix.Statfs_t
	return w.cur.fd >= 0 && unix.Fstatfs(w.cur.fd, &fs) == nil && fs.Type == unix.PROC_SUPER_MAGIC
}

// refuse ends the walk with a name that cannot be judged, and e as what the denial returns.
func (w *walk) refuse(e syscall.Errno) bool {
	if e == unix.EPERM || e == unix.ESRCH {
		e = unix.EACCES
	}
	w.o.Refuse = e
	w.o.Held = 0
	w.s.path = w.s.path[:0]
	return false
}

func (w *walk) refused() bool { return w.o.Refuse != 0 }

// named makes s.path the path of cur, the directory of the last component.
func (w *walk) named() bool {
	if w.known {
		return true
	}
	switch w.r.name(w.cur.fd, w.s) {
	case named:
		w.known = true
		return true
	case gone:
		return w.fail(unix.ENOENT) // nothing can be made in a removed directory
	}
	return w.refuse(unix.EACCES)
}

// keep hands the directory and the last component over to the slot.
func (w *walk) keep(name []byte) {
	w.s.path = append(append(w.s.path, '/'), name...)
	if len(name) <= nameMax {
		w.s.lastLen = copy(w.s.last[:], name)
		w.s.parent = w.cur.take()
	}
}

// missing ends the walk at a last component that does not exist.
func (w *walk) missing(name []byte) {
	if !w.n.Create {
		w.fail(unix.ENOENT) // tell appends the name
		return
	}
	if !w.named() {
		return
	}
	if pidIn(w.s.path) != 0 {
		var dir ident
		if w.r.stat(w.cur.fd, empty, unix.AT_EMPTY_PATH, &dir) == 0 {
			w.o.PID = w.r.pidOf(w.s.path, dir.dev)
		}
	}
	w.keep(name)
}

// found ends the walk at an existing last component.
func (w *walk) found(name []byte, id *ident) {
	w.o.Kind, w.o.Dev, w.o.Ino = id.kind(), id.dev, id.ino
	if w.slash && !id.dir() && !w.n.Create {
		w.fail(unix.ENOTDIR)
		return
	}
	if !w.named() {
		return
	}
	w.keep(name)
	w.o.PID = w.r.pidOf(w.s.path, id.dev)
}

// object ends the walk at a handle on the object itself. via is the directory of the magic link that led there, if
// one did; known says that s.path is the object's.
func (w *walk) object(h, via handle, known bool) {
	defer via.close()
	w.s.object = h
	var id ident
	if e := w.r.stat(h.fd, empty, unix.AT_EMPTY_PATH, &id); e != 0 {
		w.refuse(e)
		return
	}
	w.o.Kind, w.o.Dev, w.o.Ino = id.kind(), id.dev, id.ino
	if id.dir() {
		w.o.Held = 0
	} else if w.slash {
		w.fail(unix.ENOTDIR)
		return
	}
	if !known {
		switch w.r.name(h.fd, w.s) {
		case named:
		case gone, anonymous:
			w.unnamed(via)
			return
		case unknown:
			held := w.o.Held // of an object that was looked at, and has no name
			w.refuse(unix.EACCES)
			w.o.Held = held
			return
		default:
			w.refuse(unix.EACCES)
			return
		}
	}
	w.o.PID = w.r.pidOf(w.s.path, id.dev)
	if len(w.s.path) == 0 {
		w.s.path = append(w.s.path, '/')
	}
}

// unnamed says that the object has no name. It is free to whoever holds it, but a process outside the tree that can be
// looked into must not lend its pipes.
func (w *walk) unnamed(via handle) {
	w.o.Kind = access.Anonymous
	w.s.path = w.s.path[:0]
	if via.fd < 0 {
		return
	}
	w.o.PID = w.r.owner(via.fd)
	if !w.r.member(w.o.PID) {
		w.refuse(unix.EACCES)
		return
	}
	w.o.Held = w.lent
}

// tell puts the path that a failed walk was after into the object as far as it can be told: where it got to and, by
// the letter, what remained.
func (w *walk) tell() {
	if w.s.object.fd >= 0 || w.cur.fd < 0 {
		w.s.path = w.s.path[:0]
		return
	}
	if !w.known && w.r.name(w.cur.fd, w.s) != named {
		w.s.path = w.s.path[:0]
		return
	}
	if hasDotDot(w.rest) {
		w.s.path = w.s.path[:0] // what lies above something that is not there has no name
		return
	}
	w.s.push(bytes.TrimRight(w.rest, "/"))
	if len(w.s.path) == 0 {
		w.s.path = append(w.s.path, '/')
	}
}
