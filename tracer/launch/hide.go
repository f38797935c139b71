package launch

import (
	"errors"
	"slices"

	"golang.org/x/sys/unix"
)

// stages are directories. One is mounted over while what stands for hidden files is made; nobody else sees that.
var stages = []string{"/tmp", "/run", "/dev", "/usr", "/etc", "/var"}

var errNoStage = errors.New("there is no directory to mount a tmpfs on for a moment")

// hide mounts something empty over each path, which nobody has any rights to and which cannot be changed. All is
// opened before anything is mounted, so that each is found however they lie to each other.
func hide(paths []string) (err error) {
	over := make([]int, 0, len(paths))
	defer func() {
		for _, fd := range over {
			unix.Close(fd)
		}
	}()
	for _, p := range paths {
		fd, err := handle(p)
		if err != nil {
			return err
		}
		over = append(over, fd)
	}
	stage, err := stageFor(paths)
	if err != nil {
		return err
	}
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if err := unix.Mount("tmpfs", stage, "tmpfs", flags, "mode=755,size=4k,nr_inodes=4"); err != nil {
		return err
	}
	// Copies of its mount stay.
	defer func() { err = errors.Join(err, unix.Unmount(stage, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)) }()
	dir, file := stage+"/dir", stage+"/file"
	if err := unix.Mkdir(dir, 0); err != nil {
		return err
	}
	if err := unix.Mknod(file, unix.S_IFREG, 0); err != nil {
		return err
	}
	if err := unix.Mount("", stage, "", unix.MS_REMOUNT|unix.MS_RDONLY|flags, ""); err != nil {
		return err
	}
	for _, fd := range over {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return err
		}
		what := file
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			what = dir
		}
		if err := unix.Mount(what, magic(fd), "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	return nil
}

// stageFor chooses a directory that is not hidden itself.
func stageFor(paths []string) (string, error) {
	for _, dir := range stages {
		var st unix.Stat_t
		if unix.Lstat(dir, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR && !slices.Contains(paths, dir) {
			return dir, nil
		}
	}
	return "", errNoStage
}
