package deputy

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// found takes hold of the object that was judged and opens it through that handle.
func (op *opening) found() Outcome {
	pin, owned, out, ok := op.d.object(op.c, 0)
	if !ok {
		return out
	}
	out = op.checked(pin)
	if owned {
		closeFD(pin)
	}
	return out
}

// checked opens what a handle is on, which has a name in a directory that is held.
func (op *opening) checked(pin int) Outcome {
	var st unix.Stat_t
	if errno := fstat(pin, &st); errno != 0 {
		return done(errno)
	}
	if dir, _ := op.c.pins.Parent(0); dir >= 0 && op.Flags&unix.O_CREAT != 0 {
		if errno := op.protected(dir, &st); errno != 0 {
			return done(errno)
		}
	}
	return op.handle(pin, &st)
}

// held opens an object that the name led to without a last component: by a magic link, as "." or "..", or the root.
func (op *opening) held(pin int) Outcome {
	if pin < 0 {
		return done(unix.ENAMETOOLONG) // pathres pins nothing longer than NAME_MAX
	}
	var st unix.Stat_t
	if errno := fstat(pin, &st); errno != 0 {
		return done(errno)
	}
	if hasOpenat2 && st.Mode&unix.S_IFMT == unix.S_IFDIR &&
		string(special(op.c.acc.List[0].Name.UnsafePath)) == "." {
		// The kernel asks for the right to search the directory, as for the task's own ".".
		return op.named(pin, dot)
	}
	return op.handle(pin, &st)
}

// handle opens what a handle is on.
//
// Precondition: the thread has the task's rights.
func (op *opening) handle(pin int, st *unix.Stat_t) Outcome {
	if op.Flags&unix.O_PATH != 0 {
		return op.now(pin, 0)
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		if op.Small && st.Size > smallMax {
			return op.tooLarge(pin)
		}
		fallthrough
	case unix.S_IFDIR:
		out := op.now(pin, unix.O_NONBLOCK)
		if out.is(unix.EAGAIN) && op.Flags&unix.O_NONBLOCK == 0 {
			return op.wait(pin)
		}
		return out
	case unix.S_IFIFO:
		return op.fifo(pin)
	case unix.S_IFCHR:
		return op.device(pin, uint64(st.Rdev))
	case unix.S_IFBLK:
		return op.wait(pin)
	}
	return op.now(pin, 0) // sockets and nameless objects: ENXIO
}

// now opens through a handle, with more flags that are taken back afterwards. O_CREAT and O_EXCL are done with: the
// object is there. O_NOFOLLOW would keep the kernel from following the handle.
func (op *opening) now(pin int, more uint64) Outcome {
	fd, errno := openRaw(op.d.fds, op.d.pin(pin), op.through()|more, op.Mode)
	if errno != 0 {
		return done(errno)
	}
	if more&unix.O_NONBLOCK != 0 {
		return op.opened(fd)
	}
	return op.give(fd)
}

// through returns the flags of an open through a handle.
func (op *opening) through() uint64 {
	flags := op.Flags&^(unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW) | unix.O_CLOEXEC
	if op.Flags&tmpfile != 0 {
		flags |= op.Flags & unix.O_EXCL // there it says that the file is never to get a name
	}
	if op.Flags&unix.O_PATH == 0 {
		flags |= unix.O_NOCTTY
	}
	return flags
}

// smallMax is MAX_NON_LFS: the size up to which a file is opened without O_LARGEFILE.
const smallMax = 1<<31 - 1

// tooLarge answers EOVERFLOW, which a 32-bit open without O_LARGEFILE gets after its rights were found sufficient and
// before anything is truncated (generic_file_open in fs/open.c). A 64-bit tracer cannot open without O_LARGEFILE.
func (op *opening) tooLarge(pin int) Outcome {
	fd, errno := openRaw(op.d.fds, op.d.pin(pin), op.through()&^unix.O_TRUNC|unix.O_NONBLOCK, 0)
	if errno != 0 && errno != unix.EAGAIN {
		return done(errno)
	}
	if errno == 0 {
		closeFD(fd)
	}
	return done(unix.EOVERFLOW)
}

// fifo opens a FIFO or pipe. A pipe never waits for its other end, and a FIFO does not where O_NONBLOCK says so or it
// is opened for both (fifo(7)). A writer is done at once if there is a reader; whether there is a writer, a reader
// cannot ask.
func (op *opening) fifo(pin int) Outcome {
	mode := op.Flags & unix.O_ACCMODE
	if op.Flags&unix.O_NONBLOCK != 0 || mode == unix.O_RDWR || mode == unix.O_ACCMODE || isPipe(pin) {
		return op.now(pin, 0)
	}
	if mode == unix.O_WRONLY {
		if out := op.now(pin, unix.O_NONBLOCK); !out.is(unix.ENXIO) {
			return out
		}
	}
	return op.wait(pin)
}

// isPipe says whether a FIFO is one of pipe(2).
func isPipe(fd int) bool {
	var fs unix.Statfs_t
	return fstatfs(fd, &fs) == 0 && fs.Type == unix.PIPEFS_MAGIC
}

// sticky says whether a directory has the sticky bit; also if that cannot be told.
func sticky(dir int) bool {
	var st unix.Stat_t
	return fstat(dir, &st) != 0 || st.Mode&unix.S_ISVTX != 0
}

// protected is what O_CREAT answers to a file of somebody else in a sticky directory that others may write:
// fs.protected_regular and fs.protected_fifos of Linux 4.19 (proc_sys_fs(5), may_create_in_sticky in fs/namei.c). The
// kernel does not ask it of an open through a handle.
func (op *opening) protected(dir int, st *unix.Stat_t) syscall.Errno {
	var parent unix.Stat_t
	if errno := fstat(dir, &parent); errno != 0 {
		return errno
	}
	writable := parent.Mode & (unix.S_IWOTH | unix.S_IWGRP)
	if parent.Mode&unix.S_ISVTX == 0 || writable == 0 || st.Uid == parent.Uid || st.Uid == op.d.who().uid {
		return 0
	}
	setting := "sys/fs/protected_regular\x00"
	if st.Mode&unix.S_IFMT == unix.S_IFIFO {
		setting = "sys/fs/protected_fifos\x00"
	}
	level, known := op.d.setting(setting)
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFREG && kind != unix.S_IFIFO {
		level = 1 // of other kinds, which no setting frees
	}
	if errno := op.d.act(false); errno != 0 {
		return errno
	}
	if known && (level >= 2 || level == 1 && writable&unix.S_IWOTH != 0) {
		return unix.EACCES
	}
	return 0
}

// setting reads a number below /proc/sys with the tracer's own rights, which the thread keeps. known is false if this
// kernel has none of that name.
func (d *Deputy) setting(name string) (value int, known bool) {
	if d.Own() != 0 {
		return 1, true
	}
	text, errno := d.readEntry(append(d.line[:0], name...))
	if errno == unix.ENOENT {
		return 0, false
	}
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			break
		}
		n = 10*n + int(c-'0')
	}
	return n, errno == 0
}

// is says whether a call ended with errno.
func (o *Outcome) is(errno syscall.Errno) bool { return o.Kind == Done && o.Value == -int64(errno) }

var dot = []byte(".\x00")
