package sandbox

import (
	"slices"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// furnished are file systems in which the kernel puts files into each directory, and which remove one with them: control
// groups, configfs (0x62656570, fs/configfs/mount.c), instances of tracefs, resctrl.
var furnished = []uint64{
	unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, 0x62656570, unix.TRACEFS_MAGIC, unix.RDTGROUP_SUPER_MAGIC,
}

// fullDirectory says whether a denied rmdir fails anyway, since something is in the directory. Programs remove a file
// and then try its parents, up to the first that is not empty (git's remove_path, rmdir -p), and mean nothing by it.
// Asked only where the call may read the directory, so that it is told nothing new, and may change its parent, as the
// kernel looks there first.
func (b *box) fullDirectory(t *tracer.Task, inv *syscalls.Invocation, v *verdict) bool {
	if v.op != access.Delete || b.acc.N != 1 || inv.Call.Name != "rmdir" && inv.Call.Name != "unlinkat" {
		return false
	}
	a := &b.acc.List[0]
	o := &a.Object
	if o.Kind != access.Directory || v.why != "" || !sameCredentials(t.TID) || b.naturalPermission(t, a, v.op) != "" {
		return false
	}
	if read := b.policy.Decide(&policy.Query{Op: access.Read, Path: o.Path}); read.Denied() {
		return false
	}
	fd, err := unix.Open(string(o.Path), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	var fs unix.Statfs_t
	if unix.Fstat(fd, &st) != nil || st.Dev != o.Dev || st.Ino != o.Ino {
		return false // the path leads elsewhere for sydbox, or another took the name
	}
	if unix.Fstatfs(fd, &fs) != nil || slices.Contains(furnished, uint64(fs.Type)) {
		return false
	}
	names := make([]byte, 1024) // room for three names of any length, of which two are "." and ".."
	n, err := unix.ReadDirent(fd, names)
	if err != nil {
		return false
	}
	_, count, _ := unix.ParseDirent(names[:n], 1, nil)
	return count > 0
}
