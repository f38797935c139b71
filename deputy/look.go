package deputy

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// The calls that look at a name. They only stop under a policy with rules for it ([stat]), and what they say is what
// the handle of the judged object says, written into the task's memory in the form of its ABI.
//
// Left to the task itself (Leave) is a look that means something else to the tracer, or whose form nobody has written
// down: the structures of 32-bit programs but those of x86 and arm; owners, for a task in another user namespace; the
// text of a magic link, for one in another root; access(2) of a task whose real IDs are not those for files, or before
// Linux 5.8. fanotify_mark is refused unless the policy lifts it.
var _ = register(map[string]doer{
	"stat":       lookStat(1),
	"lstat":      lookStat(1),
	"stat64":     lookStat(1),
	"lstat64":    lookStat(1),
	"oldstat":    lookStat(1),
	"oldlstat":   lookStat(1),
	"newfstatat": lookStat(2),
	"fstatat64":  lookStat(2),
	"statx":      lookStatx,
	"statfs":     lookStatfs(noArg, 1),
	"statfs64":   lookStatfs(1, 2),
	"access":     lookAccess(1, noArg),
	"faccessat":  lookAccess(2, noArg),
	"faccessat2": lookAccess(2, 3),
	"readlink":   lookLink(1),
	"readlinkat": lookLink(2),

	"getxattr":    lookXattr(1),
	"lgetxattr":   lookXattr(1),
	"getxattrat":  lookXattrAt,
	"listxattr":   lookXattrs(1),
	"llistxattr":  lookXattrs(1),
	"listxattrat": lookXattrsAt,

	"file_getattr":      lookFlags,
	"name_to_handle_at": lookHandle,
})

// look takes hold of the object that a call looks at, and gives the thread the task's rights. ok is false if the call
// ends otherwise. The caller lets go of a handle that is owned.
func (d *Deputy) look(c *call) (pin int, owned bool, out Outcome, ok bool) {
	if c.acc.N > 0 && c.acc.List[0].Natural != 0 {
		return -1, false, done(c.acc.List[0].Natural), false
	}
	if out, ok = d.ready(c); !ok {
		return -1, false, out, false
	}
	return d.object(c, 0)
}

// letGo closes a handle that is owned.
func letGo(pin int, owned bool) {
	if owned {
		closeFD(pin)
	}
}

// answer writes what was seen into the task's memory and ends the call with value.
func (d *Deputy) answer(c *call, addr uint64, seen []byte, value int64) Outcome {
	if errno := d.Own(); errno != 0 {
		return done(errno)
	}
	switch errno := c.mem.Write(addr, seen); errno {
	case 0:
		return Outcome{Kind: Done, Value: value}
	case unix.ENOSYS:
		return Outcome{} // a kernel that cannot write there as the task could
	default:
		return done(unix.EFAULT)
	}
}

// room returns a buffer of n bytes that is used until the next call.
func (d *Deputy) room(n int) []byte {
	if n > len(d.content) {
		d.content = make([]byte, max(n, xattrSizeMax))
	}
	return d.content[:n]
}

// otherNamespace says whether the task is in another user namespace, where owners have other numbers.
func (d *Deputy) otherNamespace() bool { return d.namespaces && !d.alone && d.elsewhere() }

// lookStat is stat(2) in its older forms. buf is the argument with the address.
func lookStat(buf int) doer {
	return func(d *Deputy, c *call) Outcome {
		form := statForm(c.inv)
		if form == nil || d.otherNamespace() {
			return Outcome{}
		}
		pin, owned, out, ok := d.look(c)
		if !ok {
			return out
		}
		var st unix.Stat_t
		errno := fstat(pin, &st)
		letGo(pin, owned)
		if errno != 0 {
			return done(errno)
		}
		seen, errno := form.stat(d, c.inv.ABI, &st)
		if errno != 0 {
			return done(errno)
		}
		return d.answer(c, c.inv.Pointer(buf), seen, 0)
	}
}

// lookStatx is statx(2), whose structure is the same everywhere. Linux 4.11.
func lookStatx(d *Deputy, c *call) Outcome {
	if d.otherNamespace() {
		return Outcome{}
	}
	pin, owned, out, ok := d.look(c)
	if !ok {
		return out
	}
	seen := d.room(statxSize)
	const kept = unix.AT_NO_AUTOMOUNT | unix.AT_STATX_FORCE_SYNC | unix.AT_STATX_DONT_SYNC
	errno := statxHandle(pin, c.inv.Uint(2)&kept, c.inv.Uint(3), seen)
	letGo(pin, owned)
	if errno != 0 {
		return done(errno)
	}
	return d.answer(c, c.inv.Pointer(4), seen, 0)
}

// lookStatfs is statfs(2). size is the argument that says how large the structure is taken for.
func lookStatfs(size, buf int) doer {
	return func(d *Deputy, c *call) Outcome {
		form := statfsForm(c.inv)
		if form == nil {
			return Outcome{}
		}
		if size != noArg && !form.takes(c.inv.ABI, c.inv.Args[size]) {
			return done(unix.EINVAL)
		}
		pin, owned, out, ok := d.look(c)
		if !ok {
			return out
		}
		var fs unix.Statfs_t
		errno := fstatfs(pin, &fs)
		letGo(pin, owned)
		if errno != 0 {
			return done(errno)
		}
		seen, errno := form.statfs(d, c.inv.ABI, &fs)
		if errno != 0 {
			return done(errno)
		}
		return d.answer(c, c.inv.Pointer(buf), seen, 0)
	}
}

// lookFlags is file_getattr(2), Linux 6.17: a structure that may grow, of a size that the caller gives.
func lookFlags(d *Deputy, c *call) Outcome {
	size := c.inv.Args[3]
	switch {
	case size > uint64(syscall.Getpagesize()):
		return done(unix.E2BIG)
	case size < fileAttrSize:
		return done(unix.EINVAL)
	}
	pin, owned, out, ok := d.look(c)
	if !ok {
		return out
	}
	seen := d.room(int(size))
	errno := getFlagsAt(d.fds, d.pin(pin), seen)
	letGo(pin, owned)
	if errno != 0 {
		return done(errno)
	}
	return d.answer(c, c.inv.Pointer(2), seen, 0)
}

// lookHandle is name_to_handle_at(2). What it makes can only be opened by open_by_handle_at(2), which is refused.
func lookHandle(d *Deputy, c *call) Outcome {
	const header, most = 8, 128 // struct file_handle: its size, its type; MAX_HANDLE_SZ
	const uniqueMount = 0x1     // AT_HANDLE_MNT_ID_UNIQUE, Linux 6.12
	abi, handle, mount := c.inv.ABI, c.inv.Pointer(2), c.inv.Pointer(3)
	pin, owned, out, ok := d.look(c)
	if !ok {
		return out
	}
	defer letGo(pin, owned)
	if errno := d.Own(); errno != 0 {
		return done(errno)
	}
	seen := d.room(header + most + header)
	if errno := c.mem.Read(handle, seen[:header]); errno != 0 { // the kernel refuses a size beyond the most
		return done(errno)
	}
	if errno := d.act(false); errno != 0 {
		return done(errno)
	}
	flags := c.inv.Uint(4)
	id := seen[header+most:]
	idSize := 4
	if flags&uniqueMount != 0 {
		idSize = 8
	}
	errno := nameToHandle(pin, seen, id, flags&^(unix.AT_SYMLINK_FOLLOW|unix.AT_EMPTY_PATH))
	if errno != 0 && errno != unix.EOVERFLOW {
		return done(errno)
	}
	length := int64(header)
	if errno == 0 {
		length += getInt(abi, seen, 4)
	}
	if out := d.answer(c, mount, id[:idSize], 0); out.Kind == Leave || out.Value != 0 {
		return out
	}
	return d.answer(c, handle, seen[:length], -int64(errno))
}
