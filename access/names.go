package access

import "syscall"

// RENAME_* of linux/fs.h, the same on every architecture.
const (
	renameNoReplace = 1
	renameExchange  = 2
	renameWhiteout  = 4
)

// MOVE_MOUNT_* of linux/mount.h.
const (
	moveFromSymlinks = 0x1
	moveFromEmpty    = 0x4
	moveToSymlinks   = 0x10
	moveToEmpty      = 0x40
	moveKnown        = 0x377
)

// makeName reads the calls that make a name: mkdir, mknod.
func (d *describer) makeName() syscall.Errno {
	s := d.spec
	a := d.add(Create)
	a.Name.Dirfd, a.Name.Create = d.dirfd(s.dirfd), true
	if errno := d.readPath(0, d.inv.Pointer(s.path.of()), &a.Name); errno != 0 {
		return d.drop(errno)
	}
	var early syscall.Errno
	if s.extra != none {
		a.Mode = s.extra.bits(d.inv) & 0xffff // umode_t
		early = mknodErrno(a.Mode)
	}
	d.resolve()
	d.natural(firstErrno(early, newNameErrno(s.rule, a)))
	return 0
}

// makeLink reads symlink: its first argument is a text, not an object. It is read for its natural errno only, so
// memory that the kernel alone can read does no harm here.
func (d *describer) makeLink() syscall.Errno {
	s := d.spec
	a := d.add(Create)
	a.Name.Dirfd, a.Name.Create = d.dirfd(s.dirfd), true
	var text Name
	early := d.readPath(1, d.inv.Pointer(s.extra.of()), &text)
	if errno := d.readPath(0, d.inv.Pointer(s.path.of()), &a.Name); errno != 0 {
		return d.drop(firstErrno(early, errno))
	}
	d.resolve()
	d.natural(firstErrno(early, newNameErrno(s.rule, a)))
	return 0
}

// removeName reads unlink and rmdir.
func (d *describer) removeName() syscall.Errno {
	s := d.spec
	flags := s.flags.bits(d.inv)
	if s.at != nil && flags&^s.at.known != 0 {
		return syscall.EINVAL
	}
	a := d.add(Delete)
	a.Name.Dirfd = d.dirfd(s.dirfd)
	if errno := d.readPath(0, d.inv.Pointer(s.path.of()), &a.Name); errno != 0 {
		return d.drop(errno)
	}
	d.resolve()
	if s.rule == emptyDir || s.rule == unlinkFlags && flags&atRemoveDir != 0 {
		d.natural(rmdirErrno(a))
	} else {
		d.natural(unlinkErrno(a))
	}
	return 0
}

// twoNames reads the names of a call on two of them. The kernel looks up the first before it minds that it could not
// read the second, so in that case the first is resolved alone and found asks what is wrong with it.
func (d *describer) twoNames(from, to *Access, found func(*Access) syscall.Errno) syscall.Errno {
	s := d.spec
	from.Name.Dirfd, to.Name.Dirfd = d.dirfd(s.dirfd), d.dirfd(s.dirfd2)
	if errno := d.readPath(0, d.inv.Pointer(s.path.of()), &from.Name); errno != 0 {
		return errno
	}
	if s.shape != renameName {
		from.Name.followSlash()
	}
	errno := d.readPath(1, d.inv.Pointer(s.path2.of()), &to.Name)
	if errno != 0 {
		d.res.Resolve(0, &from.Name, &from.Object)
		return firstErrno(found(from), errno)
	}
	return 0
}

// mustExist and mustHaveParent are what a call asks of its first name before it looks at the second.
func mustExist(a *Access) syscall.Errno      { return lookupErrno(a, false) }
func mustHaveParent(a *Access) syscall.Errno { return a.Object.Errno }

// renameName reads rename. The old name goes away, the new one is made; a name that is replaced, exchanged or left as
// a whiteout does both.
func (d *describer) renameName() syscall.Errno {
	flags := d.spec.extra.bits(d.inv)
	if flags&^(renameNoReplace|renameExchange|renameWhiteout) != 0 ||
		flags&renameExchange != 0 && flags&(renameNoReplace|renameWhiteout) != 0 {
		return syscall.EINVAL
	}
	from, to := d.add(Delete), d.add(Create)
	to.Name.Create = flags&renameExchange == 0
	if errno := d.twoNames(from, to, mustHaveParent); errno != 0 {
		return d.drop(errno)
	}
	d.resolve()
	if flags&(renameExchange|renameWhiteout) != 0 {
		from.Op |= Create
	}
	if flags&renameExchange != 0 || to.Object.Kind != Missing {
		to.Op |= Delete
	}
	d.natural(renameErrno(from, to, flags))
	return 0
}

// hardLink reads link. Linux does not follow a link as its source unless asked to (link(2), NOTES). The source counts
// as written: through the new name it can be.
func (d *describer) hardLink() syscall.Errno {
	s := d.spec
	flags := s.flags.bits(d.inv)
	if s.at != nil && flags&^s.at.known != 0 {
		return syscall.EINVAL
	}
	from, to := d.add(Write), d.add(Create)
	from.Name.Follow, from.Name.Empty = flags&atFollow != 0, flags&atEmptyPath != 0
	to.Name.Create = true
	if errno := d.twoNames(from, to, mustExist); errno != 0 {
		return d.drop(errno)
	}
	d.resolve()
	d.natural(linkErrno(from, to))
	return 0
}

// twoObjects reads pivot_root and move_mount.
func (d *describer) twoObjects() syscall.Errno {
	s := d.spec
	from, to := d.add(s.op), d.add(s.op)
	from.Name.Follow, to.Name.Follow = s.follow, s.follow
	if s.extra != none {
		flags := s.extra.bits(d.inv)
		if flags&^moveKnown != 0 {
			return d.drop(syscall.EINVAL)
		}
		from.Name.Follow, from.Name.Empty = flags&moveFromSymlinks != 0, flags&moveFromEmpty != 0
		to.Name.Follow, to.Name.Empty = flags&moveToSymlinks != 0, flags&moveToEmpty != 0
	}
	if errno := d.twoNames(from, to, mustExist); errno != 0 {
		return d.drop(errno)
	}
	to.Name.followSlash()
	d.resolve()
	d.natural(firstErrno(lookupErrno(from, false), lookupErrno(to, false)))
	return 0
}
