package sandbox

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/pathres"
	"sydbox/policy/program"
)

// Slots of the resolver: what the call itself names is in the first, and files that only the identification of a program
// asks for are in another.
const (
	callSlot = 0
	viewSlot = 2
)

// view shows files as the task at the present stop would open them: in its root, from its directory, with its
// descriptors. It implements program.View.
type view struct {
	res *pathres.Resolver
	// writable says whether a process of the tree may write what is at a path; nil means that nobody can.
	writable func(path []byte) bool
	// permits says whether file permissions let the tree write what is at a path, whatever rules say; nil with writable.
	permits func(path []byte) bool
	// knows says whether a file that nobody in the tree can write need not be opened; nil means never.
	knows func(id program.ID) bool
}

// Open implements program.View.
func (v view) Open(unsafePath []byte) (program.File, [][]byte, error) {
	v.res.NoteLinks = true
	defer func() { v.res.NoteLinks = false }()
	var o access.Object
	v.res.Resolve(viewSlot, &access.Name{Dirfd: unix.AT_FDCWD, UnsafePath: unsafePath, Follow: true}, &o)
	return v.found(viewSlot, &o)
}

// found returns the file that was resolved last, into a slot, with NoteLinks.
func (v view) found(slot int, o *access.Object) (program.File, [][]byte, error) {
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
	path := append([]byte(nil), o.Path...)
	if known := v.known(slot, path); known != nil {
		return known, links, nil
	}
	fd, err := v.pin(slot)
	if err != nil {
		return nil, nil, err
	}
	f, err := newProgramFile(fd, path)
	if err != nil {
		return nil, nil, err
	}
	f.steady = v.steady(path, f.links)
	return f, links, nil
}

// Rooted implements program.Glancer.
func (v view) Rooted() bool { return v.res.Rooted() }

// known returns the file in a slot if its identity is all that will be asked for; nil if not.
func (v view) known(slot int, path []byte) program.File {
	dir, last := v.res.Parent(slot)
	if v.knows == nil || dir < 0 {
		return nil
	}
	var st unix.Stat_t
	if unix.Fstatat(dir, string(last), &st, unix.AT_SYMLINK_NOFOLLOW) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG ||
		!v.steady(path, uint64(st.Nlink)) {
		return nil
	}
	if id := idOf(&st); v.knows(id) {
		return &knownFile{id, path}
	}
	return nil
}

// Glance implements program.Glancer.
func (v view) Glance(unsafePath []byte) (program.ID, []byte, bool) {
	fd, path, ok := v.res.Straight(unsafePath)
	if !ok {
		return program.ID{}, nil, false
	}
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	unix.Close(fd)
	if err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || !v.steady(path, uint64(st.Nlink)) {
		return program.ID{}, nil, false
	}
	return idOf(&st), path, true
}

// steady says whether only outsiders can change a file that has so many names. One without any is whoever's holds it.
func (v view) steady(path []byte, links uint64) bool {
	return v.writable == nil || len(path) > 0 && !v.writable(path) && !v.aliased(path, links)
}

// aliased says whether a file has other names (hard links), one of which the tree may be able to write by: rules are about
// names, permissions about the file. A bind mount is a name that nothing tells of.
func (v view) aliased(path []byte, links uint64) bool {
	return links > 1 && v.permits != nil && v.permits(path)
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
	f.steady = v.steady(f.path, f.links)
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

// pin returns a descriptor of its own for the object in a slot.
func (v view) pin(slot int) (int, error) {
	if fd := v.res.Object(slot); fd >= 0 {
		return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	}
	dir, last := v.res.Parent(slot)
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
