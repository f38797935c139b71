package launch

import (
	"errors"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A private root is a tmpfs with nothing in it but mounts of what was named, at the names that it has outside. It is made
// while the old root is in a directory of a second tmpfs, so that nothing that is bound has any of it in it:
//
//	pivot_root(stage, stage/old)   /old is everything there was, /new the root that is made
//	bind /old/NAME on /new/NAME
//	pivot_root(/new)               and both are let go
//
// Until then it can be undone.

// link is a symbolic link on the way to a name.
type link struct{ at, to string }

// devices are what of /dev is in a private root.
var devices = []string{"null", "zero", "full", "random", "urandom", "tty"}

var deviceLinks = []link{
	{"/dev/fd", "/proc/self/fd"}, {"/dev/stdin", "/proc/self/fd/0"}, {"/dev/stdout", "/proc/self/fd/1"},
	{"/dev/stderr", "/proc/self/fd/2"},
}

const (
	oldRoot   = "/old"
	newRoot   = "/new"
	rootFlags = unix.MS_NOSUID | unix.MS_NODEV
)

// makeRoot makes the private root and leaves the old one. After an error all is as it was, unless it is fatal.
func makeRoot(binds []string, links []link) (err error, fatal bool) {
	defer unix.Umask(unix.Umask(0)) // modes are meant as they are
	stage, err := stageFor(nil)
	if err != nil {
		return err, false
	}
	if err := unix.Mount("tmpfs", stage, "tmpfs", rootFlags, "mode=755"); err != nil {
		return err, false
	}
	err = errors.Join(unix.Mkdir(stage+oldRoot, 0o755), unix.Mkdir(stage+newRoot, 0o755))
	if err == nil {
		err = unix.Mount("tmpfs", stage+newRoot, "tmpfs", rootFlags, "mode=755")
	}
	if err == nil {
		err = unix.PivotRoot(stage, stage+oldRoot)
	}
	if err != nil {
		undone := unix.Unmount(stage, unix.MNT_DETACH)
		return err, undone != nil
	}
	if err = unix.Chdir("/"); err == nil {
		err = furnish(binds, links)
	}
	if err == nil {
		// This mount alone.
		err = unix.Mount("", newRoot, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|rootFlags, "")
	}
	if err != nil {
		undone := unix.Chdir(oldRoot)
		if undone == nil {
			undone = unix.PivotRoot(".", "."+stage)
		}
		if undone == nil {
			undone = unix.Unmount(stage, unix.MNT_DETACH)
		}
		return err, undone != nil
	}
	if err := unix.Chdir(newRoot); err != nil {
		return err, true
	}
	if err := unix.Unmount(oldRoot, unix.MNT_DETACH); err != nil {
		return err, true
	}
	// The old root, the stage, comes to lie over the new one, and is taken away (pivot_root(2)).
	if err := unix.PivotRoot(".", "."); err != nil {
		return err, true
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return err, true
	}
	return unix.Chdir("/"), true
}

// furnish fills the new root.
func furnish(binds []string, links []link) error {
	if !slices.Contains(binds, "/tmp") {
		if err := ownTmp("/tmp"); err != nil {
			return err
		}
	}
	if !slices.Contains(binds, "/dev") {
		if err := minimalDev(); err != nil {
			return err
		}
	}
	if !slices.Contains(binds, "/proc") {
		if err := bindIn("/proc"); err != nil { // that of the PID namespace, if it has one
			return err
		}
	}
	for _, p := range binds {
		if err := bindIn(p); err != nil {
			return err
		}
	}
	for _, l := range links {
		if inAny(l.at, binds) {
			continue
		}
		if err := linkIn(l); err != nil {
			return err
		}
	}
	return nil
}

// ownTmp makes a directory that everybody may write to.
func ownTmp(name string) error {
	if err := os.MkdirAll(newRoot+name, 0o755); err != nil {
		return err
	}
	return unix.Mount("tmpfs", newRoot+name, "tmpfs", rootFlags, "mode=1777")
}

func minimalDev() error {
	if err := ownTmp("/dev/shm"); err != nil {
		return err
	}
	for _, name := range devices {
		if err := bindIn("/dev/" + name); err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	for _, l := range deviceLinks {
		if err := linkIn(l); err != nil {
			return err
		}
	}
	return nil
}

func linkIn(l link) error {
	if err := os.MkdirAll(newRoot+path.Dir(l.at), 0o755); err != nil {
		return err
	}
	if err := unix.Symlink(l.to, newRoot+l.at); err != nil && err != unix.EEXIST {
		return err
	}
	return nil
}

// bindIn mounts what has a name in the old root at the same name in the new one.
func bindIn(name string) error {
	var st unix.Stat_t
	if err := unix.Lstat(oldRoot+name, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		if err := os.MkdirAll(newRoot+name, 0o755); err != nil {
			return err
		}
	} else {
		if err := os.MkdirAll(newRoot+path.Dir(name), 0o755); err != nil {
			return err
		}
		if err := unix.Mknod(newRoot+name, unix.S_IFREG|0o644, 0); err != nil && err != unix.EEXIST {
			return err
		}
	}
	return unix.Mount(oldRoot+name, newRoot+name, "", unix.MS_BIND|unix.MS_REC, "")
}

// inAny says whether a name is one of these or below it.
func inAny(name string, paths []string) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		return name == p || strings.HasPrefix(name, strings.TrimSuffix(p, "/")+"/")
	})
}

// there are those paths that are in the private root.
func there(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool {
		var st unix.Stat_t
		return unix.Lstat(p, &st) == unix.ENOENT
	})
}
