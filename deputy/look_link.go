package deputy

import (
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// lookLink is readlink(2). buf is the argument with the address, followed by the size, an int.
func lookLink(buf int) doer {
	return func(d *Deputy, c *call) Outcome {
		size := c.inv.Int(buf + 1)
		if size <= 0 {
			return done(unix.EINVAL)
		}
		pin, owned, out, ok := d.look(c)
		if !ok {
			return out
		}
		text, errno, leave := d.textOf(c, pin, int(min(size, access.PathMax)))
		letGo(pin, owned)
		switch {
		case leave:
			return Outcome{}
		case errno != 0:
			return done(errno)
		}
		return d.answer(c, c.inv.Pointer(buf), text, int64(len(text)))
	}
}

// textOf reads a link as the task would. leave says that only the task itself can.
func (d *Deputy) textOf(c *call, pin, size int) (text []byte, errno syscall.Errno, leave bool) {
	var fs unix.Statfs_t
	if errno := fstatfs(pin, &fs); errno != 0 {
		return nil, errno, false
	}
	if fs.Type == unix.PROC_SUPER_MAGIC {
		if errno := d.Own(); errno != 0 {
			return nil, errno, false
		}
		if text, errno, leave, ok := d.procLink(c, pin, size); ok {
			return text, errno, leave
		}
		if errno := d.act(false); errno != 0 {
			return nil, errno, false
		}
	}
	buf := d.room(size)
	n, errno := readlink(pin, empty, buf)
	return buf[:max(n, 0)], errno, false
}

// procLink answers for the links of procfs that say something else to the tracer: self and thread-self; those of the
// tracer itself, which it alone may read; and any that leads to a path, for a task in another root. ok is false for
// all others.
//
// Precondition: the thread has its own rights.
func (d *Deputy) procLink(c *call, pin, size int) (text []byte, errno syscall.Errno, leave, ok bool) {
	dir, last := c.pins.Parent(0)
	e := procEntry{root: -1, entry: -1}
	defer e.close()
	if dir >= 0 {
		errno = e.climb(d, dir)
	} else {
		last, errno = e.fromHandle(d, pin)
	}
	if errno != 0 {
		return nil, unix.EACCES, false, true
	}
	if e.entry < 0 {
		return d.selfLink(&e, last, size)
	}
	if e.isProcess() {
		tgid, self, known := e.owner(d)
		if !known || tgid == self {
			return nil, unix.EACCES, false, true
		}
		if d.member != nil && (self != uint64(unix.Getpid()) || !d.member(int(tgid))) && !d.isOwn(tgid) {
			return nil, unix.EACCES, false, true
		}
		if !d.sameRoot() {
			return nil, 0, true, true
		}
	}
	return nil, 0, false, false
}

// selfLink reads a link in the root of a procfs.
func (d *Deputy) selfLink(e *procEntry, last []byte, size int) (text []byte, errno syscall.Errno, leave, ok bool) {
	thread := string(last) == "thread-self"
	if !thread && string(last) != "self" {
		return nil, 0, false, false // mounts, net: plain
	}
	self, known := e.self()
	if !known || self != uint64(unix.Getpid()) {
		return nil, 0, true, true // an instance of another PID namespace, in which the task has other numbers
	}
	status, errno := d.readEntry(d.entry(d.tid, "status"))
	tgid, found := tgidIn(status)
	if errno != 0 || !found {
		return nil, unix.ENOENT, false, true
	}
	text = strconv.AppendUint(d.room(0), tgid, 10)
	if thread {
		text = append(text, "/task/"...)
		text = strconv.AppendInt(text, int64(d.tid), 10)
	}
	return text[:min(len(text), size)], 0, false, true
}

// sameRoot says whether the task's root is the tracer's: procfs gives paths as whoever reads them sees them.
func (d *Deputy) sameRoot() bool {
	var mine, theirs unix.Stat_t
	same := false
	d.asTracer(func() {
		same = d.statRoot(0, &mine) == 0 && d.statRoot(d.tid, &theirs) == 0 && mine.Dev == theirs.Dev &&
			mine.Ino == theirs.Ino
	})
	return same
}

// statRoot looks at the root directory of a task.
func (d *Deputy) statRoot(tid int, st *unix.Stat_t) syscall.Errno {
	fd, errno := openAt(d.proc, d.entry(tid, "root"), unix.O_PATH, 0)
	if errno != 0 {
		return errno
	}
	errno = fstat(fd, st)
	closeFD(fd)
	return errno
}
