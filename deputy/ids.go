package deputy

import (
	"bytes"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownerIDs returns user and group of a chown as the tracer has to name them. Who is in a user namespace of its own means
// the IDs of that namespace (user_namespaces(7), "User and group ID mappings"). -1 means no change in each.
//
// Precondition: the thread has its own rights.
func (d *Deputy) ownerIDs(uid, gid uint32) (uint32, uint32, syscall.Errno) {
	if !d.namespaces || !d.elsewhere() {
		return uid, gid, 0
	}
	uid, errno := d.outside("uid_map", uid)
	if errno == 0 {
		gid, errno = d.outside("gid_map", gid)
	}
	return uid, gid, errno
}

// outside looks an ID of the task's user namespace up in a map of /proc/TID.
func (d *Deputy) outside(file string, id uint32) (uint32, syscall.Errno) {
	if id == noID {
		return id, 0
	}
	text, errno := d.readEntry(d.entry(d.tid, file))
	if errno != 0 {
		return 0, errno
	}
	return mapID(text, id)
}

// mapID looks an ID up in a map, whose lines are: first ID inside, the same outside, how many. Outside is in the
// namespace of who opened the file. What is not mapped is EINVAL (chown(2)).
func mapID(text []byte, id uint32) (uint32, syscall.Errno) {
	for len(text) > 0 {
		line := text
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		line = trim(line)
		inside, ok1 := parseUint(cut(&line), 10)
		outside, ok2 := parseUint(cut(&line), 10)
		count, ok3 := parseUint(cut(&line), 10)
		if !ok1 || !ok2 || !ok3 || len(line) > 0 {
			return 0, unix.EIO
		}
		if n := uint64(id); n >= inside && n-inside < count {
			if to := outside + (n - inside); to < uint64(noID) {
				return uint32(to), 0
			}
			return 0, unix.EINVAL
		}
	}
	return 0, unix.EINVAL
}
