package deputy

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// These calls make, move and remove names. None of them follows the last component, so a parent held by a handle and a
// private copy of that component are all that decides: what stands under the name by now is what it was judged as, the
// object of that name.
var _ = register(map[string]doer{
	"mkdir":     makeDir(1),
	"mkdirat":   makeDir(2),
	"mknod":     makeNode(1),
	"mknodat":   makeNode(2),
	"symlink":   makeLink,
	"symlinkat": makeLink,
	"link":      linkName,
	"linkat":    linkName,
	"unlink":    removeName(noArg, 0),
	"unlinkat":  removeName(2, 0),
	"rmdir":     removeName(noArg, unix.AT_REMOVEDIR),
	"rename":    renameName(noArg),
	"renameat":  renameName(noArg),
	"renameat2": renameName(4),
})

// noArg stands for an argument that a call does not have.
const noArg = -1

// failed is what the call ends with whatever is done, because one of its names leads nowhere.
func (c *call) failed() syscall.Errno {
	for i := range c.acc.N {
		a := &c.acc.List[i]
		if a.Object.Errno != 0 {
			if a.Natural != 0 {
				return a.Natural
			}
			return a.Object.Errno
		}
	}
	return 0
}

// place returns the directory and the last component of a name, NUL-terminated, as the kernel is to see them: with the
// slash that was typed after it, about which each call has its own opinion. A name without a parent ends in ".", ".."
// or is the root. These, too, the kernel knows by their spelling, before it looks at what they lead to (LAST_NORM and
// its kin in fs/namei.c): so they are spelled as they were.
func (d *Deputy) place(c *call, slot int) (dir int, last []byte, errno syscall.Errno) {
	buf := d.names[slot][:0]
	o := &c.acc.List[slot].Object
	dir, name := c.pins.Parent(slot)
	switch {
	case dir >= 0:
		buf = append(buf, name...)
		if o.Slash {
			buf = append(buf, '/')
		}
	case c.pins.Object(slot) >= 0:
		dir = c.pins.Object(slot)
		if name = special(c.acc.List[slot].Name.UnsafePath); name == nil {
			return -1, nil, unix.EACCES // no spelling of a name that is not followed leads here
		}
		buf = append(buf, name...)
	default:
		return -1, nil, unix.ENAMETOOLONG // pathres pins nothing longer than NAME_MAX
	}
	return dir, append(buf, 0), 0
}

var (
	spellRoot   = []byte("/")
	spellDot    = []byte(".")
	spellDotDot = []byte("..")
)

// special returns the last component of a path that is ".", ".." or the root, else nil.
func special(path []byte) []byte {
	end := len(path)
	for end > 0 && path[end-1] == '/' {
		end--
	}
	start := end
	for start > 0 && path[start-1] != '/' {
		start--
	}
	switch name := path[start:end]; {
	case len(path) == 0:
	case len(name) == 0:
		return spellRoot
	case string(name) == ".":
		return spellDot
	case string(name) == "..":
		return spellDotDot
	}
	return nil
}

// onName does a call on one name. act says what, with the task's rights.
func (d *Deputy) onName(c *call, creates bool, trap uintptr, a, b uintptr) Outcome {
	errno := c.failed()
	var dir int
	var last []byte
	if errno == 0 {
		dir, last, errno = d.place(c, 0)
	}
	if errno == 0 {
		errno = d.act(creates)
	}
	if errno == 0 {
		errno = pathCall(trap, dir, last, a, b, 0)
	}
	return done(errno)
}

// makeDir is mkdir(2); mode is the argument that has the mode.
func makeDir(mode int) doer {
	return func(d *Deputy, c *call) Outcome {
		return d.onName(c, true, unix.SYS_MKDIRAT, uintptr(c.inv.Uint(mode)), 0)
	}
}

// makeNode is mknod(2). The mode is a umode_t: the kernel sees 16 bits of it (fs/namei.c).
func makeNode(mode int) doer {
	return func(d *Deputy, c *call) Outcome {
		return d.onName(c, true, unix.SYS_MKNODAT, uintptr(c.acc.List[0].Mode), uintptr(c.inv.Uint(mode+1)))
	}
}

// makeLink is symlink(2). Its text is no name and was not judged, so it is read now, once.
func makeLink(d *Deputy, c *call) Outcome {
	text, errno := d.text(c, c.inv.Pointer(0))
	if errno == 0 {
		errno = c.failed()
	}
	var dir int
	var last []byte
	if errno == 0 {
		dir, last, errno = d.place(c, 0)
	}
	if errno == 0 {
		errno = d.act(false)
	}
	if errno == 0 {
		errno = symlinkAt(text, dir, last)
	}
	return done(errno)
}

// text reads a path that is only kept, NUL-terminated and valid until the next call.
func (d *Deputy) text(c *call, addr uint64) ([]byte, syscall.Errno) {
	n, errno := c.mem.ReadString(addr, d.content[:access.PathMax])
	if errno != 0 {
		return nil, errno
	}
	if n == 0 {
		return nil, unix.ENOENT
	}
	d.content[n] = 0
	return d.content[:n+1], 0
}

// removeName is unlink(2) and rmdir(2); flags is the argument that has the AT_* bits, which Describe has found known.
func removeName(flags int, implied uintptr) doer {
	return func(d *Deputy, c *call) Outcome {
		bits := implied
		if flags != noArg {
			bits = uintptr(c.inv.Uint(flags))
		}
		return d.onName(c, false, unix.SYS_UNLINKAT, bits, 0)
	}
}

// renameName is rename(2); flags is the argument that has the RENAME_* bits.
func renameName(flags int) doer {
	return func(d *Deputy, c *call) Outcome {
		bits := uintptr(0)
		if flags != noArg {
			bits = uintptr(c.inv.Uint(flags))
		}
		errno := c.failed()
		var from, to int
		var old, name []byte
		if errno == 0 {
			from, old, errno = d.place(c, 0)
		}
		if errno == 0 {
			to, name, errno = d.place(c, 1)
		}
		if errno == 0 {
			errno = d.act(false)
		}
		if errno == 0 {
			errno = twoPathCall(unix.SYS_RENAMEAT2, from, old, to, name, bits)
		}
		return done(errno)
	}
}

// linkName is link(2). A source that is not followed is a name like any other; one that is followed, or is a descriptor,
// is linked by its handle, as open(2) says of O_TMPFILE.
//
// A descriptor by itself (AT_EMPTY_PATH) may be given a name here by everybody. The kernel asks for CAP_DAC_READ_SEARCH
// or, since Linux 6.10, that the very credentials that opened the file are still in use, which from outside nobody can see.
// It asks for neither if the same file is named by its magic link (/proc/self/fd/N), so nothing is gained by this.
func linkName(d *Deputy, c *call) Outcome {
	errno := c.failed()
	var to int
	var name []byte
	if errno == 0 {
		to, name, errno = d.place(c, 1)
	}
	if errno != 0 {
		return done(errno)
	}
	source := &c.acc.List[0].Name
	byName := !source.Follow && len(source.UnsafePath) > 0
	if fd, _ := c.pins.Parent(0); fd < 0 && byName && c.pins.Object(0) >= 0 {
		byName = false // "." or "..": a directory, which no flag lets be linked
	}
	if byName {
		from, old, errno := d.place(c, 0)
		if errno == 0 {
			errno = d.act(false)
		}
		if errno == 0 {
			errno = twoPathCall(unix.SYS_LINKAT, from, old, to, name, 0)
		}
		return done(errno)
	}
	if errno = d.act(false); errno != 0 {
		return done(errno)
	}
	fd, owned, out, ok := d.object(c, 0)
	if !ok {
		return out
	}
	errno = twoPathCall(unix.SYS_LINKAT, d.fds, d.pin(fd), to, name, unix.AT_SYMLINK_FOLLOW)
	if owned {
		closeFD(fd)
	}
	return done(errno)
}
