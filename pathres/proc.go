package pathres

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// Procfs is where a name means something else to the task than to the tracer: proc(5), /proc/self, /proc/pid/fd.

// procRootIno is the inode number of a procfs root directory: PROC_ROOT_INO of include/linux/proc_fs.h, ABI since 2.6.
const procRootIno = 1

// self returns the target of the link called name, "self" or "thread-self", in the procfs root cur: the numbers that
// the task has in that instance's PID namespace. ok is false if it has none there, or if that cannot be told.
func (r *Resolver) self(cur int, root *ident, name []byte, buf []byte) (text []byte, ok bool) {
	tgid, tid := uint64(r.tgid), uint64(r.tid)
	if root.dev != r.dev {
		// Since Linux 5.8 every mount of procfs is an instance of its own, of any namespace.
		if tgid, tid, ok = r.translate(cur); !ok {
			return nil, false
		}
	}
	text = strconv.AppendUint(buf[:0], tgid, 10)
	if len(name) > len("self") {
		text = append(text, "/task/"...)
		text = strconv.AppendUint(text, tid, 10)
	}
	return text, true
}

// translate finds the task's numbers in another procfs instance. NStgid and NSpid (Linux 4.1) list them from the
// tracer's namespace down to the task's own; it is the one under which that instance shows the same process: the same
// number in the same innermost namespace.
func (r *Resolver) translate(cur int) (tgid, tid uint64, ok bool) {
	var mine, theirs [4096]byte
	var namespace, other ident
	status, e := r.read(r.proc, r.link("status", -1), mine[:])
	if e != 0 || r.stat(r.proc, r.link("ns/pid", -1), 0, &namespace) != 0 {
		return 0, 0, false
	}
	tgids, tids := field(status, "NStgid:"), field(status, "NSpid:")
	innermost, _ := number(tgids, -1)
	for i := 0; ; i++ {
		n, ok := number(tgids, i)
		if !ok {
			return 0, 0, false
		}
		var path [32]byte
		prefix := strconv.AppendUint(path[:0], n, 10)
		if r.stat(cur, append(prefix, "/ns/pid\x00"...), 0, &other) != 0 || !other.is(&namespace) {
			continue
		}
		status, e := r.read(cur, append(prefix, "/status\x00"...), theirs[:])
		if m, ok := number(field(status, "NStgid:"), -1); e != 0 || !ok || m != innermost {
			continue
		}
		tid, ok = number(tids, i)
		return n, tid, ok
	}
}

// pidOf returns N for a canonical path in entry N of a procfs of the tracer's PID namespace, wherever it is mounted, and
// 0 for any other. dev is the device that the object, or its directory if it is missing, is on. UnknownProcess is the
// answer for a procfs whose numbers mean nothing here.
func (r *Resolver) pidOf(path []byte, dev uint64) int {
	if dev == r.dev {
		if n := pidIn(path); n != 0 {
			return n
		}
	}
	if unix.Major(dev) != 0 { // a disk: procfs has none
		return 0
	}
	// In a chroot there is another mount of it, or another instance (Linux 5.8).
	for i := 1; i < len(path); i++ {
		if path[i] != '/' {
			continue
		}
		entry := path[i+1:]
		if j := indexSlash(entry); j >= 0 {
			entry = entry[:j]
		}
		n, ok := digits(entry)
		if !ok || n == 0 || n > 1<<30 || !r.procRootAt(path[1:i], dev) {
			continue
		}
		if r.Inner(dev) {
			return r.counted(int(n))
		}
		if dev == r.dev || r.sameNumbers(path[1:i]) {
			return int(n)
		}
		return UnknownProcess
	}
	return 0
}

// counted is the tracer's number for one of the target's PID namespace.
func (r *Resolver) counted(n int) int {
	r.asOwn()
	if outer := r.outer(n); outer != 0 {
		return outer
	}
	return UnknownProcess
}

// UnknownProcess is an Object's PID if it lies in the entry of a process that has no number in the tracer's namespace, or
// whose number cannot be told.
const UnknownProcess = -1

// procRootAt says whether the root of the procfs on a device is at path, which is relative to the start and followed by
// one byte more.
func (r *Resolver) procRootAt(path []byte, dev uint64) bool {
	r.asOwn()
	z, saved := terminated(path)
	defer restore(z, saved)
	var id ident
	if r.stat(r.root, z, unix.AT_SYMLINK_NOFOLLOW, &id) != 0 || id.dev != dev || id.ino != procRootIno {
		return false
	}
	fd, e := r.openAt(r.root, z, unix.O_PATH|unix.O_DIRECTORY)
	if e != 0 {
		return false
	}
	defer closeHandle(fd)
	var fs unix.Statfs_t
	return unix.Fstatfs(fd, &fs) == nil && fs.Type == unix.PROC_SUPER_MAGIC
}

// sameNumbers says whether the procfs at path counts processes as the tracer's does: the tracer's number is in it that of
// a process of the same PID namespace, which has no other number below (NSpid, Linux 4.1).
func (r *Resolver) sameNumbers(path []byte) bool {
	var buf [4096]byte
	z, saved := terminated(path)
	fd, e := r.openAt(r.root, z, unix.O_PATH|unix.O_DIRECTORY)
	restore(z, saved)
	if e != 0 {
		return false
	}
	defer closeHandle(fd)
	var ours, its ident
	me := strconv.AppendInt(r.line[:0], int64(r.pid), 10)
	status, e := r.read(fd, append(me, "/status\x00"...), buf[:])
	if e != 0 {
		return false
	}
	numbers := field(status, "NSpid:")
	innermost, ok := number(numbers, 0)
	if _, more := number(numbers, 1); !ok || more || innermost != uint64(r.pid) {
		return false
	}
	link := append(me, "/ns/pid\x00"...)
	e, e2 := r.stat(fd, link, 0, &its), r.stat(r.proc, link, 0, &ours)
	return e == 0 && e2 == 0 && its.is(&ours) || e == unix.ENOENT && e2 == unix.ENOENT // a kernel without them
}

// pidIn returns N for a path that looks as if it were in /proc/N, else 0.
func pidIn(path []byte) int {
	const prefix = "/proc/"
	if len(path) <= len(prefix) || string(path[:len(prefix)]) != prefix {
		return 0
	}
	path = path[len(prefix):]
	if i := indexSlash(path); i >= 0 {
		path = path[:i]
	}
	n, ok := digits(path)
	if !ok || n > 1<<30 {
		return 0
	}
	return int(n)
}

// owner returns the process through whose entries in a procfs a magic link in directory cur led; 0 if that cannot be
// told. In an instance that is neither the tracer's nor the target's only the calling process is recognised.
func (r *Resolver) owner(cur int) int {
	var id ident
	if r.stat(cur, empty, unix.AT_EMPTY_PATH, &id) != 0 {
		return 0
	}
	root, entry, depth := r.procRoot(cur, id.dev)
	if root < 0 {
		return 0
	}
	defer closeHandle(root)
	text, e := r.textOf(cur) // it ends in N/fd, wherever that procfs is mounted
	if e != 0 {
		return 0
	}
	for range depth - 1 {
		text = text[:max(bytes.LastIndexByte(text, '/'), 0)]
	}
	n, ok := digits(text[bytes.LastIndexByte(text, '/')+1:])
	if !ok || !r.leadsTo(root, append(strconv.AppendUint(r.line[:0], n, 10), 0), &entry) {
		return 0
	}
	if id.dev == r.dev {
		return int(n)
	}
	if r.Inner(id.dev) {
		r.asOwn()
		return r.outer(int(n))
	}
	if tgid, tid, ok := r.translate(root); ok && (n == tgid || n == tid) {
		return r.tgid
	}
	return 0
}

// member says whether what a process holds is free to the task.
func (r *Resolver) member(pid int) bool {
	return pid != 0 && (pid == r.tgid || pid == r.tid || r.Member != nil && r.Member(pid))
}

// ownDescriptors says whether cur is a descriptor directory of the calling task: TGID/fd, TID/fd or TGID/task/TID/fd of
// any procfs. While cur is held its inode number belongs to no other.
func (r *Resolver) ownDescriptors(cur int) bool {
	var id ident
	if r.stat(cur, empty, unix.AT_EMPTY_PATH, &id) != 0 {
		return false
	}
	root, tgid, tid := r.proc, uint64(r.tgid), uint64(r.tid)
	if id.dev != r.dev {
		if root, _, _ = r.procRoot(cur, id.dev); root < 0 {
			return false
		}
		defer closeHandle(root)
		var ok bool
		if tgid, tid, ok = r.translate(root); !ok {
			return false
		}
	}
	name := strconv.AppendUint(r.line[:0], tgid, 10)
	n := len(name)
	if r.leadsTo(root, append(name, "/fd\x00"...), &id) {
		return true
	}
	name = strconv.AppendUint(append(name[:n], "/task/"...), tid, 10)
	return r.leadsTo(root, append(name, "/fd\x00"...), &id) ||
		r.leadsTo(root, append(strconv.AppendUint(r.line[:0], tid, 10), "/fd\x00"...), &id)
}

// leadsTo says whether a name leads to an inode.
func (r *Resolver) leadsTo(dir int, name []byte, id *ident) bool {
	var at ident
	return r.stat(dir, name, unix.AT_SYMLINK_NOFOLLOW, &at) == 0 && at.is(id)
}

// procRoot opens the root of the procfs instance dev from a directory in it, and identifies the entry of the root that
// the directory, depth levels down, lies in: that of a process. root is -1 if there is none.
func (r *Resolver) procRoot(cur int, dev uint64) (root int, entry ident, depth int) {
	var at ident
	root, e := dup(cur)
	for depth = 0; e == 0 && depth < 5; depth++ {
		if r.stat(root, empty, unix.AT_EMPTY_PATH, &at) != 0 || at.dev != dev {
			break
		}
		if at.ino == procRootIno {
			return root, entry, depth
		}
		entry = at
		var up int
		up, e = r.openAt(root, dotdot, unix.O_PATH|unix.O_DIRECTORY)
		closeHandle(root)
		root = up
	}
	if e == 0 {
		closeHandle(root)
	}
	return -1, entry, 0
}

// sameRights says whether the task may search what the tracer may: the same identity and groups, and no capability that
// the tracer lacks. Only then is EACCES for the tracer what the kernel answers to the task, too.
func (r *Resolver) sameRights() bool {
	var mine, theirs [4096]byte
	me := append(r.line[:0], "thread-self/status\x00"...)
	a, e := r.read(r.proc, me, mine[:])
	if e != 0 {
		return false
	}
	b, e := r.read(r.proc, r.link("status", -1), theirs[:])
	if e != 0 {
		return false
	}
	for _, key := range [...]string{"Uid:", "Gid:", "Groups:"} {
		if !bytes.Equal(field(a, key), field(b, key)) {
			return false
		}
	}
	// Longer than the buffers only with very many groups: then the capabilities are missing and nothing is the same.
	have, ok := capabilities(a)
	want, ok2 := capabilities(b)
	return ok && ok2 && want&^have == 0
}

// capabilities parses the effective capabilities of a /proc/PID/status.
func capabilities(status []byte) (uint64, bool) {
	hex := field(status, "CapEff:")
	if len(hex) != 16 {
		return 0, false
	}
	var n uint64
	for _, c := range hex {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		default:
			return 0, false
		}
		n = n<<4 | uint64(c)
	}
	return n, true
}
