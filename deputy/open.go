package deputy

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// The calls that open a file for the task.
//
// What has a name is opened by that name, in the directory that is held, with flags that let the kernel follow nothing
// (openat2(2), RESOLVE_NO_SYMLINKS), so that F_GETFL says afterwards what it would have said. What may wait, or was
// judged for what it is and not for what it is called, is taken hold of first, looked at, and then opened through that
// handle, so that nothing can take its place in between.
//
// The descriptor differs from the task's own in this: O_NOFOLLOW is missing from its flags if it was opened through a
// handle, and is there if the kernel has no openat2 and the file was made; a 32-bit open without O_LARGEFILE has it. A
// leader of a session without a terminal does not acquire the one it opens, whatever the flags: it has to ask for it by
// TIOCSCTTY, as login_tty(3) does.
var _ = register(map[string]doer{
	"open":    openFile,
	"openat":  openFile,
	"openat2": openFile,
	"creat":   openFile,
})

// What the kernel does, found out by trying.
var (
	// hasOpenat2: there is openat2(2), since Linux 5.6. An outer sandbox may refuse what it does not know.
	hasOpenat2 = probeOpenat2()
	// makesOrLists: O_CREAT with O_DIRECTORY makes a file if there is nothing; EINVAL since Linux 6.4.
	makesOrLists = probeMakesOrLists()
)

func probeOpenat2() bool {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS}
	fd, err := unix.Openat2(unix.AT_FDCWD, "/", &how)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}

// probeMakesOrLists opens nothing: an empty path is looked at after the flags.
func probeMakesOrLists() bool {
	_, err := unix.Open("", unix.O_CREAT|unix.O_DIRECTORY, 0)
	return err != unix.EINVAL
}

// opening is one open being done.
type opening struct {
	d *Deputy
	c *call
	o *access.Object
	access.How
	resolve uint64
}

func openFile(d *Deputy, c *call) Outcome {
	a := &c.acc.List[0]
	op := opening{d: d, c: c, o: &a.Object, How: c.acc.How}
	const both = unix.O_CREAT | unix.O_DIRECTORY
	switch {
	case c.inv.Call.Name == "openat2" && !hasOpenat2:
		return done(unix.ENOSYS)
	case op.Flags&both == both && (op.Flags&tmpfile != 0 || !makesOrLists):
		return done(unix.EINVAL)
	case op.o.Errno != 0:
		return done(op.o.Errno)
	case a.Natural != 0 && op.Flags&both != both:
		return done(a.Natural)
	}
	op.resolve = a.Name.Resolve&unix.RESOLVE_NO_XDEV | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS
	if out, ok := op.guard(); !ok {
		return out
	}
	if op.leavesTraces() && d.full() {
		return done(unix.EMFILE)
	}
	if errno := d.act(op.Flags&(unix.O_CREAT|tmpfile) != 0); errno != 0 {
		return done(errno)
	}
	dir, last := c.pins.Parent(0)
	if dir < 0 {
		return op.held(c.pins.Object(0))
	}
	if op.special(a.ByInode) {
		return op.found()
	}
	if op.Flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT && op.o.Kind == access.Regular {
		// It is there, so nothing was judged about making it: without O_CREAT it cannot be made instead. What O_CREAT asks
		// of a file that is there is asked of the handle.
		if sticky(dir) {
			return op.found()
		}
		op.Flags &^= unix.O_CREAT
		op.Mode = 0
	}
	name := append(d.names[0][:0], last...)
	if op.o.Slash && op.o.Kind == access.Directory {
		name = append(name, '/')
	}
	return op.named(dir, append(name, 0))
}

// leavesTraces says whether the open changes anything but the task's table of descriptors.
func (op *opening) leavesTraces() bool {
	return op.Flags&unix.O_TRUNC != 0 || op.Flags&unix.O_CREAT != 0 && op.o.Kind == access.Missing
}

// tmpfile is the bit of O_TMPFILE that is not O_DIRECTORY.
const tmpfile = unix.O_TMPFILE &^ unix.O_DIRECTORY

// special says whether the object has to be looked at before it is opened.
func (op *opening) special(byInode bool) bool {
	if op.o.Kind == access.Missing {
		return false
	}
	if op.Flags&unix.O_PATH != 0 {
		return byInode || !hasOpenat2
	}
	switch op.o.Kind {
	case access.Regular:
		return byInode || op.Small || !hasOpenat2
	case access.Directory:
		return byInode || !hasOpenat2
	}
	return true
}

// named opens the name in dir. Whatever has taken that name by now cannot make the tracer wait: O_NONBLOCK is for the
// FIFO, the device or the leased file that was none when it was judged, and is taken back afterwards.
func (op *opening) named(dir int, name []byte) Outcome {
	var fd int
	var errno syscall.Errno
	if hasOpenat2 {
		fd, errno = openHow(dir, name, op.patient(), op.Mode, op.resolve)
	} else {
		fd, errno = openRaw(dir, name, op.patient()|unix.O_NOFOLLOW, op.Mode)
	}
	switch {
	case errno == unix.ELOOP, errno == unix.ENOENT && op.o.Kind != access.Missing:
		return Outcome{Kind: Again} // a link has taken its place, or nothing
	case errno == unix.EAGAIN && op.Flags&unix.O_NONBLOCK == 0:
		return op.found() // a lease: open(2), EWOULDBLOCK
	case errno != 0:
		return done(errno)
	}
	return op.opened(fd)
}

// patient returns the flags of an open that does not wait. The tracer never acquires a terminal.
func (op *opening) patient() uint64 {
	if op.Flags&unix.O_PATH != 0 {
		return op.Flags | unix.O_CLOEXEC
	}
	return op.Flags | unix.O_CLOEXEC | unix.O_NOCTTY | unix.O_NONBLOCK
}

// opened hands over a descriptor that was opened with patient's flags.
func (op *opening) opened(fd int) Outcome {
	if op.Flags&(unix.O_PATH|unix.O_NONBLOCK) == 0 {
		if errno := setFlags(fd, op.Flags); errno != 0 {
			closeFD(fd)
			return done(errno)
		}
	}
	return op.give(fd)
}

func (op *opening) give(fd int) Outcome {
	return Outcome{Kind: Opened, FD: fd, CloseOnExec: op.Flags&unix.O_CLOEXEC != 0}
}
