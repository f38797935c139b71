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

// twoNames reads the names of a call on two of them.
func (d *describer) twoNames(from, to *Name) syscall.Errno {
	s := d.spec
	from.Dirfd, to.Dirfd = d.dirfd(s.dirfd), d.dirfd(s.dirfd2)
	if errno := d.readPath(0, d.inv.Pointer(s.path.of()), from); errno != 0 {
		return errno
	}
	return d.readPath(1, d.inv.Pointer(s.path2.of()), to)
}

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
	if errno := d.twoNames(&from.Name, &to.Name); errno != 0 {
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
	if errno := d.twoNames(&from.Name, &to.Name); errno != 0 {
		return d.drop(errno)
	}
	if last, slash := lastOf(from.Name.UnsafePath); last == lastName && slash {
		from.Name.Follow = true
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
	if errno := d.twoNames(&from.Name, &to.Name); errno != 0 {
		return d.drop(errno)
	}
	for i := range d.out.N {
		n := &d.out.List[i].Name
		if last, slash := lastOf(n.UnsafePath); last == lastName && slash {
			n.Follow = true
		}
	}
	d.resolve()
	d.natural(firstErrno(lookupErrno(from, false), lookupErrno(to, false)))
	return 0
}
