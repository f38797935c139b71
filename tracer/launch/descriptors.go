package launch

import (
	"maps"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// files are the descriptors of the shim, by number, and where its own two are.
type files struct {
	list           []uintptr
	order, outcome int
}

// descriptors lays out what the shim starts with: 0, 1 and 2 of the plan, the inherited ones at their own numbers, and
// the shim's own two at the lowest numbers that are free, so that make's job server finds its pipe at 3 and 4.
// The function it returns closes what was opened here.
func (p *Plan) descriptors(order, outcome int) (*files, func(), error) {
	var null *os.File
	release := func() {
		if null != nil {
			null.Close()
		}
	}
	f := &files{}
	for _, std := range []*os.File{p.Stdin, p.Stdout, p.Stderr} {
		if std == nil {
			if null == nil {
				var err error
				if null, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
					return nil, nil, err
				}
			}
			std = null
		}
		// Fd makes a pipe of os.Pipe blocking again, as a program expects it, and leaves alone what was non-blocking
		// before.
		f.list = append(f.list, std.Fd())
	}
	var inherited map[int]bool
	if p.InheritFDs {
		var err error
		if inherited, err = Inheritable(); err != nil {
			release()
			return nil, nil, err
		}
	}
	place := func(fd int) int {
		for inherited[len(f.list)] {
			f.list = append(f.list, uintptr(len(f.list)))
		}
		f.list = append(f.list, uintptr(fd))
		return len(f.list) - 1
	}
	f.order = place(order)
	f.outcome = place(outcome)
	return f, release, nil
}

// Inheritable returns the descriptors above 2 of this process that an exec leaves open: with Plan.InheritFDs the
// target has them at the same numbers.
func Inheritable() (map[int]bool, error) {
	open, err := openDescriptors()
	if err != nil {
		return nil, err
	}
	m := map[int]bool{}
	for _, fd := range open {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			m[fd] = true
		}
	}
	return m, nil
}

// openDescriptors returns the descriptors above 2 that are open in this process.
func openDescriptors() ([]int, error) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	var open []int
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			open = append(open, fd)
		}
	}
	return open, nil
}

// Inherited are the descriptors above 2 that the target gets, at their own numbers.
func (p *Plan) Inherited() (map[int]bool, error) {
	if !p.InheritFDs {
		return nil, nil
	}
	inherited, err := Inheritable()
	if p.Descriptors != Off {
		maps.DeleteFunc(inherited, func(fd int, _ bool) bool { return !slices.Contains(p.KeepFDs, fd) })
	}
	return inherited, err
}

// closeAllOnExec marks everything above 2 close-on-exec in the shim, but for those to keep.
func closeAllOnExec(keep []int) error {
	if err := allOnExec(); err != nil {
		return err
	}
	for _, fd := range keep {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0)
		if err != nil && err != unix.EBADF { // EBADF: it is not open here either
			return err
		}
	}
	return nil
}

func allOnExec() error {
	err := unix.CloseRange(3, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC) // Linux 5.9; the flag 5.11
	if err == nil {
		return nil
	}
	open, err := openDescriptors()
	if err != nil {
		return err
	}
	for _, fd := range open {
		unix.CloseOnExec(fd)
	}
	return nil
}
