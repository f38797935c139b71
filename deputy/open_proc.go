package deputy

import (
	"bytes"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// Some pseudo file systems look at who opens a file, and there the tracer is not the task even with the task's rights:
//
//   - procfs never denies a process its own entries (same_thread_group in ptrace_may_access and proc_fd_permission),
//     and its own entries are the tracer's. What can be opened of them is what anybody may read of anybody.
//   - It does not see the Landlock domain that keeps the task from looking into outsiders, nor under Yama that the
//     task is no ancestor. So what is guarded by ptrace_may_access when it is opened can only be opened of members,
//     and under Yama the memory of other processes not at all.
//   - /proc/sys asks for the effective user ID, which is the tracer's still, and takes no capability for it.
//   - The maps of a user namespace remember who opened them (f_cred): a task that may have one opens them itself.
//   - Version 1 of cgroups asks the effective user ID of whoever opened a file who may be moved by it.
//
// Of its own entries a task that is not dumpable gets here what others get of them (EACCES for /proc/self/maps, say).

// procRootIno is the inode number of a procfs root: PROC_ROOT_INO of include/linux/proc_fs.h.
const procRootIno = 1

// worldReadable are the entries of any process that whoever runs ps(1) may read.
var worldReadable = map[string]bool{
	"stat": true, "statm": true, "status": true, "cmdline": true, "comm": true, "cgroup": true, "cpuset": true,
	"limits": true, "loginuid": true, "sessionid": true, "mounts": true, "mountinfo": true, "oom_score": true,
	"oom_score_adj": true, "oom_adj": true, "sched": true, "schedstat": true, "wchan": true, "task": true,
	"uid_map": true, "gid_map": true, "projid_map": true, "setgroups": true,
}

// tracers are the entries that only those can open, or open something in, who may trace the process: proc_mem_open and
// proc_fdinfo_permission in fs/proc.
var tracers = map[string]bool{
	"mem": true, "environ": true, "auxv": true, "maps": true, "smaps": true, "smaps_rollup": true, "numa_maps": true,
	"pagemap": true, "clear_refs": true, "attr": true, "fd": true, "fdinfo": true, "map_files": true, "ns": true,
}

// namespaceMaps are the entries of a process that remember who opened them for writing.
var namespaceMaps = map[string]bool{"uid_map": true, "gid_map": true, "projid_map": true, "setgroups": true}

// guard answers for the files that must not be opened by the tracer. ok says that there is nothing against it.
//
// Precondition: the thread has its own rights.
func (op *opening) guard() (out Outcome, ok bool) {
	if op.Flags&unix.O_PATH != 0 || op.o.Kind == access.Missing || unix.Major(op.o.Dev) != 0 {
		return out, true // pseudo file systems have no device: major number 0
	}
	dir, last := op.c.pins.Parent(0)
	if dir >= 0 && op.o.PID == op.d.tid && !namespaceMaps[string(last)] {
		return out, true // its own
	}
	at := dir
	if dir < 0 {
		at = op.c.pins.Object(0)
	}
	var fs unix.Statfs_t
	if errno := fstatfs(at, &fs); errno != 0 {
		return done(errno), false
	}
	switch fs.Type {
	case unix.CGROUP_SUPER_MAGIC:
		if op.writes() && !op.d.same {
			return done(unix.EACCES), false
		}
	case unix.PROC_SUPER_MAGIC:
		return op.guardProc(dir, at, last)
	}
	return out, true
}

func (op *opening) writes() bool {
	return op.Flags&unix.O_ACCMODE != unix.O_RDONLY || op.Flags&unix.O_TRUNC != 0
}

// inert says that the open may be left to the task, which is looked at afterwards: its flags are in registers, and by
// themselves change nothing.
func (op *opening) inert() bool {
	return op.Flags&(unix.O_CREAT|unix.O_TRUNC) == 0 && op.c.inv.Call.Name != "openat2"
}

// guardProc is guard for a file of a procfs: last in dir, or what the handle at is on if dir is -1.
func (op *opening) guardProc(dir, at int, last []byte) (out Outcome, ok bool) {
	e := procEntry{root: -1, entry: -1}
	defer e.close()
	var errno syscall.Errno
	if dir < 0 {
		last, errno = e.fromHandle(op.d, at)
	} else {
		errno = e.climb(op.d, dir)
	}
	if errno != 0 {
		return done(unix.EACCES), false // nobody can tell whose it is
	}
	if e.entry < 0 {
		return out, true // in the root itself
	}
	if e.isProcess() {
		return op.guardProcess(&e, last)
	}
	if !op.d.same && e.isSettings() {
		var st unix.Stat_t
		if dir >= 0 {
			errno = fstatName(dir, last, &st)
		} else {
			errno = fstat(at, &st)
		}
		if errno != 0 || st.Mode&unix.S_IFMT == unix.S_IFREG && !byMode(op.d.who(), &st, op.c.acc.List[0].Op) {
			return done(unix.EACCES), false
		}
	}
	return out, true
}

// guardProcess is guardProc for an entry of a process.
func (op *opening) guardProcess(e *procEntry, last []byte) (out Outcome, ok bool) {
	tgid, self, known := e.owner(op.d)
	if !known {
		return done(unix.EACCES), false
	}
	guarded := tracers[string(last)] || tracers[e.in]
	if tgid == self {
		if guarded || op.writes() || !worldReadable[string(last)] && op.o.Kind != access.Directory {
			return done(unix.EACCES), false
		}
		return out, true
	}
	if op.d.namespaces && op.writes() && namespaceMaps[string(last)] && op.inert() {
		return Outcome{Kind: Leave}, false
	}
	if !guarded {
		return out, true
	}
	sameNumbers := self == uint64(unix.Getpid())
	own := sameNumbers && op.d.isOwn(tgid)
	switch {
	case own:
		return out, true
	case !sameNumbers, op.d.member != nil && !op.d.member(int(tgid)):
		return done(unix.EACCES), false
	case string(last) == "mem":
		if scope, present := op.d.setting("sys/kernel/yama/ptrace_scope\x00"); present && scope > 0 {
			return done(unix.EACCES), false
		}
	}
	return out, true
}

// isOwn says whether a thread group is the task's.
func (d *Deputy) isOwn(tgid uint64) bool {
	if tgid == uint64(d.tid) {
		return true
	}
	text, errno := d.readEntry(d.entry(d.tid, "status"))
	n, ok := tgidIn(text)
	return errno == 0 && ok && n == tgid
}

// tgidIn finds the thread group in the text of a status.
func tgidIn(status []byte) (uint64, bool) {
	value, ok := lineOf(status, "Tgid")
	if !ok {
		return 0, false
	}
	return parseUint(value, 10)
}

// procEntry is the entry of the root of a procfs, of any instance and wherever it is mounted, that a file lies below.
type procEntry struct {
	root, entry int    // handles; entry is -1 for the root itself
	in          string // the name of the directory that the file is in
}

func (e *procEntry) close() {
	for _, fd := range [...]int{e.root, e.entry} {
		if fd >= 0 {
			closeFD(fd)
		}
	}
}

// climb goes up from the directory of the file to the root.
func (e *procEntry) climb(d *Deputy, dir int) syscall.Errno {
	const deepest = 16 // those below sys/net have six
	var st unix.Stat_t
	if errno := fstat(dir, &st); errno != 0 {
		return errno
	}
	var text [access.PathMax]byte
	n, errno := readlink(d.fds, d.pin(dir), text[:])
	if errno != 0 {
		return errno
	}
	e.in = string(text[bytes.LastIndexByte(text[:n], '/')+1 : n]) // nothing in procfs can be renamed
	dev := st.Dev
	below := -1
	at, errno := dup(dir)
	for range deepest {
		if errno != 0 {
			break
		}
		if errno = fstat(at, &st); errno == 0 && st.Dev != dev {
			errno = unix.EXDEV
		}
		if errno == 0 && st.Ino == procRootIno {
			e.root, e.entry = at, below
			return 0
		}
		if below >= 0 {
			closeFD(below)
		}
		below, at = at, -1
		if errno == 0 {
			at, errno = openAt(below, dotdot, unix.O_PATH|unix.O_DIRECTORY, 0)
		}
	}
	for _, fd := range [...]int{below, at} {
		if fd >= 0 {
			closeFD(fd)
		}
	}
	return firstOf(errno, unix.ELOOP)
}

// firstOf returns the first errno that is not 0.
func firstOf(a, b syscall.Errno) syscall.Errno {
	if a != 0 {
		return a
	}
	return b
}

var dotdot = []byte("..\x00")

// fromHandle finds the directory that a file was opened from by the kernel's text for it, which has to lead back to it,
// and climbs from there. It returns the name of the file.
func (e *procEntry) fromHandle(d *Deputy, at int) (last []byte, errno syscall.Errno) {
	var want, got unix.Stat_t
	if errno = fstat(at, &want); errno != 0 {
		return nil, errno
	}
	if want.Ino == procRootIno {
		return nil, 0
	}
	text := make([]byte, access.PathMax)
	n, errno := readlink(d.fds, d.pin(at), text)
	if errno != 0 {
		return nil, errno
	}
	slash := bytes.LastIndexByte(text[:n], '/')
	if slash < 0 || n == len(text) {
		return nil, unix.ENOENT
	}
	last = bytes.Clone(text[slash+1 : n])
	text[slash] = 0
	name := text[:slash+1]
	if slash == 0 {
		name = []byte("/\x00")
	}
	dir, errno := openAt(d.proc, name, unix.O_PATH|unix.O_DIRECTORY, 0)
	if errno != 0 {
		return nil, errno
	}
	defer closeFD(dir)
	if errno = fstatName(dir, last, &got); errno != 0 {
		return nil, errno
	}
	if got.Dev != want.Dev || got.Ino != want.Ino {
		return nil, unix.ESTALE
	}
	return last, e.climb(d, dir)
}

// isProcess says whether the entry is a process's or thread's.
func (e *procEntry) isProcess() bool {
	var st unix.Stat_t
	return fstatName(e.entry, []byte("status"), &st) == 0
}

// isSettings says whether the entry is sys.
func (e *procEntry) isSettings() bool {
	var sys, st unix.Stat_t
	return fstatName(e.root, []byte("sys"), &sys) == 0 && fstat(e.entry, &st) == 0 && st.Ino == sys.Ino
}

// owner returns the thread group of a process's entry and that of the tracer, both as numbers of this instance's PID
// namespace; self is 0 if the tracer has none there. A member in the procfs of the tree's own PID namespace is told by
// the tracer's numbers.
func (e *procEntry) owner(d *Deputy) (tgid, self uint64, known bool) {
	text, errno := d.readFrom(e.entry, []byte("status\x00"))
	if errno != 0 {
		return 0, 0, false
	}
	if tgid, known = tgidIn(text); !known {
		return 0, 0, false
	}
	self, known = e.self()
	if known && self == 0 && d.outer != nil {
		var st unix.Stat_t
		if fstat(e.root, &st) == 0 {
			if n := d.outer(uint64(st.Dev), int(tgid)); n != 0 {
				return uint64(n), uint64(unix.Getpid()), true
			}
		}
	}
	return tgid, self, known
}

// self returns the tracer's number in the instance's PID namespace, 0 if it has none there.
func (e *procEntry) self() (number uint64, known bool) {
	var text [16]byte
	n, errno := readlink(e.root, []byte("self\x00"), text[:])
	if errno == unix.ENOENT {
		return 0, true
	}
	if errno != 0 {
		return 0, false
	}
	return parseUint(text[:n], 10)
}

// fstatName looks at a name in a directory without following it.
func fstatName(dir int, name []byte, st *unix.Stat_t) syscall.Errno {
	if err := unix.Fstatat(dir, string(name), st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		errno, _ := err.(syscall.Errno)
		return errno
	}
	return 0
}
