package landlock

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Fit returns as much of a Ruleset as the kernel has: rights and scopes that it does not know are left out, and so are
// rules of which nothing is left. Rules on one path become one. It is nil if that leaves no domain.
//
// Before ABI 2 linking and moving between directories is denied wherever any right is handled, and nothing can allow
// it.
func (s Support) Fit(wanted *Ruleset) *Ruleset {
	r := &Ruleset{
		Handled: wanted.Handled & s.Rights(), HandledNet: wanted.HandledNet & s.Net(), Scoped: wanted.Scoped & s.Scopes(),
	}
	if r.Empty() {
		return nil
	}
	place := make(map[string]int, len(wanted.Rules))
	for _, rule := range wanted.Rules {
		// A rule may only give what is handled (EINVAL), and must give something (ENOMSG).
		if rule.Access &= r.Handled; rule.Access == 0 {
			continue
		}
		if i, known := place[rule.Path]; known && rule.Path != "" {
			r.Rules[i].Access |= rule.Access
			continue
		}
		place[rule.Path] = len(r.Rules)
		r.Rules = append(r.Rules, rule)
	}
	for _, rule := range wanted.Ports {
		if rule.Net &= r.HandledNet; rule.Net != 0 {
			r.Ports = append(r.Ports, rule)
		}
	}
	return r
}

// Found is where a rule for a path can be put.
type Found struct {
	// Path is the path itself, or the nearest directory above it, if it is not there yet: it may be made later, and a
	// rule can only be on what is. The same goes for what this process may not reach.
	Path string
	// Exists says that it is the path itself.
	Exists bool
	// Directory says what Path leads to. If it is neither this nor Exists, nothing can come to be at the path.
	Directory bool
}

// Find looks for an absolute path. Symbolic links are followed, as by Apply.
func Find(path string) Found {
	f := Found{Path: filepath.Clean(path), Exists: true}
	for {
		var err error
		if f.Directory, err = look(f.Path); err == nil || f.Path == "/" {
			return f
		}
		f.Path, f.Exists = filepath.Dir(f.Path), false
	}
}

// Parent is the directory that the name of Path is in.
func (f *Found) Parent() string { return filepath.Dir(f.Path) }

// look opens a path as Apply will and says what it leads to.
func look(path string) (directory bool, err error) {
	fd, err := openPath(path)
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return false, err
	}
	return st.Mode&unix.S_IFMT == unix.S_IFDIR, nil
}

func openPath(path string) (int, error) {
	for {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}
