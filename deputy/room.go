package deputy

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// The kernel finds a free descriptor number before it opens anything (do_sys_openat2), so a task whose table is full
// neither makes nor empties a file. Here the number is found last, and whether there is one must be asked before.

// full says whether the task has no free descriptor number below its limit (RLIMIT_NOFILE). A thread that shares the
// table may take the last one meanwhile: then the open fails all the same, and has had its effect.
//
// Precondition: the thread has its own rights.
func (d *Deputy) full() bool {
	limit, ok := d.descriptorLimit()
	if !ok {
		return false
	}
	dir := d.entry(d.tid, "fd")
	if size, errno := sizeOf(d.proc, dir); errno == 0 && size > 0 && size < limit {
		return false // since Linux 6.2 the size is the number of descriptors, and fewer than the limit leave one free
	}
	return d.taken(dir, limit) >= limit
}

// descriptorLimit reads the task's soft limit, from a file where prlimit(2) does not tell it (fileSizeLimit).
func (d *Deputy) descriptorLimit() (uint64, bool) {
	n, errno := softLimit(d.tid, unix.RLIMIT_NOFILE)
	if errno == 0 {
		return n, true
	}
	n, errno = d.limit(d.tid, "Max open files")
	return n, errno == 0
}

// taken counts the descriptors below limit one by one.
func (d *Deputy) taken(dir []byte, limit uint64) (n uint64) {
	fd, errno := openAt(d.proc, dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if errno != 0 {
		return 0
	}
	defer closeFD(fd)
	for {
		size, err := unix.ReadDirent(fd, d.dents[:])
		if err != nil || size <= 0 {
			return n
		}
		for rest := d.dents[:size]; len(rest) > direntName; {
			length := min(max(int(binary.NativeEndian.Uint16(rest[direntLength:])), 1), len(rest))
			name, _, _ := bytes.Cut(rest[min(direntName, length):length], []byte{0})
			if number, ok := parseUint(name, 10); ok && number < limit {
				n++
			}
			rest = rest[length:]
		}
	}
}

// Offsets in struct linux_dirent64 (getdents(2)).
const (
	direntLength = 16
	direntName   = 19
)
