package pathres

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// stNoSymFollow is ST_NOSYMFOLLOW of statfs(2), Linux 5.10: no link on this mount is followed.
const stNoSymFollow = 0x2000

// link follows the symbolic link called name in cur, which begins rest. last says that it is the last component. It
// says whether there is more to walk.
func (w *walk) link(name []byte, last bool) bool {
	r := w.r
	noted := r.links
	if last && r.NoteLinks {
		w.noteLink(name)
	}
	z, saved := terminated(name)
	e := r.asTask()
	n := 0
	if e == 0 {
		n, e = readlink(w.cur.fd, z, r.text[:])
	}
	if e == unix.EACCES && w.ownEntry() {
		n, e = readlink(w.cur.fd, z, r.text[:])
	}
	restore(z, saved)
	if e == unix.EINVAL {
		return w.fail(unix.ENOTDIR) // no link, and no directory either
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(w.cur.fd, &fs); err != nil {
		return w.refuse(unix.EACCES)
	}
	proc := fs.Type == unix.PROC_SUPER_MAGIC
	if e != 0 && !proc { // on procfs it says nothing: self has no text for a tracer outside the PID namespace
		return w.fail(e)
	}
	if last && e == 0 && w.mayNotFollow(name) {
		return w.fail(unix.EACCES)
	}
	if w.links++; w.links > linksMax || fs.Flags&stNoSymFollow != 0 || w.n.Resolve&unix.RESOLVE_NO_SYMLINKS != 0 {
		return w.fail(unix.ELOOP)
	}
	text := r.text[:max(n, 0)]
	switch {
	case proc:
		magic, ok := w.procLink(name, &text)
		if !ok {
			return false
		}
		if magic {
			r.links = noted
			if w.tracers() {
				return w.refuse(unix.EACCES)
			}
			return w.jump(name, last)
		}
	case fs.Type == unix.SECURITYFS_MAGIC:
		return w.jump(name, last) // apparmor/policy jumps, the rest are plain and lead to the same by it
	}
	w.step = false
	rest := len(w.rest) - len(name) + len(text)
	if rest > restMax || len(text) == 0 {
		return w.fail(unix.ENOENT)
	}
	absolute := text[0] == '/'
	w.rest = r.rest[restMax-rest : restMax]
	copy(w.rest, text)
	return !absolute || w.restart()
}

// noteLink remembers the path of a link in cur. One in a directory without a name has none.
func (w *walk) noteLink(name []byte) {
	if !w.known && w.r.name(w.cur.fd, w.s) != named {
		return
	}
	w.known = true
	path := make([]byte, 0, len(w.s.path)+1+len(name))
	w.r.links = append(w.r.links, append(append(append(path, w.s.path...), '/'), name...))
}

// restart goes to the root for an absolute link.
func (w *walk) restart() bool {
	if w.n.Resolve&unix.RESOLVE_BENEATH != 0 {
		return w.fail(unix.EXDEV)
	}
	if w.n.Resolve&unix.RESOLVE_NO_XDEV == 0 {
		return w.toRoot()
	}
	if !w.rooted {
		return w.fail(unix.EXDEV)
	}
	var from, to ident
	if e := w.r.identify(w.cur.fd, &from); e != 0 {
		return w.fail(e)
	}
	if !w.toRoot() {
		return false
	}
	if e := w.r.identify(w.cur.fd, &to); e != 0 {
		return w.fail(e)
	}
	if from.mnt != to.mnt {
		return w.fail(unix.EXDEV)
	}
	return true
}

// procLink tells what a link of procfs is: magic, which leads to an object whatever its text says, or a plain one. For
// self and thread-self it puts what they say to the task into text. ok is false if the walk has ended.
func (w *walk) procLink(name []byte, text *[]byte) (magic, ok bool) {
	var id ident
	w.r.asOwn()
	if e := w.r.stat(w.cur.fd, empty, unix.AT_EMPTY_PATH, &id); e != 0 {
		return false, w.fail(e)
	}
	if id.ino == procRootIno {
		if string(name) == "self" || string(name) == "thread-self" {
			if *text, ok = w.r.self(w.cur.fd, &id, name, w.r.text[:]); !ok {
				return false, w.refuse(unix.ENOENT)
			}
		}
		return false, true // mounts, net and fs: plain, and relative
	}
	z, saved := terminated(name)
	e := w.stat(z, &id)
	restore(z, saved)
	if e != 0 {
		return false, w.fail(e)
	}
	// Magic links have size 0 or, in fd and map_files, 64 (fs/proc/base.c, fd.c: since 2.6); a plain one has that of
	// its text. Where the two could be mixed up it is taken for magic, which leads to where the kernel goes as well
	// unless its text is absolute and the task's root is another.
	plain := id.size == uint64(len(*text)) && id.size != 64 && id.size != 0
	return !plain, true
}

// jump follows a magic link: by opening it, since its text is only a description. What the tracer may not follow, the
// task may: it is refused.
func (w *walk) jump(name []byte, last bool) bool {
	r := w.r
	last = last && !w.slash
	flags := unix.O_PATH
	forbidden := w.jumpForbidden()
	if !last && forbidden == 0 {
		flags |= unix.O_DIRECTORY
	}
	var link ident
	z, saved := terminated(name)
	e := w.stat(z, &link)
	var fd int
	switch {
	case e != 0:
	case forbidden == 0:
		fd, e = w.open(z, flags)
	default: // what stands against following it comes first
		if fd, e = w.openWith(z, flags, 0); e == 0 {
			closeHandle(fd)
			e = forbidden
		}
	}
	restore(z, saved)
	if e == unix.EPERM {
		e = unix.EACCES
	}
	if e != 0 {
		return w.fail(e)
	}
	if last {
		target := handle{fd: fd, owned: true}
		var own bool
		if w.lent, own = r.lent(w.cur.fd, name, fd, link.mode); own {
			w.o.Held = w.lent
		}
		w.object(target, w.cur.take(), false)
		return false
	}
	w.enter(fd)
	w.known = false
	w.step = false
	w.rest = w.rest[len(name):]
	return true
}

// jumpForbidden is what RESOLVE_* flags say about any magic link: nd_jump_link of fs/namei.c.
func (w *walk) jumpForbidden() syscall.Errno {
	switch {
	case w.n.Resolve&unix.RESOLVE_NO_MAGICLINKS != 0:
		return unix.ELOOP
	case w.scoped():
		return unix.EXDEV
	}
	return 0
}
