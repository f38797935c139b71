package deputy

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// xattrListMax is XATTR_LIST_MAX of linux/limits.h. More room than that, or than XATTR_SIZE_MAX, is not used.
const xattrListMax = 64 << 10

// lookXattr is getxattr(2). name is the argument with the name, followed by address and size of the value.
func lookXattr(name int) doer {
	return func(d *Deputy, c *call) Outcome {
		a := &d.attribute
		if errno := a.readName(c, c.inv.Pointer(name)); errno != 0 {
			return done(errno)
		}
		return d.seeXattrs(c, c.inv.Pointer(name+1), c.inv.Args[name+2], func(pin, buf []byte) (int, syscall.Errno) {
			return getXattr(pin, a.name[:], buf)
		})
	}
}

// lookXattrAt is getxattrat(2), which has address and size in a structure.
func lookXattrAt(d *Deputy, c *call) Outcome {
	abi, args := c.inv.ABI, d.block[:xattrArgs]
	if errno := d.readStruct(c, c.inv.Pointer(4), c.inv.Args[5], args); errno != 0 {
		return done(errno)
	}
	value, size := uint64(getInt(abi, args, 8)), uint64(uint32(getInt(abi, args[8:], 4)))
	if getInt(abi, args[12:], 4) != 0 {
		return done(unix.EINVAL)
	}
	a := &d.attribute
	if errno := a.readName(c, c.inv.Pointer(3)); errno != 0 {
		return done(errno)
	}
	return d.seeXattrs(c, value, size, func(pin, buf []byte) (int, syscall.Errno) {
		return getXattrAt(d.fds, pin, a.name[:], buf)
	})
}

// lookXattrs is listxattr(2). list is the argument with the address, followed by the size.
func lookXattrs(list int) doer {
	return func(d *Deputy, c *call) Outcome {
		return d.seeXattrs(c, c.inv.Pointer(list), c.inv.Args[list+1], listXattrs)
	}
}

// lookXattrsAt is listxattrat(2).
func lookXattrsAt(d *Deputy, c *call) Outcome {
	return d.seeXattrs(c, c.inv.Pointer(3), c.inv.Args[4], func(pin, buf []byte) (int, syscall.Errno) {
		return listXattrsAt(d.fds, pin, buf)
	})
}

// seeXattrs has see fill as many bytes as the task has room for, or none to learn the size.
func (d *Deputy) seeXattrs(c *call, addr, size uint64, see func(pin, buf []byte) (int, syscall.Errno)) Outcome {
	if errno := d.enter(); errno != 0 {
		return done(errno)
	}
	pin, owned, out, ok := d.look(c)
	if !ok {
		return out
	}
	buf := d.room(int(min(size, xattrListMax)))
	n, errno := see(d.pin(pin), buf)
	letGo(pin, owned)
	if errno != 0 {
		return done(errno)
	}
	if size == 0 || n == 0 {
		return Outcome{Kind: Done, Value: int64(n)}
	}
	return d.answer(c, addr, buf[:n], int64(n))
}
