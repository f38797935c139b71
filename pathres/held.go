package pathres

import (
	"math"
	"strconv"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// What a task may do already with an object that it has open. A number in its table and what it is open on can change
// between two looks (dup2(2) by a task that shares the table), so rights that were read of the one descriptor must not
// count for the object of another: descriptor and object are compared by what one look at the open file has told.

// lent returns what the descriptor that a magic link in cur stands for may do with the object that a handle is on, and
// whether it is the task's own. Links that stand for no descriptor (cwd, exe) say it by their mode, which is always the
// same. That of an entry of map_files is what the first file was open for that was mapped there when somebody looked, and
// stays when another is (map_files_d_revalidate, fs/proc/base.c): it lends nothing.
func (r *Resolver) lent(cur int, name []byte, object int, link uint32) (op access.Op, own bool) {
	own = r.ownDescriptors(cur)
	n := descriptorNumber(name)
	if n < 0 {
		if link&allModes != allModes {
			return 0, own
		}
		return heldByLink(link), own
	}
	d := descriptor{tgid: r.tgid, n: n, object: object, link: link, steady: own && !r.Shared}
	if !own {
		if d.tgid = r.owner(cur); !r.member(d.tgid) {
			return 0, false // nobody in the tree lends it
		}
	}
	line := append(strconv.AppendInt(append(r.line[:0], "../fdinfo/"...), int64(n), 10), 0)
	return r.held(&d, cur, line), own
}

// allModes are the permission bits of a link that says nothing by them.
const allModes = 0o777

// heldBy is what the task's own descriptor n may do with the object that a handle is on.
func (r *Resolver) heldBy(n, object int, link uint32) access.Op {
	d := descriptor{tgid: r.tgid, n: n, object: object, link: link, steady: !r.Shared}
	return r.held(&d, r.proc, r.link("fdinfo/", n))
}

// descriptor is one that is asked about.
type descriptor struct {
	tgid, n int    // whose, 0 if that is not known; and which
	object  int    // a handle of what it was open on
	link    uint32 // the mode of its magic link: before Linux 5.6 all there is to go by
	// steady: nobody can have made it another one since that mode was read. Nothing that older kernels tell of a descriptor
	// names both its rights and its object.
	steady bool
}

// held returns nothing if the descriptor is open on something else by now. info in dir is its fdinfo.
func (r *Resolver) held(d *descriptor, dir int, info []byte) access.Op {
	var id ident
	if r.stat(d.object, empty, unix.AT_EMPTY_PATH, &id) != 0 {
		return 0
	}
	op, answer := r.heldByFile(d, &id)
	if !answer {
		op, answer = r.heldByText(dir, info, &id)
	}
	if !answer && d.steady {
		op = heldByLink(d.link)
	}
	return op
}

// heldByFile looks at the open file itself (pidfd_getfd(2), Linux 5.6). answer is false where it is not to be had: an
// older kernel, an outer sandbox. Of a thread that has its table to itself it sees the process's.
func (r *Resolver) heldByFile(d *descriptor, id *ident) (op access.Op, answer bool) {
	r.asOwn()
	if !r.can.getfd {
		return 0, false
	}
	process, _, e := unix.RawSyscall(unix.SYS_PIDFD_OPEN, uintptr(d.tgid), 0, 0)
	if e != 0 {
		return 0, false
	}
	fd, _, e := unix.RawSyscall(unix.SYS_PIDFD_GETFD, process, uintptr(d.n), 0)
	closeHandle(int(process))
	if e != 0 {
		return 0, e == unix.EBADF
	}
	defer closeHandle(int(fd))
	flags, _, e := unix.RawSyscall(unix.SYS_FCNTL, fd, unix.F_GETFL, 0)
	var at ident
	if e != 0 || r.stat(int(fd), empty, unix.AT_EMPTY_PATH, &at) != 0 || !at.is(id) {
		return 0, true
	}
	return heldByFlags(uint64(flags)), true
}

// heldByText reads an fdinfo, which tells of one open file its flags, mount and (Linux 5.14) inode.
func (r *Resolver) heldByText(dir int, info []byte, id *ident) (op access.Op, answer bool) {
	var buf [256]byte
	r.asPeer()
	text, e := r.read(dir, info, buf[:])
	if e != 0 {
		return 0, false
	}
	ino, ok := digits(field(text, "ino:"))
	mnt, ok2 := digits(field(text, "mnt_id:"))
	flags, ok3 := octal(field(text, "flags:"))
	if !ok || !ok2 || !ok3 || id.mnt == 0 || !r.can.fdinfo {
		return 0, false
	}
	if ino != id.ino || mnt != id.mnt {
		return 0, true
	}
	return heldByFlags(flags), true
}

// heldByFlags reads the access mode. Mode 3 and O_PATH give none.
func heldByFlags(flags uint64) access.Op {
	if flags&unix.O_PATH != 0 {
		return 0
	}
	switch flags & unix.O_ACCMODE {
	case unix.O_RDONLY:
		return access.Read
	case unix.O_WRONLY:
		return access.Write
	case unix.O_RDWR:
		return access.Read | access.Write
	}
	return 0
}

// heldByLink reads the mode of a link in /proc/PID/fd: the owner's read bit stands for FMODE_READ, the write bit for
// FMODE_WRITE, and an O_PATH descriptor has neither.
func heldByLink(mode uint32) access.Op {
	var op access.Op
	if mode&unix.S_IRUSR != 0 {
		op |= access.Read
	}
	if mode&unix.S_IWUSR != 0 {
		op |= access.Write
	}
	return op
}

// octal parses an octal number and nothing else.
func octal(s []byte) (uint64, bool) {
	var n uint64
	for _, c := range s {
		if c < '0' || c > '7' || n > 1<<56 {
			return 0, false
		}
		n = 8*n + uint64(c-'0')
	}
	return n, len(s) > 0
}

// descriptorNumber is the number that an entry of a descriptor directory is called by; -1 if it is none.
func descriptorNumber(name []byte) int {
	n, ok := digits(name)
	if !ok || n > math.MaxInt32 {
		return -1
	}
	return int(n)
}
