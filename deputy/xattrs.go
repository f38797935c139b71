package deputy

import (
	"bytes"
	"syscall"

	"golang.org/x/sys/unix"
)

// These calls change extended attributes. Name and value are not judged, so they are read now, once. The old calls have
// no form for a directory and a name, so the thread's own directory is d.fds while it makes them.
var _ = register(map[string]doer{
	"setxattr":      setAttribute,
	"lsetxattr":     setAttribute,
	"fsetxattr":     setAttribute,
	"setxattrat":    setAttributeAt,
	"removexattr":   removeAttribute,
	"lremovexattr":  removeAttribute,
	"fremovexattr":  removeAttribute,
	"removexattrat": removeAttributeAt,
})

const (
	xattrNameMax = 255      // XATTR_NAME_MAX of linux/limits.h
	xattrSizeMax = 64 << 10 // XATTR_SIZE_MAX
	xattrKnown   = unix.XATTR_CREATE | unix.XATTR_REPLACE
	xattrArgs    = 16 // struct xattr_args of linux/xattr.h in its first version: value 8, size 4, flags 4
)

// attribute is a name and a value as a task gave them.
type attribute struct {
	name  [xattrNameMax + 1]byte // NUL-terminated
	value []byte
	flags uint32
}

// readName reads the name of an attribute: import_xattr_name of fs/xattr.c.
func (a *attribute) readName(c *call, addr uint64) syscall.Errno {
	n, errno := c.mem.ReadString(addr, a.name[:])
	if errno == unix.ENAMETOOLONG || errno == 0 && n == 0 {
		return unix.ERANGE
	}
	if errno == 0 {
		a.name[n] = 0
	}
	return errno
}

// read reads name and value: setxattr_copy.
func (a *attribute) read(d *Deputy, c *call, name, value, size uint64, flags uint32) syscall.Errno {
	if flags&^xattrKnown != 0 {
		return unix.EINVAL
	}
	if errno := a.readName(c, name); errno != 0 {
		return errno
	}
	if size > xattrSizeMax {
		return unix.E2BIG
	}
	if int(size) > len(d.content) {
		d.content = make([]byte, xattrSizeMax) // room for any from now on
	}
	a.value, a.flags = d.content[:size], flags
	return c.mem.Read(value, a.value)
}

func setAttribute(d *Deputy, c *call) Outcome {
	a := &d.attribute
	inv := c.inv
	if errno := a.read(d, c, inv.Pointer(1), inv.Pointer(2), inv.Args[3], inv.Uint(4)); errno != 0 {
		return done(errno)
	}
	return d.onAttribute(c, func(pin []byte) syscall.Errno { return setXattr(pin, a.name[:], a.value, a.flags) })
}

// setAttributeAt reads its structure as copy_struct_from_user does: a longer one of a newer kernel must end in zeros.
func setAttributeAt(d *Deputy, c *call) Outcome {
	abi, addr, size := c.inv.ABI, c.inv.Pointer(4), c.inv.Args[5]
	args := d.block[:xattrArgs]
	if errno := d.readStruct(c, addr, size, args); errno != 0 {
		return done(errno)
	}
	a := &d.attribute
	errno := a.read(d, c, c.inv.Pointer(3), uint64(getInt(abi, args, 8)), uint64(uint32(getInt(abi, args[8:], 4))),
		uint32(getInt(abi, args[12:], 4)))
	if errno != 0 {
		return done(errno)
	}
	return d.onAttribute(c, func(pin []byte) syscall.Errno {
		return setXattrAt(d.fds, pin, a.name[:], a.value, a.flags)
	})
}

func removeAttribute(d *Deputy, c *call) Outcome {
	a := &d.attribute
	if errno := a.readName(c, c.inv.Pointer(1)); errno != 0 {
		return done(errno)
	}
	return d.onAttribute(c, func(pin []byte) syscall.Errno { return removeXattr(pin, a.name[:]) })
}

func removeAttributeAt(d *Deputy, c *call) Outcome {
	a := &d.attribute
	if errno := a.readName(c, c.inv.Pointer(3)); errno != 0 {
		return done(errno)
	}
	return d.onAttribute(c, func(pin []byte) syscall.Errno { return removeXattrAt(d.fds, pin, a.name[:]) })
}

// onAttribute does a call on one object whose name in d.fds, which is the working directory, act is given.
func (d *Deputy) onAttribute(c *call, act func(pin []byte) syscall.Errno) Outcome {
	if errno := d.enter(); errno != 0 {
		return done(errno)
	}
	if out, ok := d.ready(c); !ok {
		return out
	}
	fd, owned, out, ok := d.object(c, 0)
	if !ok {
		return out
	}
	errno := act(d.pin(fd))
	if owned {
		closeFD(fd)
	}
	return done(errno)
}

// enter makes d.fds the thread's working directory.
//
// Precondition: the thread has its own rights.
func (d *Deputy) enter() syscall.Errno {
	if d.entered {
		return 0
	}
	if err := unix.Fchdir(d.fds); err != nil {
		errno, _ := err.(syscall.Errno)
		return errno
	}
	d.entered = true
	return 0
}

// readStruct reads a structure whose size the caller gives, of which buf is the part that is known. One that is
// shorter is EINVAL: these calls have known no shorter version.
func (d *Deputy) readStruct(c *call, addr, size uint64, buf []byte) syscall.Errno {
	switch {
	case size < uint64(len(buf)):
		return unix.EINVAL
	case size > uint64(syscall.Getpagesize()):
		return unix.E2BIG
	}
	known := uint64(len(buf))
	for at := known; at < size; {
		tail := d.content[:min(size-at, uint64(len(d.content)))]
		if errno := c.mem.Read(addr+at, tail); errno != 0 {
			return errno
		}
		if len(bytes.TrimLeft(tail, "\x00")) > 0 {
			return unix.E2BIG
		}
		at += uint64(len(tail))
	}
	return c.mem.Read(addr, buf)
}
