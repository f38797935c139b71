package launch

import (
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/tracer/landlock"
)

// cover changes what is mounted in the shim's own mount namespace, and finds its working directory again, which would
// otherwise lead below what was mounted.
//
// Precondition: the main OS thread is locked to the goroutine.
func (o *order) cover(told *outcomes) (Step, error) {
	if len(o.readOnly) == 0 && len(o.hide) == 0 && len(o.root) == 0 {
		return 0, nil
	}
	dir, dirErr := unix.Getwd()
	if len(o.root) > 0 {
		err, fatal := makeRoot(o.root, o.links)
		if told.came(StepRoot, o.mountLevel, err) != nil || err != nil && fatal {
			return StepRoot, err
		}
		if err == nil {
			o.readOnly, o.hide = there(o.readOnly), there(o.hide) // the others are out of reach
			if o.landlock != nil {
				o.landlock.Rules = slices.DeleteFunc(o.landlock.Rules, func(r landlock.Rule) bool {
					return r.Path != "" && len(there([]string{r.Path})) == 0
				})
			}
		}
	}
	for _, c := range []struct {
		step  Step
		paths []string
		do    func([]string) error
	}{{StepReadOnly, o.readOnly, makeReadOnly}, {StepHide, o.hide, hide}} {
		if len(c.paths) == 0 {
			continue
		}
		if err := told.came(c.step, o.mountLevel, c.do(c.paths)); err != nil {
			return c.step, err
		}
	}
	if o.dir != "" && path.IsAbs(o.dir) {
		return 0, nil
	}
	if dirErr != nil {
		return StepDir, dirErr // it was deleted, and would lead around all that
	}
	return StepDir, unix.Chdir(dir)
}

// magic is the name of a descriptor's file that mount(2) follows.
func magic(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// handle opens a file for nothing but to be mounted on.
func handle(path string) (int, error) { return unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0) }

// makeReadOnly makes each path a mount of its own, with all that is mounted below, and nothing on these can be changed.
// It begins at the top: a copy of what is above would have what is below as it was.
func makeReadOnly(paths []string) error {
	sorted := slices.Clone(paths)
	slices.Sort(sorted)
	for _, p := range sorted {
		if p != "/" { // which is a mount, and where nothing can be mounted that this process would see
			fd, err := handle(p)
			if err == nil {
				// All below must come along: in a user namespace mounts cannot be told apart (mount_namespaces(7)).
				err = unix.Mount(magic(fd), magic(fd), "", unix.MS_BIND|unix.MS_REC, "")
				unix.Close(fd)
			}
			if err != nil {
				return err
			}
		}
		if err := protect(p); err != nil {
			return err
		}
	}
	return nil
}

// protect makes a mount and all below it read-only: in one call since Linux 5.12 (mount_setattr(2)), else one by one.
func protect(p string) error {
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if unix.MountSetattr(unix.AT_FDCWD, p, unix.AT_RECURSIVE, &attr) == nil {
		return nil
	}
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	for _, m := range mountsBelow(string(text), p) {
		err := unix.Mount("", m.point, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|m.flags, "")
		switch err {
		case nil:
		case unix.EINVAL, unix.ENOENT, unix.ENOTDIR, unix.EACCES:
			// Covered by another mount, or in a directory that this user may not search: out of reach as it is.
			if m.point == p {
				return err
			}
		default:
			return err
		}
	}
	return nil
}

// mountPoint is one line of mountinfo.
type mountPoint struct {
	point string
	flags uintptr // those that a remount has to repeat: it would clear them
}

// mountFlags are the names of flags in mountinfo (proc_pid_mountinfo(5)).
var mountFlags = map[string]uintptr{
	"ro": unix.MS_RDONLY, "nosuid": unix.MS_NOSUID, "nodev": unix.MS_NODEV, "noexec": unix.MS_NOEXEC,
	"noatime": unix.MS_NOATIME, "nodiratime": unix.MS_NODIRATIME, "relatime": unix.MS_RELATIME,
	"nosymfollow": unix.MS_NOSYMFOLLOW,
}

// mountsBelow are the mounts at a path and below it.
func mountsBelow(mountinfo, p string) (list []mountPoint) {
	under := strings.TrimSuffix(p, "/") + "/"
	for line := range strings.Lines(mountinfo) {
		f := strings.Fields(line)
		if len(f) < 6 {
			continue
		}
		m := mountPoint{point: unescape(f[4])}
		if m.point != p && !strings.HasPrefix(m.point, under) {
			continue
		}
		for option := range strings.SplitSeq(f[5], ",") {
			m.flags |= mountFlags[option]
		}
		list = append(list, m)
	}
	return list
}

// unescape reads a name of mountinfo, in which some characters are written in octal.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
