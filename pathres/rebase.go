package pathres

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Rebase makes the root of a task, a directory of its own mount namespace, the one that paths in objects are relative
// to from now on: for a target that is born into mounts of its own. A handle on it reaches all that the target reaches,
// and the kernel's text for a handle is relative to the top of the mounts that it is on, whoever asks (d_path in
// fs/d_path.c). So a path means the same to the target, to the rules and to the tracer.
//
// outer, if not nil, says that the procfs at /proc there shows another PID namespace than the tracer's: it returns the
// tracer's number for a process or thread by its number there, 0 for none that is a member. The instance is told by its
// device, which nothing in the tree can give to another.
//
// It is called before anything has been resolved for the task.
func (r *Resolver) Rebase(tid int, outer func(number int) int) error {
	r.Task(tid, tid)
	fd, e := r.openEntry("root", -1, unix.O_PATH|unix.O_DIRECTORY)
	if e != 0 {
		return fmt.Errorf("open the root directory of process %d: %w", tid, e)
	}
	var id, proc ident
	if e := r.identify(fd, &id); e != 0 {
		closeHandle(fd)
		return fmt.Errorf("identify the root directory of process %d: %w", tid, e)
	}
	// In a chroot whose directory is a mount point the top of the mounts is further up, and texts would begin there.
	if text, e := r.textOf(fd); e != 0 || string(text) != "/" {
		closeHandle(fd)
		return errors.New("the root directory is not the top of its mounts, as in a chroot, so paths in a mount namespace " +
			"cannot be told: do without one ([harden] mount_namespace = \"off\")")
	}
	closeHandle(r.root)
	r.root, r.start, r.rebased = fd, id, true
	if outer != nil && r.stat(fd, []byte("proc\x00"), unix.AT_SYMLINK_NOFOLLOW, &proc) == 0 &&
		proc.dev != r.dev && r.procRootAt([]byte("proc/")[:4], proc.dev) {
		r.inner, r.outer = proc.dev, outer
	}
	return nil
}

// Inner says whether a device is the procfs of the target's own PID namespace.
func (r *Resolver) Inner(dev uint64) bool { return r.outer != nil && dev == r.inner }

// fromRoot makes an absolute path, NUL-terminated, one that starts at a directory: for an absolute one the kernel
// starts at the tracer's own root, whatever directory it is given (openat2(2)).
func fromRoot(z []byte) []byte {
	for len(z) > 1 && z[0] == '/' {
		z = z[1:]
	}
	if len(z) == 1 {
		return dot
	}
	return z
}
