package sandbox

import (
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"sydbox/policy/program"
)

// programFile is a file by an O_PATH descriptor, which is opened for reading only when its content is asked for: most
// files are known by their identity. It implements program.File and program.Stater.
type programFile struct {
	pinned int
	id     program.ID
	path   []byte
	links  uint64 // how many names it has
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
	f.links = uint64(st.Nlink)
	return idOf(&st), nil
}

func idOf(st *unix.Stat_t) program.ID {
	return program.ID{
		Dev: uint64(st.Dev), Ino: st.Ino, Size: st.Size,
		Mtime: unix.TimespecToNsec(st.Mtim), Ctime: unix.TimespecToNsec(st.Ctim),
	}
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

// knownFile is a file whose content is known by its identity, so that nobody reads it. It implements program.File.
type knownFile struct {
	id   program.ID
	path []byte
}

// ID implements program.File.
func (f *knownFile) ID() program.ID { return f.id }

// Path implements program.File.
func (f *knownFile) Path() []byte { return f.path }

// ReadAt implements program.File.
func (f *knownFile) ReadAt([]byte, int64) (int, error) { return 0, os.ErrClosed }

// Close implements program.File.
func (f *knownFile) Close() error { return nil }
