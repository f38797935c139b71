package access

import "syscall"

// open reads the calls that open a file with flags in a register. Bits that the kernel does not know are ignored, and
// O_PATH leaves only three others in force (build_open_how in fs/open.c).
func (d *describer) open() syscall.Errno {
	s, f := d.spec, openFlagsOf(d.inv.ABI)
	flags := uint64(s.flags.bits(d.inv))
	if s.implied != nil {
		flags = s.implied(f)
	}
	flags &= f.known()
	if flags&f.path != 0 {
		flags &= f.besidePath()
	}
	const permissions = 0o7777
	how := How{Flags: flags}
	if flags&(f.creat|f.tmpfile) != 0 {
		how.Mode = uint64(s.extra.bits(d.inv)) & permissions
	}
	// creat and openat2 have no narrow twin: a 64-bit kernel adds O_LARGEFILE to them (force_o_largefile).
	how.Small = s.implied == nil && d.inv.ABI.WordSize == 4 && flags&(f.largefile|f.path) == 0
	return d.openAs(how, 0)
}

// openAs describes an open whose flags are sound but for the rules that hold for all calls.
func (d *describer) openAs(how How, resolve uint64) syscall.Errno {
	f, flags := openFlagsOf(d.inv.ABI), how.Flags
	d.out.How = how
	if flags&f.tmpfile != 0 && (flags&f.directory == 0 || flags&f.creat != 0 || flags&(oWronly|oRdwr) == 0) {
		return syscall.EINVAL
	}
	a := d.add(openOp(f, flags))
	n := &a.Name
	n.Dirfd, n.Resolve = d.dirfd(d.spec.dirfd), resolve
	if errno := d.readPath(0, d.inv.Pointer(d.spec.path.of()), n); errno != 0 {
		return d.drop(errno)
	}
	n.Create = flags&f.creat != 0
	n.Follow = flags&f.nofollow == 0 && flags&(f.creat|f.excl) != f.creat|f.excl
	if last, slash := lastOf(n.UnsafePath); last == lastName && slash {
		n.Follow = !n.Create // with O_CREAT it is EISDIR before anything is looked up
	}
	d.resolve()
	d.natural(openErrno(f, flags, a))
	switch {
	case flags&f.tmpfile != 0:
		a.Op |= Create
		d.nameTmpfile(a)
	case n.Create && a.Object.Kind == Missing:
		a.Op |= Create // an existing file is not made: O_CREAT then needs no right of its own
	}
	return 0
}

// openOp returns what the kernel asks of an existing file. O_PATH opens nothing: it only finds the object.
func openOp(f *openFlags, flags uint64) Op {
	if flags&f.path != 0 {
		return Stat
	}
	var op Op
	if flags&oAccmode != oWronly {
		op |= Read
	}
	if flags&oAccmode != 0 || flags&f.trunc != 0 {
		op |= Write
	}
	return op
}

// tmpfileName stands for the unnamed file of an O_TMPFILE: the kernel calls it '#' and its inode number.
const tmpfileName = "#tmpfile"

// nameTmpfile turns the directory of an O_TMPFILE into a missing name below it, so that the rules for what is made in
// the directory judge it.
func (d *describer) nameTmpfile(a *Access) {
	o := &a.Object
	if o.Kind != Directory || len(o.Path) == 0 {
		return
	}
	b := append(d.out.below[:0], o.Path...)
	if b[len(b)-1] != '/' {
		b = append(b, '/')
	}
	b = append(b, tmpfileName...)
	d.out.below = b
	o.Path, o.Kind, o.Dev, o.Ino, o.Held = b, Missing, 0, 0, 0
	o.Slash, o.Dot = false, false
}
