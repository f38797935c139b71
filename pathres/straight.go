package pathres

import (
	"golang.org/x/sys/unix"

	"sydbox/access"
)

// Straight opens what an absolute path leads to for the task, links followed, in one call, and says what it is called:
// for names that mean the same to the task and to the tracer. ok is false where Resolve has to tell: the task has
// another root, a magic link is on the way (which procfs's self may lead through, to the tracer's own), the kernel has
// no openat2(2), or the name leads nowhere. It is done with the tracer's rights: what the task may not search is not
// told from what it may.
//
// The handle is the caller's. The text is the kernel's, of a handle that was reached from the root it is relative to; it is
// valid until the next call.
func (r *Resolver) Straight(path []byte) (fd int, text []byte, ok bool) {
	if !r.can.openat2 || len(path) == 0 || path[0] != '/' || len(path) >= access.PathMax {
		return -1, nil, false
	}
	if !r.AtHome() {
		return -1, nil, false
	}
	z := append(append(r.rest[:0], path...), 0)
	resolve := uint64(unix.RESOLVE_NO_MAGICLINKS)
	if r.rebased {
		resolve |= unix.RESOLVE_IN_ROOT // absolute links are the target's, and so is the name
	}
	fd, e := r.openHow(r.root, z, unix.O_PATH, resolve)
	if e != 0 {
		return -1, nil, false
	}
	if text, e = r.textOf(fd); e != 0 {
		closeHandle(fd)
		return -1, nil, false
	}
	return fd, text, true
}

// Rooted says that the name resolved last was found to start in the tracer's own root. False says nothing.
func (r *Resolver) Rooted() bool { return r.ours }

// AtHome says whether the task's root is the tracer's, so that the kernel's text for a file of the task is a path that
// leads there for both. The kernel has to give mount IDs (Linux 5.8), else it is false.
func (r *Resolver) AtHome() bool {
	var id ident
	if !r.can.mountID {
		return false
	}
	e := r.statEntry("root", -1, 0, &id)
	r.asOwn()
	return e == 0 && id.at(&r.start)
}

// Rebased says that names start at another root than the tracer's own (Rebase).
func (r *Resolver) Rebased() bool { return r.rebased }
