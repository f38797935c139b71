// Package pathres finds where a path leads for another task: in that task's root, working directory, descriptor table
// and mounts, at that stop.
//
// Nothing is worked out on text. A name starts at a handle, an O_PATH descriptor that the tracer opens through
// /proc/TID/{root,cwd,fd/N}, and is walked from handle to handle as the kernel would walk it for the task
// (path_resolution(7)). Where the kernel can be asked to walk many components without meeting a symbolic link
// (openat2(2) with RESOLVE_NO_SYMLINKS, Linux 5.6) one call does for all of them; else they are opened one by one.
// Only links are read and substituted here, because two kinds mean something else to the task than to the tracer:
// absolute ones start at the task's root, and procfs's self and thread-self name the task.
//
// A canonical path is believed in two cases only. Either every component was opened from a handle whose path is
// known, without a link or ".." on the way; or the kernel's text for the handle (readlink of /proc/self/fd/N) was
// opened again, without links, and led to the same inode. The text alone may lie: a detached mount, another mount
// namespace, a directory renamed out of a bind mount and a deleted file all have one.
//
// The steps of a walk are made with the task's rights, if the Resolver has been given a way to take them (Rights): what
// may not be searched with them is EACCES for the task as well, and links that fs.protected_symlinks keeps the task
// from following are not followed. Without Rights they are made with the tracer's: what the tracer may search and the task
// may not then leads somewhere here, and the kernel fails the task's own call; what the task may search and the tracer
// may not is refused. What a security module thinks of the task is lost either way.
//
// Nothing survives a stop: Task, to be called at each, drops all handles. Thread rule: a Resolver is used by one
// goroutine at a time, on a thread that shares the descriptor table of the process; nothing is locked.
package pathres

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// Resolver finds where the names of one task lead. It implements access.Resolver.
type Resolver struct {
	// Member tells whether a process (by a thread-group or thread ID in the tracer's PID namespace) belongs to the tree.
	// It is asked when a name leads through another process's /proc entries to an object without a name: the pipe of
	// an outsider is refused. If nil, only the calling process is a member.
	Member func(pid int) bool

	// Shared says that another task may change the descriptors of the one whose names are resolved. Task makes it false; who
	// knows better says so after it.
	Shared bool

	// Rights, if set, makes lookups happen with the task's rights, so that what they say is what the kernel would say to
	// the task. If nil, they are made with the tracer's.
	Rights Rights

	// NoteLinks makes Resolve remember the links that stood in the last component; see Links. It costs allocations.
	NoteLinks bool
	links     [][]byte

	can features
	// protected is fs.protected_symlinks (proc_sys_fs(5)), as it was at the start.
	protected bool
	proc      int    // the tracer's procfs, O_PATH
	dev       uint64 // its device number
	fds       int    // /proc/PID/fd of the tracer, O_PATH: readlink of N there is the path of handle N
	pid       int
	// start is the root that paths in objects are relative to: the target's as it started, which is the tracer's own
	// unless Rebase says otherwise.
	start ident
	root  int
	// inner is the procfs of the target's own PID namespace, and outer counts its numbers as the tracer does; see Rebase.
	inner   uint64
	outer   func(number int) int
	rebased bool // root is not the tracer's own
	ours    bool // the name resolved last was found to start in, or to pass, a root that is start

	tid, tgid int
	peer      bool    // the task's entries of procfs are open to its own rights only
	slots     [4]slot // the last is Cwd's

	rest  [restMax + 1]byte // what remains of the path being walked, at the end, NUL-terminated
	text  [access.PathMax]byte
	line  [64]byte
	again []byte // a path being put together, see climb
	dents []byte // a directory being searched, see climb
	deep  deep
}

var _ access.Resolver = (*Resolver)(nil)

// features are the kernel's means, found by trying them.
type features struct {
	openat2 bool // Linux 5.6
	statx   bool // Linux 4.11
	mountID bool // statx gives mount IDs: Linux 5.8
	// These are true, as each use finds out; tests take them away.
	getfd  bool // a descriptor can be copied: Linux 5.6
	fdinfo bool // its fdinfo names its inode: Linux 5.14
}

// New notes the tracer's procfs, root and mount namespace and probes the kernel. It fails where /proc is not the procfs
// of the tracer's PID namespace.
func New() (*Resolver, error) {
	r := &Resolver{proc: -1, fds: -1, root: -1, pid: os.Getpid()}
	for i := range r.slots {
		r.slots[i] = slot{parent: noHandle, object: noHandle, path: make([]byte, 0, 3*access.PathMax)}
	}
	if err := r.open(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Resolver) open() error {
	var err error
	const flags = unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC
	if r.root, err = unix.Open("/", flags, 0); err != nil {
		return fmt.Errorf("open the root directory: %w", err)
	}
	if r.proc, err = unix.Open("/proc", flags, 0); err != nil {
		return fmt.Errorf("open /proc, which paths are resolved with (is it mounted?): %w", err)
	}
	var fs unix.Statfs_t
	if err = unix.Fstatfs(r.proc, &fs); err != nil {
		return fmt.Errorf("statfs /proc: %w", err)
	}
	if fs.Type != unix.PROC_SUPER_MAGIC {
		return errors.New("/proc is not a procfs, without which no path can be resolved: " +
			"mount it (mount -t proc proc /proc)")
	}
	me := strconv.Itoa(r.pid)
	buf := make([]byte, 32)
	n, err := unix.Readlinkat(r.proc, "self", buf)
	if err != nil || string(buf[:n]) != me {
		return fmt.Errorf("/proc belongs to another PID namespace (/proc/self is %q, this is process %s): "+
			"mount a procfs of this one", buf[:max(n, 0)], me)
	}
	if r.fds, err = unix.Openat(r.proc, me+"/fd", flags, 0); err != nil {
		return fmt.Errorf("open /proc/%s/fd: %w", me, err)
	}
	return r.probe()
}

// probe finds out what the kernel, or an outer sandbox, offers.
func (r *Resolver) probe() error {
	fd, e := r.openHow(r.root, dot, unix.O_PATH|unix.O_DIRECTORY, unix.RESOLVE_NO_SYMLINKS)
	if e == 0 {
		closeHandle(fd)
		r.can.openat2 = true
	}
	r.can.getfd, r.can.fdinfo = true, true
	var st unix.Statx_t
	if e := statx(r.root, empty, unix.AT_EMPTY_PATH, &st); e == 0 {
		r.can.statx = true
		r.can.mountID = st.Mask&unix.STATX_MNT_ID != 0
	}
	var value [2]byte
	text, e := r.read(r.proc, []byte("sys/fs/protected_symlinks\x00"), value[:])
	r.protected = e != 0 || len(text) == 0 || text[0] != '0'
	if e := r.identify(r.root, &r.start); e != 0 {
		return fmt.Errorf("identify the root directory: %w", e)
	}
	var id ident
	if e := r.stat(r.proc, empty, unix.AT_EMPTY_PATH, &id); e != 0 {
		return fmt.Errorf("stat /proc: %w", e)
	}
	r.dev = id.dev
	return nil
}

// Task makes tid, a thread of process tgid (both in the tracer's PID namespace), the task whose names are resolved
// from now on. It is called at every stop: everything known about the last one is dropped.
func (r *Resolver) Task(tid, tgid int) {
	r.Release()
	r.tid, r.tgid, r.peer, r.ours, r.Shared = tid, tgid, false, false, false
}

// Release closes the handles of the names resolved so far. Handles keep file systems busy, so a tracer that may wait
// long for the next stop calls it when it is done with this one.
func (r *Resolver) Release() {
	for i := range r.slots {
		r.slots[i].release()
	}
}

// Close releases everything. The Resolver cannot be used any more.
func (r *Resolver) Close() {
	r.Release()
	for _, fd := range []*int{&r.root, &r.proc, &r.fds} {
		if *fd >= 0 {
			closeHandle(*fd)
			*fd = -1
		}
	}
}

// Cwd appends the working directory of the task to dst, for a report: nothing is judged by it. It appends nothing if
// the directory has no name.
func (r *Resolver) Cwd(dst []byte) []byte {
	fd, e := r.openEntry("cwd", -1, unix.O_PATH|unix.O_DIRECTORY)
	r.asOwn()
	if e != 0 {
		return dst
	}
	defer closeHandle(fd)
	s := &r.slots[3]
	s.release()
	if r.name(fd, s) != named {
		return dst
	}
	return append(dst, s.path...)
}

// Resolve implements access.Resolver. It allocates nothing unless a path is longer than PATH_MAX.
func (r *Resolver) Resolve(slot int, n *access.Name, o *access.Object) {
	s := &r.slots[slot]
	s.release()
	r.links, r.ours = nil, false
	*o = access.Object{}
	w := walk{r: r, s: s, n: n, o: o, cur: noHandle, base: noHandle, top: noHandle}
	w.run()
	w.close()
	r.asOwn()
	o.Path = s.path
}

// Links returns the canonical paths of the symbolic links that stood in the last component on the way of the name
// resolved last, in order. NoteLinks must have been set. Magic links are not among them.
func (r *Resolver) Links() [][]byte { return r.links }

// Parent returns the handle of the directory that holds, or would hold, the last component of the name resolved in a
// slot, and that component. It is -1 if the object was reached otherwise: as the root, ".", "..", by a descriptor or
// through a magic link; Object then has the handle. The handle belongs to the Resolver and lives as long as Path.
func (r *Resolver) Parent(slot int) (fd int, last []byte) {
	s := &r.slots[slot]
	return s.parent.fd, s.last[:s.lastLen]
}

// Object returns the handle of the object itself, or -1 if the object is to be looked up in Parent.
func (r *Resolver) Object(slot int) int { return r.slots[slot].object.fd }
