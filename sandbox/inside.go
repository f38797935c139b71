package sandbox

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/tracer/launch"
)

// The tree may be born into namespaces (tracer/launch). The tracer stays outside, so that processes have other numbers
// for the tree than for the tracer: what the tracer is told by the kernel it is told in its own; what a task gives in
// an argument, or in a path below /proc, is a number of the task's own.

// isInside is told which namespaces the tree was born into, on the tracer's thread and before Birth.
func (b *box) isInside(in launch.Inside) {
	b.inside = in
	b.carrier.options.UserNamespaces = b.carrier.options.UserNamespaces || in.User
	if in.PIDs {
		var link [64]byte
		name, errno := b.proc.readlink(in.Target, "ns/pid", link[:])
		if errno != 0 {
			b.err = fmt.Errorf("look into which PID namespace process %d is: %w", in.Target, errno)
			return
		}
		b.inner = &innerNumbers{b: b, name: string(name), outer: make(map[int]int)}
	}
	if !in.Mounts {
		return
	}
	var outer func(int) int
	if in.Proc {
		outer = b.inner.find
		b.carrier.options.Outer = func(dev uint64, number int) int {
			if !b.res.Inner(dev) {
				return 0
			}
			return b.inner.find(number)
		}
	}
	if b.err = b.res.Rebase(in.Target, outer); b.err == nil {
		b.findCovers(in.Covered)
	}
}

// cover is a file that something was mounted on: a hidden one, or the top of what is read-only.
type cover struct{ dev, ino uint64 }

// findCovers learns what is mounted over. The kernel keeps whoever is in the mount namespace from taking away the name of
// such a file, or from giving it to another (EBUSY, is_local_mountpoint in fs/mount.h). The tracer, which does it for
// a task, is not in there, and for it the mount would go with the name.
func (b *box) findCovers(paths []string) {
	b.res.Task(b.inside.Target, b.inside.Target)
	for _, path := range paths {
		name := access.Name{Dirfd: unix.AT_FDCWD, UnsafePath: []byte(path), Follow: true}
		var o access.Object
		b.res.Resolve(0, &name, &o)
		if o.Errno != 0 || o.Refuse != 0 {
			continue // in something else that is hidden, where it has no name to take away
		}
		if b.covers == nil {
			b.covers = map[cover]bool{}
		}
		b.covers[cover{o.Dev, o.Ino}] = true
	}
}

// holds says whether an access would take the name of a cover away.
func (b *box) holds(a *access.Access) bool {
	return b.covers != nil && a.Op&access.Delete != 0 && b.covers[cover{a.Object.Dev, a.Object.Ino}]
}

// innerNumbers finds members by their numbers in the tree's own PID namespace.
type innerNumbers struct {
	b     *box
	name  string      // what /proc/PID/ns/pid says of its members
	outer map[int]int // what was found, to be looked at again: numbers are used again
	ended []int       // the last that have ended, of whom some may not have been waited for yet
}

// endedMost bounds them.
const endedMost = 1024

// over notes that a process has ended.
func (n *innerNumbers) over(pid int) {
	if len(n.ended) == endedMost {
		n.ended = n.ended[:copy(n.ended, n.ended[endedMost/2:])]
	}
	n.ended = append(n.ended, pid)
}

// find returns the tracer's number of a member, or of one that has ended and was not waited for yet (members.own); 0 if
// none has that number.
//
// Precondition: the thread has its own rights.
func (n *innerNumbers) find(number int) int {
	if tid := n.outer[number]; tid != 0 && n.of(tid) == number {
		return tid
	}
	clear(n.outer)
	for tid := range n.b.members.tasks {
		if inner := n.of(tid); inner != 0 {
			n.outer[inner] = tid
		}
	}
	n.ended = slices.DeleteFunc(n.ended, func(pid int) bool { return !n.b.members.ended(pid) })
	for _, pid := range n.ended {
		if inner := n.innermost(pid); inner != 0 {
			n.outer[inner] = pid
		}
	}
	return n.outer[number]
}

// of returns the number in there of a task of the tree's own (members.own), 0 if it is gone, or in another namespace.
func (n *innerNumbers) of(tid int) int {
	if !n.b.members.own(tid) {
		return 0
	}
	return n.innermost(tid)
}

// innermost is of for who is known to be the tree's own.
func (n *innerNumbers) innermost(tid int) int {
	var s taskStatus
	if n.b.proc.status(tid, &s) != 0 || !n.home(tid) {
		return 0
	}
	return s.innermost
}

// home says whether a task is in the PID namespace that the tree was born into, and not in one below it. Nobody there
// has a number but the tree and init.
//
// Precondition: the thread has its own rights.
func (n *innerNumbers) home(tid int) bool {
	var link [64]byte
	name, errno := n.b.proc.readlink(tid, "ns/pid", link[:])
	return errno == 0 && string(name) == n.name
}

// initNumber is that of the init of a PID namespace. In the tree's own it is sydbox's: whoever could have it killed, by
// a limit of CPU time for one, would end the whole tree. It is an outsider like any other.
const initNumber = 1
