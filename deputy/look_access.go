package deputy

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// hasFaccessat2 says whether the kernel has faccessat2(2): Linux 5.8. An outer sandbox may refuse what it does not
// know.
var hasFaccessat2 = probeFaccessat2()

func probeFaccessat2() bool {
	fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return accessHandle(fd, unix.F_OK, 0) == 0
}

// lookAccess is access(2), which asks with the real IDs unless AT_EACCESS is given, and then with the capabilities that
// a real root could have or with none (access_need_override_creds in fs/open.c).
func lookAccess(modeArg, flagsArg int) doer {
	return func(d *Deputy, c *call) Outcome {
		mode, flags := c.inv.Uint(modeArg), uint32(0)
		if flagsArg != noArg {
			flags = c.inv.Uint(flagsArg)
		}
		if mode&^(unix.R_OK|unix.W_OK|unix.X_OK) != 0 {
			return done(unix.EINVAL)
		}
		effective := flags&unix.AT_EACCESS != 0
		if !effective && !d.one || !hasFaccessat2 && (effective || !d.alone) {
			return Outcome{}
		}
		pin, owned, out, ok := d.look(c)
		if !ok {
			return out
		}
		errno := d.mayAccess(pin, mode, effective)
		letGo(pin, owned)
		return done(errno)
	}
}

// mayAccess asks about the object of a handle.
func (d *Deputy) mayAccess(pin int, mode uint32, effective bool) syscall.Errno {
	if !effective {
		caps := uint64(0)
		if d.who().uid == 0 {
			caps = d.may
		}
		if errno := d.actWith(caps); errno != 0 {
			return errno
		}
	}
	if !hasFaccessat2 {
		return accessAt(d.fds, d.pin(pin), mode) // the tracer's real IDs are the task's
	}
	return accessHandle(pin, mode, 0)
}

// actWith gives the thread the task's identity with other capabilities than it acts with.
func (d *Deputy) actWith(caps uint64) syscall.Errno {
	who := d.who()
	if d.now == who && d.nowCaps == caps {
		return 0
	}
	return d.change(who, caps)
}
