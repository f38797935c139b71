package access

import "syscall"

// The natural errno of each call: what Linux answers given where its names lead, in the order in which Linux looks
// (fs/namei.c, 6.18). Tests ask the running kernel the same questions. Left out is what the names do not tell:
// permissions, mounts (EXDEV, EBUSY), full directories (ENOTEMPTY), limits of the file system. Where two things are
// wrong at once and one of them is a name that cannot be read or is too long, or a slash behind a directory above
// (7.2), another of the errnos may come out.

// last is what the last component of a path is.
type last uint8

const (
	lastName   last = iota
	lastDot         // "."
	lastDotDot      // ".."
	lastRoot        // nothing but slashes
	lastNone        // the path is empty
)

// lastOf looks at the end of a path as typed. slash is true if a trailing slash follows the component.
func lastOf(path []byte) (kind last, slash bool) {
	end := len(path)
	for end > 0 && path[end-1] == '/' {
		end--
	}
	slash = end < len(path)
	start := end
	for start > 0 && path[start-1] != '/' {
		start--
	}
	switch name := path[start:end]; {
	case len(path) == 0:
		return lastNone, false
	case len(name) == 0:
		return lastRoot, slash
	case string(name) == ".":
		return lastDot, slash
	case string(name) == "..":
		return lastDotDot, slash
	}
	return lastName, slash
}

// firstErrno returns the first errno that is not 0.
func firstErrno(a, b syscall.Errno) syscall.Errno {
	if a != 0 {
		return a
	}
	return b
}

// known says whether the object's state can be told at all.
func (o *Object) known() bool { return o.Errno == 0 && o.Refuse == 0 && o.Kind != Anonymous }

// lookupErrno is for objects that must exist, and be directories if so asked.
func lookupErrno(a *Access, onlyDir bool) syscall.Errno {
	o := &a.Object
	if !o.known() {
		return o.Errno
	}
	_, slash := lastOf(a.Name.UnsafePath)
	switch {
	case o.Kind == Missing:
		return syscall.ENOENT
	case o.Kind != Directory && (onlyDir || o.Slash || slash):
		return syscall.ENOTDIR
	}
	return 0
}

// objectErrno is for the calls on one object that should exist.
func objectErrno(r rule, a *Access, onlyDir bool) syscall.Errno {
	o := &a.Object
	if errno := lookupErrno(a, onlyDir || r == directory); errno != 0 || !o.known() {
		return errno
	}
	switch {
	case r == regular && o.Kind == Directory:
		return syscall.EISDIR
	case r == regular && o.Kind != Regular:
		return syscall.EINVAL
	case r == symlink && o.Kind != Symlink && len(a.Name.UnsafePath) == 0:
		return syscall.ENOENT
	case r == symlink && o.Kind != Symlink:
		return syscall.EINVAL
	case r == executable && o.Kind == Symlink:
		return syscall.ELOOP
	case r == executable && o.Kind != Regular:
		return syscall.EACCES
	}
	return 0
}

// openErrno is for the open family (open_last_lookups, do_open, may_open).
func openErrno(f *openFlags, flags uint64, a *Access) syscall.Errno {
	o := &a.Object
	creat, excl, onlyDir := flags&f.creat != 0, flags&f.excl != 0, flags&f.directory != 0
	if creat && onlyDir {
		return syscall.EINVAL // since 6.4; before, it made a regular file
	}
	if !o.known() {
		return o.Errno
	}
	if !creat {
		if errno := lookupErrno(a, onlyDir); errno != 0 {
			return errno
		}
	} else if kind, slash := lastOf(a.Name.UnsafePath); kind == lastName && (slash || o.Slash) {
		return syscall.EISDIR
	}
	switch {
	case o.Kind == Missing:
		return 0
	case creat && excl:
		return syscall.EEXIST
	case creat && o.Kind == Directory:
		return syscall.EISDIR
	case flags&f.path != 0:
		return 0
	case o.Kind == Symlink:
		return syscall.ELOOP
	case o.Kind == Directory && flags&f.tmpfile == 0 && openOp(f, flags)&Write != 0:
		return syscall.EISDIR
	}
	return 0
}

// newNameErrno is for the calls that make a name (filename_create).
func newNameErrno(r rule, a *Access) syscall.Errno {
	o := &a.Object
	if !o.known() {
		return o.Errno
	}
	kind, slash := lastOf(a.Name.UnsafePath)
	switch {
	case kind != lastName || o.Kind != Missing:
		if r == newSocket {
			return syscall.EADDRINUSE
		}
		return syscall.EEXIST
	case slash && r != newDir:
		return syscall.ENOENT
	}
	return 0
}

// mknodErrno is for the type that mknod is asked to make (may_mknod).
func mknodErrno(mode uint32) syscall.Errno {
	switch mode & syscall.S_IFMT {
	case 0, syscall.S_IFREG, syscall.S_IFCHR, syscall.S_IFBLK, syscall.S_IFIFO, syscall.S_IFSOCK:
		return 0
	case syscall.S_IFDIR:
		return syscall.EPERM
	}
	return syscall.EINVAL
}

// unlinkErrno is for unlink (do_unlinkat).
func unlinkErrno(a *Access) syscall.Errno {
	o := &a.Object
	if !o.known() {
		return o.Errno
	}
	kind, slash := lastOf(a.Name.UnsafePath)
	switch {
	case kind != lastName:
		return syscall.EISDIR
	case o.Kind == Missing:
		return syscall.ENOENT
	case o.Kind == Directory:
		return syscall.EISDIR
	case slash:
		return syscall.ENOTDIR
	}
	return 0
}

// rmdirErrno is for rmdir (do_rmdir).
func rmdirErrno(a *Access) syscall.Errno {
	o := &a.Object
	if !o.known() {
		return o.Errno
	}
	switch kind, _ := lastOf(a.Name.UnsafePath); {
	case kind == lastDotDot:
		return syscall.ENOTEMPTY
	case kind == lastDot:
		return syscall.EINVAL
	case kind == lastRoot:
		return syscall.EBUSY
	case o.Kind == Missing:
		return syscall.ENOENT
	case o.Kind != Directory:
		return syscall.ENOTDIR
	}
	return 0
}

// linkErrno is for link (do_linkat, vfs_link).
func linkErrno(from, to *Access) syscall.Errno {
	if errno := lookupErrno(from, false); errno != 0 || from.Object.Refuse != 0 {
		return errno
	}
	if errno := newNameErrno(newName, to); errno != 0 || !to.Object.known() {
		return errno
	}
	if from.Object.Kind == Directory {
		return syscall.EPERM
	}
	return 0
}

// renameErrno is for rename (do_renameat2, vfs_rename).
func renameErrno(from, to *Access, flags uint32) syscall.Errno {
	f, t := &from.Object, &to.Object
	if !f.known() || !t.known() {
		return firstErrno(f.Errno, t.Errno)
	}
	fromKind, fromSlash := lastOf(from.Name.UnsafePath)
	toKind, toSlash := lastOf(to.Name.UnsafePath)
	exchange, noReplace := flags&renameExchange != 0, flags&renameNoReplace != 0
	fromDir, toDir := f.Kind == Directory, t.Kind == Directory
	switch {
	case fromKind != lastName:
		return syscall.EBUSY
	case toKind != lastName && noReplace:
		return syscall.EEXIST
	case toKind != lastName:
		return syscall.EBUSY
	case f.Kind == Missing:
		return syscall.ENOENT
	case noReplace && t.Kind != Missing:
		return syscall.EEXIST
	case exchange && t.Kind == Missing:
		return syscall.ENOENT
	case exchange && !toDir && toSlash:
		return syscall.ENOTDIR
	case !fromDir && (fromSlash || !exchange && toSlash):
		return syscall.ENOTDIR
	case isAbove(f.Path, t.Path):
		return syscall.EINVAL
	case isAbove(t.Path, f.Path) && exchange:
		return syscall.EINVAL
	case isAbove(t.Path, f.Path):
		return syscall.ENOTEMPTY
	case t.Kind == Missing || exchange:
		return 0
	case fromDir && !toDir:
		return syscall.ENOTDIR
	case !fromDir && toDir:
		return syscall.EISDIR
	}
	return 0
}

// isAbove says whether the canonical path b lies below a.
func isAbove(a, b []byte) bool {
	return len(a) > 1 && len(b) > len(a) && b[len(a)] == '/' && string(b[:len(a)]) == string(a)
}
