package deputy

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// innermost returns the number of the task's process in its own PID namespace, and how many namespaces deep below
// the tracer's that is, which counts as one: the last of NStgid in /proc/TID/status (Linux 4.1).
//
// Precondition: the thread has its own rights.
func (d *Deputy) innermost() (pid, depth int, errno syscall.Errno) {
	text, errno := d.readEntry(d.entry(d.tid, "status"))
	if errno != 0 {
		if errno == unix.ENOENT {
			errno = unix.ESRCH
		}
		return 0, 0, errno
	}
	list, ok := lineOf(text, "NStgid")
	if !ok {
		// A kernel without PID namespaces.
		pid, errno = d.process()
		return pid, 1, errno
	}
	for len(list) > 0 {
		n, valid := parseUint(cut(&list), 10)
		if !valid {
			return 0, 0, unix.EIO
		}
		pid, depth = int(n), depth+1
	}
	return pid, depth, 0
}
