package sandbox

import (
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/pathres"
	"sydbox/policy/program"
)

// viewSlot is the resolver's slot for files that only the identification of a program asks for; the others hold what
// the call itself names.
const viewSlot = 2

// view shows files as the task at the present stop would open them: in its root, from its directory, with its
// descriptors. It implements program.View.
type view struct {
	res *pathres.Resolver
	// writable says whether a process of the tree may write what is at a path; nil means that nobody can.
	writable func(path []byte) bool
}

// Open implements program.View.
func (v view) Open(unsafePath []byte) (program.File, [][]byte, error) {
	return v.open(&access.Name{Dirfd: unix.AT_FDCWD, UnsafePath: unsafePath, Follow: true})
}

func (v view) open(n *access.Name) (program.File, [][]byte, error) {
	v.res.NoteLinks = true
	defer func() { v.res.NoteLinks = false }()
	var o access.Object
	v.res.Resolve(viewSlot, n, &o)
	links := v.res.Links()
	switch {
	case o.Refuse != 0:
		return nil, nil, o.Refuse
	case o.Errno != 0:
		return nil, nil, o.Errno
	case o.Kind == access.Missing:
		return nil, nil, unix.ENOENT
	case o.Kind == access.Directory:
		return nil, nil, unix.EACCES // execve(2)
	}
	fd, err := v.pin()
	if err != nil {
		return nil, nil, err
	}
	f, err := newProgramFile(fd, append([]byte(nil), o.Path...))
	if err != nil {
		return nil, nil, err
	}
	f.steady = v.steady(f.path)
	return f, links, nil
}

// steady says whether only outsiders can change a file. One without a name is whoever's holds it.
func (v view) steady(path []byte) bool {
	return v.writable == nil || len(path) > 0 && !v.writable(path)
}

// image opens what a task executes. It is asked of the tracer's own procfs: in a root of its own a program could have
// put something else in the place of /proc/self/exe.
func (v view) image(tid int) (*programFile, error) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(tid)+"/exe", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f, err := newProgramFile(fd, nil)
	if err != nil {
		return nil, err
	}
	f.path = f.name()
	f.steady = v.steady(f.path)
	return f, nil
}

// name is the canonical path of a file, empty if it has none (any more).
func (f *programFile) name() []byte {
	text, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(f.pinned))
	if err != nil {
		return nil
	}
	var st unix.Stat_t
	if unix.Lstat(text, &st) != nil || uint64(st.Dev) != f.id.Dev || st.Ino != f.id.Ino {
		return nil // deleted, a memfd, or in another mount namespace
	}
	return []byte(text)
}

// pin returns a descriptor of its own for the object in viewSlot.
func (v view) pin() (int, error) {
	if fd := v.res.Object(viewSlot); fd >= 0 {
		return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	}
	dir, last := v.res.Parent(viewSlot)
	return unix.Openat(dir, string(last), unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
}

// Readlink implements program.View.
func (v view) Readlink(unsafePath []byte) ([]byte, error) {
	var o access.Object
	v.res.Resolve(viewSlot, &access.Name{Dirfd: unix.AT_FDCWD, UnsafePath: unsafePath}, &o)
	switch {
	case o.Refuse != 0:
		return nil, o.Refuse
	case o.Errno != 0:
		return nil, o.Errno
	case o.Kind == access.Missing:
		return nil, unix.ENOENT
	case o.Kind != access.Symlink:
		return nil, unix.EINVAL
	}
	dir, last := v.res.Parent(viewSlot)
	if dir < 0 {
		return nil, unix.EINVAL
	}
	buf := make([]byte, access.PathMax)
	n, err := unix.Readlinkat(dir, string(last), buf)
	if err != nil {
		return nil, err
	}
	return buf[:n], nil
}

// HostPrograms shows files as this process opens them. It implements program.View, for `sydbox check`.
type HostPrograms struct {
	view
}

// Programs returns a view of this process's own root, directory and descriptors. Close gives it back.
func Programs() (*HostPrograms, error) {
	res, err := pathres.New()
	if err != nil {
		return nil, err
	}
	pid := os.Getpid()
	res.Task(pid, pid)
	return &HostPrograms{view{res: res}}, nil
}

// Close releases the view.
func (h *HostPrograms) Close() { h.res.Close() }

// TaskPrograms shows files as the task at hand of a Resolver would open them: in its root, from its directory, with its
// descriptors. It implements program.View, for whoever records execs.
type TaskPrograms struct {
	view
}

// ProgramsOf returns a view by a Resolver, whose last slot it uses. Nobody is taken to be able to write a program.
func ProgramsOf(res *pathres.Resolver) *TaskPrograms { return &TaskPrograms{view{res: res}} }

// Image opens what a task executes.
func (p *TaskPrograms) Image(tid int) (program.File, error) {
	f, err := p.image(tid)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// programFile is a file by an O_PATH descriptor, which is opened for reading only when its content is asked for: most
// files are known by their identity. It implements program.File and program.Stater.
type programFile struct {
	pinned int
	id     program.ID
	path   []byte
	steady bool

	once sync.Once
	read int
	err  error
}

// newProgramFile takes over fd.
func newProgramFile(fd int, path []byte) (*programFile, error) {
	f := &programFile{pinned: fd, path: path, steady: true, read: -1}
	var err error
	if f.id, err = f.Stat(); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return f, nil
}

// openProgram opens a file of the host for policy.System.
func openProgram(path string) (program.File, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	canonical, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return newProgramFile(fd, []byte(canonical))
}

// Stat implements program.Stater.
func (f *programFile) Stat() (program.ID, error) {
	var st unix.Stat_t
	if err := unix.Fstat(f.pinned, &st); err != nil {
		return program.ID{}, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return program.ID{}, unix.EACCES // execve(2): not a regular file
	}
	return program.ID{
		Dev: uint64(st.Dev), Ino: st.Ino, Size: st.Size,
		Mtime: unix.TimespecToNsec(st.Mtim), Ctime: unix.TimespecToNsec(st.Ctim),
	}, nil
}

// ID implements program.File.
func (f *programFile) ID() program.ID { return f.id }

// Path implements program.File.
func (f *programFile) Path() []byte { return f.path }

// Steady implements program.Steady.
func (f *programFile) Steady() bool { return f.steady }

// ReadAt implements program.File.
func (f *programFile) ReadAt(p []byte, off int64) (int, error) {
	f.once.Do(func() {
		f.read, f.err = unix.Open("/proc/self/fd/"+strconv.Itoa(f.pinned), unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	})
	if f.err != nil {
		return 0, f.err
	}
	return readAt(f.read, p, off)
}

// Close implements program.File.
func (f *programFile) Close() error {
	f.once.Do(func() { f.err = os.ErrClosed })
	if f.read >= 0 {
		unix.Close(f.read)
	}
	return unix.Close(f.pinned)
}
