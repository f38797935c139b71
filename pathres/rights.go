package pathres

import (
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Rights lets the calling thread look up names with the rights of the task that Resolver.Task was last told of: its
// file system IDs, groups and capabilities. Both methods cost nothing if the thread has these rights already.
type Rights interface {
	// Task takes the task's rights. An error means that the thread has others, and may not look.
	Task() syscall.Errno
	// Own goes back to the tracer's.
	Own() syscall.Errno
}

// A walk takes the task's rights for each step that the kernel would take with them: opening a component, looking at the
// last one, reading a link. Everything else is the tracer's own business, done with its own: entering a root, a
// directory or a descriptor of the task, and finding out what a handle is called. A function of either kind sees to it
// that it has what it needs; that it leaves them so spares the next one a change.

// asTask is called before a step of the walk.
func (r *Resolver) asTask() syscall.Errno {
	if r.Rights == nil {
		return 0
	}
	return r.Rights.Task()
}

// asOwn is called before anything else. Should it fail then what follows fails as well, or sees less.
func (r *Resolver) asOwn() {
	if r.Rights != nil {
		r.Rights.Own()
	}
}

// The task's own entries of procfs are looked into with the tracer's rights, and with the task's where these do not do:
// a tracer that is root without CAP_SYS_PTRACE, as in containers, may not look into a task that has become another user,
// but that user may (ptrace_may_access).

// openEntry opens one of the task's magic links: r.link says which.
func (r *Resolver) openEntry(name string, n, flags int) (int, syscall.Errno) {
	r.asPeer()
	fd, e := r.openAt(r.proc, r.link(name, n), flags)
	if e == unix.EACCES && r.closed() {
		fd, e = r.openAt(r.proc, r.link(name, n), flags)
	}
	return fd, e
}

// statEntry identifies what one of the task's magic links leads to, or the link itself.
func (r *Resolver) statEntry(name string, n, flags int, id *ident) syscall.Errno {
	r.asPeer()
	e := r.stat(r.proc, r.link(name, n), flags, id)
	if e == unix.EACCES && r.closed() {
		e = r.stat(r.proc, r.link(name, n), flags, id)
	}
	return e
}

// asPeer takes the rights that the task's entries are open to.
func (r *Resolver) asPeer() {
	if !r.peer || r.asTask() != 0 {
		r.asOwn()
	}
}

// closed notes that the task's entries are closed to the tracer. It says whether there are other rights to try.
func (r *Resolver) closed() bool {
	if r.Rights == nil || r.peer {
		return false
	}
	r.peer = r.asTask() == 0
	return r.peer
}

// ownEntry says whether cur is a directory in the calling process's own entries of a procfs. These the kernel opens to
// every thread of the process, whatever its rights (same_thread_group in proc_fd_permission and ptrace_may_access), so
// what they keep from the tracer with the task's rights they do not keep from the task.
func (w *walk) ownEntry() bool {
	r := w.r
	var fs unix.Statfs_t
	if r.Rights == nil || unix.Fstatfs(w.cur.fd, &fs) != nil || fs.Type != unix.PROC_SUPER_MAGIC {
		return false
	}
	r.asOwn()
	n := r.owner(w.cur.fd)
	w.own = n != 0 && (n == r.tgid || n == r.tid)
	return w.own
}

// tracers says whether the magic links in cur, a directory of a procfs, are the tracer's own, or may be. The kernel lets
// every thread of a process follow its own links, with whatever rights, so it would not be asked what it asks of the
// task. In another instance of procfs only the calling process is recognised (owner).
func (w *walk) tracers() bool {
	r := w.r
	if r.Rights == nil || r.pid == r.tgid {
		return false
	}
	r.asOwn()
	n := r.owner(w.cur.fd)
	switch n {
	case r.tgid, r.tid:
		return false
	case r.pid:
		return true
	case 0:
		var id ident
		return r.stat(w.cur.fd, empty, unix.AT_EMPTY_PATH, &id) != 0 || id.dev != r.dev
	}
	name := append(strconv.AppendInt(r.line[:0], int64(r.pid), 10), "/task/"...)
	var id ident
	return r.stat(r.proc, append(strconv.AppendInt(name, int64(n), 10), 0), unix.AT_SYMLINK_NOFOLLOW, &id) == 0
}

// natural says whether EACCES, met in cur, is what the kernel would answer to the task.
func (w *walk) natural() bool {
	if w.cur.fd < 0 {
		return false
	}
	if w.r.Rights != nil {
		return !w.own
	}
	var fs unix.Statfs_t
	return unix.Fstatfs(w.cur.fd, &fs) == nil && fs.Type != unix.PROC_SUPER_MAGIC && w.r.sameRights()
}

// mayNotFollow says whether fs.protected_symlinks keeps the task from following the link called name, the last
// component, in cur: one that somebody else put into a sticky directory that all may write to, unless the directory is
// that one's own (may_follow_link of fs/namei.c). Without Rights the kernel asks itself when the task makes its call.
func (w *walk) mayNotFollow(name []byte) bool {
	if w.r.Rights == nil || !w.r.protected {
		return false
	}
	z, saved := terminated(name)
	defer restore(z, saved)
	const shared = unix.S_ISVTX | unix.S_IWOTH
	var dir, link ident
	if w.r.stat(w.cur.fd, empty, unix.AT_EMPTY_PATH, &dir) != 0 || dir.mode&shared != shared {
		return false
	}
	return w.stat(z, &link) == 0 && link.uid != dir.uid && link.uid != fsuid()
}
