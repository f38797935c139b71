package deputy

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// These calls change mode and owner. All act on the object that was judged, by the magic link to its handle, so links
// play no part any more: the flags that said whether to follow have been obeyed.
var _ = register(map[string]doer{
	"chmod":     changeMode(1, unix.SYS_FCHMODAT),
	"fchmod":    changeMode(1, unix.SYS_FCHMODAT),
	"fchmodat":  changeMode(2, unix.SYS_FCHMODAT),
	"fchmodat2": changeMode(2, unix.SYS_FCHMODAT2), // ENOSYS before Linux 6.6, as it should be
	"chown":     changeOwner(1, true),
	"lchown":    changeOwner(1, true),
	"fchown":    changeOwner(1, true),
	"chown32":   changeOwner(1, false),
	"lchown32":  changeOwner(1, false),
	"fchown32":  changeOwner(1, false),
	"fchownat":  changeOwner(2, false),
})

// changeMode is chmod(2); mode is the argument that has the mode, trap the call to use.
func changeMode(mode int, trap uintptr) doer {
	return func(d *Deputy, c *call) Outcome {
		return d.onObject(c, trap, uintptr(c.inv.Uint(mode)), 0, 0)
	}
}

// changeOwner is chown(2); user is the argument that has the user, the group is the next. old says that the call has
// 16-bit IDs on machines where IDs once had 16 bits (syscall_32.tbl of arch/x86, syscall.tbl of arch/arm).
func changeOwner(user int, old bool) doer {
	return func(d *Deputy, c *call) Outcome {
		uid, gid := c.inv.Uint(user), c.inv.Uint(user+1)
		if old && (c.inv.ABI == arch.I386 || c.inv.ABI == arch.ARM) {
			uid, gid = widenID(uid), widenID(gid)
		}
		if errno := c.failed(); errno != 0 {
			return done(errno)
		}
		uid, gid, errno := d.ownerIDs(uid, gid)
		if errno != 0 {
			return done(errno)
		}
		return d.onObject(c, unix.SYS_FCHOWNAT, uintptr(uid), uintptr(gid), 0)
	}
}

// widenID is low2highuid of linux/highuid.h: -1 stays -1.
func widenID(id uint32) uint32 {
	if id = id & 0xffff; id == 0xffff {
		return noID
	}
	return id
}

// onObject does a call on one object: trap takes a directory, a path that it follows, and up to three arguments.
func (d *Deputy) onObject(c *call, trap uintptr, a, b, e uintptr) Outcome {
	if out, ok := d.ready(c); !ok {
		return out
	}
	fd, owned, out, ok := d.object(c, 0)
	if !ok {
		return out
	}
	errno := pathCall(trap, d.fds, d.pin(fd), a, b, e)
	if owned {
		closeFD(fd)
	}
	return done(errno)
}

// ready gives the thread the task's rights to act on one object. ok is false if the call ends otherwise.
func (d *Deputy) ready(c *call) (out Outcome, ok bool) {
	if c.acc.N == 0 {
		return Outcome{}, false
	}
	errno := c.failed()
	if errno == 0 {
		errno = d.openFile(c)
	}
	if errno == 0 {
		errno = d.act(false)
	}
	return done(errno), errno == 0
}

// openFile says what is wrong with a descriptor that a call needs an open file behind.
func (d *Deputy) openFile(c *call) syscall.Errno {
	n := &c.acc.List[0].Name
	if !n.FD && !(emptyIsFile(c.inv.Call.Name) && n.Empty && len(n.UnsafePath) == 0 && n.Dirfd != unix.AT_FDCWD) {
		return 0
	}
	is, errno := d.isPath(n.Dirfd)
	if is {
		return unix.EBADF
	}
	return errno
}

// emptyIsFile says that a call takes an empty path with AT_EMPTY_PATH for the open file itself, as the calls without a
// path do, not for the place where it was found (fs/xattr.c, fs/file_attr.c).
func emptyIsFile(name string) bool {
	switch name {
	case "setxattrat", "removexattrat", "file_setattr", "getxattrat", "listxattrat", "file_getattr":
		return true
	}
	return false
}
