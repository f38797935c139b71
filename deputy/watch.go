package deputy

import (
	"golang.org/x/sys/unix"
)

// A watch is put on an object that was judged, with the task's own inotify instance. fanotify_mark is left: it is refused
// unless the policy lifts it.
var _ = register(map[string]doer{"inotify_add_watch": addWatch})

// addWatch is inotify_add_watch(2). Where the instance cannot be borrowed only the task can do it.
func addWatch(d *Deputy, c *call) Outcome {
	instance, errno := d.borrow(c.inv.Int(0))
	if errno == unix.ENOSYS || errno == unix.EPERM {
		return Outcome{}
	}
	if errno == 0 {
		errno = d.enter()
	}
	if errno != 0 {
		return done(errno)
	}
	out, ok := d.ready(c)
	if ok {
		out = d.watch(c, instance)
	}
	closeFD(instance)
	return out
}

func (d *Deputy) watch(c *call, instance int) Outcome {
	fd, owned, out, ok := d.object(c, 0)
	if !ok {
		return out
	}
	wd, errno := addInotifyWatch(instance, d.pin(fd), c.inv.Uint(2)&^unix.IN_DONT_FOLLOW) // the name is a magic link
	if owned {
		closeFD(fd)
	}
	if errno != 0 {
		return done(errno)
	}
	return Outcome{Kind: Done, Value: int64(wd)}
}
