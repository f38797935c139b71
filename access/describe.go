package access

import (
	"syscall"

	"sydbox/syscalls"
)

// Describe fills out with what a call does. It returns 0 if the list is to be judged; with N 0 there is nothing to
// judge. Any other errno is the call's answer: what cannot be read or understood cannot be judged, so it must not
// reach the kernel, which may be able to read what the tracer could not (memfd_secret(2)). Where the kernel would
// fail the call as well, it is the kernel's errno: EFAULT for unreadable memory, ENAMETOOLONG for a path without NUL
// within PATH_MAX, ENOENT for an empty path, EINVAL for unknown flags. It allocates nothing.
func Describe(inv *syscalls.Invocation, mem Memory, res Resolver, out *Accesses) syscall.Errno {
	out.N, out.Socket.Call = 0, nil
	s := specOf(inv.Call)
	if s == nil {
		return 0
	}
	d := describer{inv: inv, mem: mem, res: res, out: out, spec: s}
	switch s.shape {
	case open:
		return d.open()
	case openHow:
		return d.openHow()
	case makeName:
		return d.makeName()
	case makeLink:
		return d.makeLink()
	case removeName:
		return d.removeName()
	case renameName:
		return d.renameName()
	case hardLink:
		return d.hardLink()
	case twoObjects:
		return d.twoObjects()
	case socketCall, socketcall:
		return d.socketCall()
	case fileIoctl:
		return d.ioctl()
	case fileLease:
		return d.lease()
	}
	return d.object()
}

// describer is one call being described.
type describer struct {
	inv  *syscalls.Invocation
	mem  Memory
	res  Resolver
	out  *Accesses
	spec *spec
}

// add appends an access and returns it for its name to be filled in.
func (d *describer) add(op Op) *Access {
	a := &d.out.List[d.out.N]
	d.out.N++
	a.Op, a.Natural, a.Mode, a.ByInode = op, 0, 0, false
	a.Name, a.Object, a.Addr = Name{Dirfd: atFDCWD}, Object{}, Address{}
	return a
}

// drop empties the list: the call fails with errno, or has nothing to judge if that is 0.
func (d *describer) drop(errno syscall.Errno) syscall.Errno {
	d.out.N = 0
	return errno
}

// resolve finds the objects of all names.
func (d *describer) resolve() {
	for i := range d.out.N {
		a := &d.out.List[i]
		d.res.Resolve(i, &a.Name, &a.Object)
	}
}

// natural gives all accesses of the call its natural errno.
func (d *describer) natural(errno syscall.Errno) {
	for i := range d.out.N {
		d.out.List[i].Natural = errno
	}
}

// dirfd returns the descriptor that a relative path starts at.
func (d *describer) dirfd(a arg) int32 {
	if a == none {
		return atFDCWD
	}
	return d.inv.Int(a.of())
}

// readPath reads a path argument into buffer i. An empty one is ENOENT, even before a bad descriptor is EBADF
// (getname in fs/namei.c), unless empty says that it names the descriptor.
func (d *describer) readPath(i int, addr uint64, n *Name) syscall.Errno {
	buf := d.out.path[i][:PathMax]
	length, errno := d.mem.ReadString(addr, buf)
	if errno != 0 {
		return errno
	}
	n.UnsafePath = buf[:length]
	if length == 0 && !n.Empty {
		return syscall.ENOENT
	}
	return 0
}

var statx = syscalls.ByName("statx")

// statxReserved is STATX__RESERVED.
const statxReserved = 1 << 31

// object reads the calls that act on one object that should exist.
func (d *describer) object() syscall.Errno {
	s := d.spec
	if s.extra != none && d.inv.Int(s.extra.of()) <= 0 {
		return syscall.EINVAL // no room: do_readlinkat in fs/stat.c asks before it looks at the path
	}
	var flags uint32
	if s.at != nil {
		flags = s.flags.bits(d.inv)
		if s.at.skip&flags != 0 {
			return 0
		}
		if s.at.known != 0 && flags&^s.at.known != 0 {
			return syscall.EINVAL
		}
		if d.inv.Call == statx && (flags&atStatxSync == atStatxSync || d.inv.Uint(3)&statxReserved != 0) {
			return syscall.EINVAL // do_statx in fs/stat.c asks before it looks for the name
		}
	}
	a := d.add(s.op)
	onlyDir, errno := d.nameObject(&a.Name, flags)
	if errno != 0 {
		return d.drop(errno)
	}
	if d.out.N == 0 {
		return 0
	}
	d.resolve()
	d.natural(objectErrno(s.rule, a, onlyDir))
	return 0
}

// nameObject fills in the name of a single object. It empties the list where the call turns out to name nothing that
// is to be judged.
func (d *describer) nameObject(n *Name, flags uint32) (onlyDir bool, errno syscall.Errno) {
	s := d.spec
	dirfd, path := s.dirfd, s.path
	if s.null == nullIsAnyFD && splitsWide(d.inv.ABI) {
		dirfd, path = dirfd+1, path+1 // fanotify_mark's 64-bit mask took two registers
	}
	n.Dirfd = d.dirfd(dirfd)
	if path == none {
		n.FD = true
		return false, 0
	}
	n.Follow = s.follow
	if s.at != nil {
		n.Follow = s.follow && flags&s.at.nofollow == 0 || flags&s.at.follow != 0
		n.Empty = flags&s.at.empty != 0
		onlyDir = flags&s.at.onlyDir != 0
	}
	if s.rule == symlink && s.dirfd != none {
		n.Empty = true // readlinkat(2): an empty path names the link that dirfd was opened on, since 2.6.39
	}
	addr := d.inv.Pointer(path.of())
	switch {
	case addr != 0 || s.null == nullFaults:
		errno = d.readPath(0, addr, n)
	case s.null == nullIsNothing:
		return false, d.drop(0)
	case s.null == nullIsEmpty && n.Empty:
		n.UnsafePath = d.out.path[0][:0]
	case s.null == nullIsAnyFD, s.null == nullIsFD && n.Dirfd != atFDCWD:
		if s.null == nullIsFD && flags != 0 {
			return false, syscall.EINVAL // do_utimes_fd in fs/utimes.c
		}
		*n = Name{Dirfd: n.Dirfd, FD: true}
	default:
		errno = syscall.EFAULT
	}
	if errno != 0 {
		return false, errno
	}
	if n.FD {
		return onlyDir, 0
	}
	if s.held && n.Empty && len(n.UnsafePath) == 0 && n.Dirfd != atFDCWD {
		if addr == 0 {
			return false, d.drop(0)
		}
		// Still to be done from this copy: it may be another path by the time the kernel reads it.
		d.out.List[0].Op = 0
	}
	n.followSlash()
	return onlyDir, 0
}

// followSlash sets Follow for a name that is looked up and ends in a slash: the slash asks for the directory that the
// component before it leads to (path_resolution(7)).
func (n *Name) followSlash() {
	if last, slash := lastOf(n.UnsafePath); last == lastName && slash {
		n.Follow = true
	}
}
