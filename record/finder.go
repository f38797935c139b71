package record

import (
	"bytes"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/pathres"
	"sydbox/tracer"
)

// finder tells where the names of a call lead. It implements access.Resolver.
//
// It has two ways. The fast one is for processes that see what the recorder sees (process.apart): the name is made
// absolute and the kernel is asked about it as it stands, so the answer is the kernel's own; its canonical path comes
// from what is remembered of directories (canon). All else goes to package pathres, which looks through the process's
// eyes: names below /proc, which mean something else to each process, descriptors without a path, restricted lookups.
type finder struct {
	slow  *pathres.Resolver
	canon *canon
	task  *tracer.Task
	p     *process
	names [3]name
	link  [48]byte
	text  [access.PathMax]byte
}

// name is what was found out about one name.
type name struct {
	// sure: the fast way was taken. errno and mode are then what a lookup of it comes to: with links followed if the call
	// follows them.
	sure  bool
	errno syscall.Errno
	mode  uint32
	// path is canonical; empty if the object has none.
	path []byte
	// abs is the name made absolute, with a NUL behind it.
	abs []byte
}

// turnTo makes t the task whose names are looked up.
func (f *finder) turnTo(t *tracer.Task, p *process) { f.task, f.p = t, p }

// Resolve implements access.Resolver.
func (f *finder) Resolve(slot int, n *access.Name, o *access.Object) {
	m := &f.names[slot]
	m.sure, m.errno, m.mode = false, 0, 0
	*o = access.Object{}
	if !f.p.apart && n.Resolve == 0 && f.fast(m, n) {
		m.sure = true
		o.Path, o.Kind = m.path, kindOfMode(m.mode)
		switch m.errno {
		case 0:
		case unix.ENOENT:
			o.Kind = access.Missing
		default:
			o.Errno = m.errno
		}
		return
	}
	f.slow.Task(f.task.TID, f.task.Process.TGID)
	f.slow.Resolve(slot, n, o)
	m.path = append(m.path[:0], o.Path...)
	m.errno = o.Errno
	if o.Kind == access.Missing && m.errno == 0 {
		m.errno = unix.ENOENT
	}
	f.slow.Release()
}

// fast looks at a name as the recorder itself sees it; false if that may be something else than what the process sees.
func (f *finder) fast(m *name, n *access.Name) bool {
	if n.FD || len(n.UnsafePath) == 0 {
		return f.descriptor(m, n)
	}
	if !f.absolute(m, n) {
		return false
	}
	abs := m.abs[:len(m.abs)-1]
	dir, last := splitLast(abs)
	if len(last) == 0 {
		return f.directory(m, abs, n)
	}
	d := f.canon.dir(dir)
	if d.special {
		return false
	}
	slash := abs[len(abs)-1] == '/'
	var st unix.Stat_t
	m.errno = lstat(m.abs, &st)
	if m.errno == 0 && d.missing {
		f.canon.flush() // it was made by somebody else
		if d = f.canon.dir(dir); d.special || d.missing {
			return false
		}
	}
	m.path = d.join(m.path[:0], last)
	if m.errno != 0 {
		return true
	}
	m.mode = st.Mode
	if slash || st.Mode&unix.S_IFMT == unix.S_IFLNK && n.Follow {
		return f.follow(m)
	}
	return true
}

// follow finds the target of the link that m.path is.
func (f *finder) follow(m *name) bool {
	d := f.canon.target(m.path)
	if d.special {
		return false
	}
	m.path = append(m.path[:0], d.path...)
	var st unix.Stat_t
	m.errno = stat(m.abs, &st)
	m.mode = st.Mode
	return true
}

// directory looks at a name that ends in "." or "..", or is the root.
func (f *finder) directory(m *name, abs []byte, n *access.Name) bool {
	d := f.canon.dir(abs)
	if d.special {
		return false
	}
	var st unix.Stat_t
	m.errno = lstat(m.abs, &st)
	m.mode = st.Mode
	m.path = append(m.path[:0], d.path...)
	return true
}

// absolute makes a name absolute: false if there is no path that it is relative to.
func (f *finder) absolute(m *name, n *access.Name) bool {
	m.abs = m.abs[:0]
	if n.UnsafePath[0] != '/' {
		base, ok := f.base(n.Dirfd)
		if !ok || len(base)+1+len(n.UnsafePath) >= access.PathMax {
			return false
		}
		m.abs = append(m.abs, base...)
		if len(base) > 1 {
			m.abs = append(m.abs, '/')
		}
	}
	m.abs = append(m.abs, n.UnsafePath...)
	if own(m.abs) {
		return false
	}
	m.abs = append(m.abs, 0)
	return true
}

// base returns the directory that relative names start at.
func (f *finder) base(dirfd int32) ([]byte, bool) {
	if dirfd == unix.AT_FDCWD {
		cwd := f.p.workingDir()
		return append(f.text[:0], cwd...), cwd != ""
	}
	return f.held(dirfd)
}

// held returns the path of a descriptor of the task, if it has one for sure.
func (f *finder) held(fd int32) ([]byte, bool) {
	if fd < 0 {
		return nil, false
	}
	link := append(f.link[:0], "/proc/"...)
	link = strconv.AppendInt(link, int64(f.task.TID), 10)
	link = append(link, "/fd/"...)
	link = strconv.AppendInt(link, int64(fd), 10)
	n, errno := readlink(append(link, 0), f.text[:])
	text := f.text[:n]
	if errno != 0 || n == len(f.text) || n == 0 || text[0] != '/' || bytes.HasSuffix(text, []byte(deleted)) || own(text) {
		return nil, false
	}
	return text, true
}

// descriptor looks at an open file that a call names.
func (f *finder) descriptor(m *name, n *access.Name) bool {
	path, ok := f.base(n.Dirfd)
	if !ok {
		return false
	}
	m.path = append(m.path[:0], path...)
	m.abs = append(append(m.abs[:0], path...), 0)
	var st unix.Stat_t
	if lstat(m.abs, &st) != 0 {
		return false
	}
	m.mode = st.Mode
	return true
}

// own says whether a path may lead to what each process has for itself: /proc/self and what is linked to it.
func own(path []byte) bool {
	return bytes.HasPrefix(path, []byte("/proc/")) || bytes.HasPrefix(path, []byte("/dev/fd")) ||
		bytes.HasPrefix(path, []byte("/dev/std"))
}

// splitLast cuts the last component off an absolute path; it is empty if it is none that has a name of its own.
func splitLast(abs []byte) (dir, last []byte) {
	end := len(abs)
	for end > 0 && abs[end-1] == '/' {
		end--
	}
	i := bytes.LastIndexByte(abs[:end], '/')
	last = abs[i+1 : end]
	if i < 0 || string(last) == "." || string(last) == ".." {
		return abs, nil
	}
	return abs[:i+1], last
}

// kindOfMode is access.KindOf, for mknod(2) too, to which no type is a regular file.
func kindOfMode(mode uint32) access.Kind {
	if mode&unix.S_IFMT == 0 {
		return access.Regular
	}
	return access.KindOf(mode)
}
