package deputy

import (
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// lastMax is room for the longest last component (NAME_MAX), a slash and NUL.
const lastMax = unix.NAME_MAX + 2

// pin returns the name of a handle in d.fds, NUL-terminated and valid until the next call. It is a magic link: a call
// that follows it acts on the very object, whatever has become of its name, even if that is a symbolic link itself. A
// thread may follow the links of its own process with any rights (proc_fd_permission, proc_fd_access_allowed).
func (d *Deputy) pin(fd int) []byte { return append(strconv.AppendInt(d.line[:0], int64(fd), 10), 0) }

// object returns a handle of the object that a name led to. If only its parent is held it is looked up there once more,
// without following: it has to be the one that was judged. ok is false if there is none, and out says what of it: the
// kernel's errno, or Again if another object has taken the name. The caller closes a handle that is owned.
//
// Precondition: the thread has the task's rights, with which the parent is searched.
func (d *Deputy) object(c *call, slot int) (fd int, owned bool, out Outcome, ok bool) {
	if fd = c.pins.Object(slot); fd >= 0 {
		return fd, false, Outcome{}, true
	}
	parent, last := c.pins.Parent(slot)
	if parent < 0 {
		return -1, false, done(unix.ENAMETOOLONG), false
	}
	o := &c.acc.List[slot].Object
	name := append(append(d.names[0][:0], last...), 0)
	fd, errno := openAt(parent, name, unix.O_PATH|unix.O_NOFOLLOW, 0)
	if errno == unix.ENOENT {
		return -1, false, Outcome{Kind: Again}, false
	}
	if errno != 0 {
		return -1, false, done(errno), false
	}
	is, errno := isObject(fd, o.Dev, o.Ino)
	if errno != 0 {
		closeFD(fd)
		return -1, false, done(errno), false
	}
	if !is {
		closeFD(fd)
		return -1, false, Outcome{Kind: Again}, false
	}
	return fd, true, Outcome{}, true
}

// isObject says whether a handle is on an inode.
func isObject(fd int, dev, ino uint64) (bool, syscall.Errno) {
	var st unix.Stat_t
	if errno := fstat(fd, &st); errno != 0 {
		return false, errno
	}
	return uint64(st.Dev) == dev && uint64(st.Ino) == ino, 0 // their types differ between ports
}

// isPath says whether a descriptor of the task was opened with O_PATH, and so is none for calls that act on an open
// file: EBADF (open(2)). It reads the flags, in octal, from /proc/TID/fdinfo/N. One that is gone by now is none either.
//
// Precondition: the thread has its own rights.
func (d *Deputy) isPath(n int32) (bool, syscall.Errno) {
	text, errno := d.readEntry(d.entryFD(d.tid, "fdinfo/", n))
	if errno == unix.EACCES && d.Task() == 0 {
		// Closed to a tracer without CAP_SYS_PTRACE, open to the task's own user.
		text, errno = d.readEntry(d.entryFD(d.tid, "fdinfo/", n))
		if e := d.Own(); e != 0 {
			return false, e
		}
	}
	if errno == unix.ENOENT {
		return true, 0
	}
	if errno != 0 {
		return false, errno
	}
	flags, ok := lineOf(text, "flags")
	bits, valid := parseUint(flags, 8)
	if !ok || !valid {
		return false, unix.EIO
	}
	return bits&unix.O_PATH != 0, 0
}
