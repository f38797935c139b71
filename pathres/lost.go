package pathres

import (
	"bytes"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// What a call of the task's own has opened is looked at when it has happened. By then the name that led there may be
// gone, because somebody removed or replaced it in between, as programs do that run side by side.

// Hold returns a handle of the object that the name in a slot led to, which is the caller's to close: as long as it is
// open no other object has that inode number. It is -1 if there is none, or if another one has the name by now.
func (r *Resolver) Hold(slot int, o *access.Object) int {
	r.asOwn()
	s := &r.slots[slot]
	if s.object.fd >= 0 {
		if fd, e := dup(s.object.fd); e == 0 {
			return fd
		}
		return -1
	}
	if s.parent.fd < 0 || o.Kind == access.Missing {
		return -1
	}
	name := append(append(r.text[:0], s.last[:s.lastLen]...), 0)
	fd, e := r.openAt(s.parent.fd, name, unix.O_PATH|unix.O_NOFOLLOW)
	if e != 0 {
		return -1
	}
	var id ident
	if r.stat(fd, empty, unix.AT_EMPTY_PATH, &id) != 0 || id.dev != o.Dev || id.ino != o.Ino {
		closeHandle(fd)
		return -1
	}
	return fd
}

// Opened says whether descriptor fd of the task is open on an object, by its device and inode number.
func (r *Resolver) Opened(fd int32, dev, ino uint64) bool {
	var id ident
	e := r.statEntry("fd/", int(fd), 0, &id)
	r.asOwn()
	return e == 0 && id.dev == dev && id.ino == ino
}

// Lost fills o for descriptor fd of the task, whose object no name leads to any more, with the path that it had last:
// the kernel's text for it, without what marks it as deleted. text is all of it, because names may end like that, too;
// it is valid until the Resolver's next use for the same slot. ok is false if nothing can be told: the object never had
// a name, or the text may be that of another root, because the last directory in it that is left is not on the very
// mount that the object was opened on.
func (r *Resolver) Lost(slot int, fd int32, o *access.Object) (text []byte, ok bool) {
	s := &r.slots[slot]
	s.release()
	*o = access.Object{}
	h, e := r.openEntry("fd/", int(fd), unix.O_PATH)
	r.asOwn()
	if e != 0 {
		return nil, false
	}
	s.object = handle{fd: h, owned: true}
	var id ident
	if r.identify(h, &id) != 0 || id.mnt == 0 {
		return nil, false
	}
	text, e = r.textOf(h)
	if e != 0 || len(text) == 0 || text[0] != '/' {
		return nil, false
	}
	s.path = append(s.path[:0], text...)
	if !r.onMount(s.path, id.mnt) {
		return nil, false
	}
	o.Kind, o.Dev, o.Ino = id.kind(), id.dev, id.ino
	o.Path = bytes.TrimSuffix(s.path, deleted)
	o.PID = r.pidOf(o.Path, id.dev)
	return s.path, true
}

// onMount says whether the last directory above a path that is still there is on a mount.
func (r *Resolver) onMount(path []byte, mount uint64) bool {
	for {
		i := bytes.LastIndexByte(path, '/')
		if i < 0 {
			return false
		}
		path = append(r.text[:0], path[:max(i, 1)]...)
		fd, e := r.reopen(path)
		switch {
		case i > 0 && (e == unix.ENOENT || e == unix.ENOTDIR || e == unix.ELOOP):
			path = path[:i]
			continue
		case e != 0:
			return false
		}
		var id ident
		e = r.identify(fd, &id)
		closeHandle(fd)
		return e == 0 && id.mnt == mount
	}
}
