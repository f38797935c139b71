package deputy

import (
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Some calls act on an open file and on nothing less: a handle will not do, and opening the object again may take a
// right that its holder never needed. So the file itself is borrowed from the task (pidfd_getfd(2), Linux 5.6), and
// looked at: the number may stand for another by now. Sockets are borrowed for every call on them: what was judged is
// the address, and what acts is the copy, whatever the number stands for then.

// Borrows says whether this process can borrow at all: the kernel has pidfd_getfd(2), and no sandbox around this one
// refuses it.
var Borrows = sync.OnceValue(func() bool {
	me, errno := openPidfd(unix.Getpid(), 0)
	if errno != 0 {
		return false
	}
	defer closeFD(me)
	fd, errno := getFD(me, int32(me))
	if errno != 0 {
		return false
	}
	closeFD(fd)
	return true
})

// Descriptor returns a copy of descriptor n of a task, which is a thread of process tgid; the caller closes it. EBADF
// if the task has no such descriptor, ESRCH if it is gone, EPERM if the tracer may not look into it, ENFILE if the
// tracer has no room, ENOSYS where the kernel has no way: it lacks pidfd_getfd(2), or the thread has a descriptor
// table of its own, which can be asked for since Linux 6.9.
func Descriptor(tid, tgid int, n int32) (int, syscall.Errno) {
	if !Borrows() {
		return -1, unix.ENOSYS
	}
	fd, errno := borrowFrom(tid, unix.PIDFD_THREAD, n)
	if errno != unix.EINVAL {
		return fd, errno
	}
	fd, errno = borrowFrom(tgid, 0, n)
	if tid == tgid || errno != 0 && errno != unix.EBADF {
		return fd, errno
	}
	same := isThreads(tid, n, fd, errno)
	switch {
	case same:
		return fd, errno
	case errno == 0:
		closeFD(fd)
	}
	return -1, unix.ENOSYS
}

// isThreads says whether what the first thread has as n, or that it has none, is what another thread has.
func isThreads(tid int, n int32, fd int, errno syscall.Errno) bool {
	var theirs, ours unix.Stat_t
	link := "/proc/" + strconv.Itoa(tid) + "/fd/" + strconv.Itoa(int(n))
	if err := unix.Stat(link, &theirs); err != nil {
		return err == unix.ENOENT && errno == unix.EBADF
	}
	return errno == 0 && fstat(fd, &ours) == 0 && theirs.Dev == ours.Dev && theirs.Ino == ours.Ino
}

// borrow returns the task's own open file n as Descriptor does.
//
// Precondition: the thread has its own rights.
func (d *Deputy) borrow(n int32) (fd int, errno syscall.Errno) {
	tgid := d.tgid
	if tgid == 0 && !hasThreadPidfd() {
		if tgid, errno = d.process(); errno != 0 {
			return -1, errno
		}
	}
	if d.onTracer == nil {
		return Descriptor(d.tid, tgid, n)
	}
	return d.askToBorrow(tgid, n)
}

// askToBorrow is borrow for a hand, whose domain keeps it from other processes, but not its task from its own file.
func (d *Deputy) askToBorrow(tgid int, n int32) (fd int, errno syscall.Errno) {
	d.onTracer(func() { fd, errno = Descriptor(d.tid, tgid, n) })
	return fd, errno
}

// process returns the number of the process that the task belongs to.
//
// Precondition: the thread has its own rights.
func (d *Deputy) process() (int, syscall.Errno) {
	if d.tgid == 0 {
		var s status
		var again identity
		again.groups = d.spare[:0]
		errno := d.readStatus(d.tid, &s, &again)
		d.spare = again.groups
		if errno != 0 {
			return 0, errno
		}
		d.tgid = s.tgid
	}
	return d.tgid, 0
}

// hasThreadPidfd: a thread can be named by a pidfd, since Linux 6.9.
var hasThreadPidfd = sync.OnceValue(func() bool {
	fd, errno := openPidfd(unix.Getpid(), unix.PIDFD_THREAD)
	if errno != 0 {
		return false
	}
	closeFD(fd)
	return true
})

// borrowFrom borrows from a process, or with PIDFD_THREAD from a thread.
func borrowFrom(id int, flags uint32, n int32) (int, syscall.Errno) {
	task, errno := openPidfd(id, flags)
	if errno != 0 {
		return -1, errno
	}
	file, errno := getFD(task, n)
	closeFD(task)
	return file, errno
}

func openPidfd(id int, flags uint32) (int, syscall.Errno) {
	fd, _, errno := unix.RawSyscall(unix.SYS_PIDFD_OPEN, uintptr(id), uintptr(flags), 0)
	if errno != 0 {
		return -1, noRoom(errno)
	}
	return int(fd), 0
}

func getFD(pidfd int, n int32) (int, syscall.Errno) {
	fd, _, errno := unix.RawSyscall(unix.SYS_PIDFD_GETFD, uintptr(pidfd), uintptr(n), 0)
	if errno != 0 {
		return -1, noRoom(errno)
	}
	return int(fd), 0
}

// borrowObject returns an open file on a judged object that the task has open as n. Where files cannot be borrowed it
// is opened again, for reading and with the task's rights.
func (d *Deputy) borrowObject(n int32, pin int, dev, ino uint64) (fd int, out Outcome, ok bool) {
	fd, errno := d.borrow(n)
	if errno == unix.ENOSYS || errno == unix.EPERM {
		fd, errno = d.reopen(n, pin)
	}
	if errno != 0 {
		return -1, done(errno), false
	}
	is, errno := isObject(fd, dev, ino)
	switch {
	case errno != 0:
		out = done(errno)
	case !is:
		out = Outcome{Kind: Again}
	default:
		return fd, out, true
	}
	closeFD(fd)
	return -1, out, false
}

// reopen opens a regular file or directory by its handle.
func (d *Deputy) reopen(n int32, pin int) (int, syscall.Errno) {
	path, errno := d.isPath(n)
	if path {
		errno = unix.EBADF
	}
	var st unix.Stat_t
	if errno == 0 {
		errno = fstat(pin, &st)
	}
	if kind := st.Mode & unix.S_IFMT; errno == 0 && kind != unix.S_IFREG && kind != unix.S_IFDIR {
		errno = unix.ENOTTY
	}
	if errno == 0 {
		errno = d.act(false)
	}
	if errno != 0 {
		return -1, errno
	}
	return openAt(d.fds, d.pin(pin), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
}
