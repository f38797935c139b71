package deputy

import (
	"encoding/binary"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// destination is what a call on a socket reaches: an address as it is, or the pin of what a path led to. The kernel
// is given the name of a pin, which is short whatever the path was, and which it follows as any link: on the socket's
// file it asks the thread for the right to write, as it would have done at the end of the path (unix_find_bsd in
// net/unix/af_unix.c).
type destination struct {
	raw   []byte
	pin   int // -1 for an address as it is
	owned bool
}

// destination finds it. ok is false if there is none, and out says what of it.
//
// Precondition: the thread has its own rights. It may have the task's afterwards.
func (d *Deputy) destination(s *Socket, c *call) (to destination, out Outcome, ok bool) {
	a := &c.acc.List[0]
	to = destination{raw: a.Addr.Raw, pin: -1}
	if s.Domain != unix.AF_UNIX || !a.Addr.Path() {
		errno := s.takes(c)
		return to, done(errno), errno == 0
	}
	if a.Natural != 0 && a.Natural != unix.ECONNREFUSED { // no socket: the kernel asks for the right to write first
		return to, done(a.Natural), false
	}
	if errno := d.enter(); errno != 0 {
		return to, done(errno), false
	}
	if errno := d.Task(); errno != 0 {
		return to, done(errno), false
	}
	to.pin, to.owned, out, ok = d.object(c, 0)
	return to, out, ok
}

func (to *destination) close() {
	if to.owned {
		closeFD(to.pin)
	}
}

// ready makes the pin's name lead somewhere on a thread that was given a pin: by a working directory of its own, so
// that nothing that is mounted on /proc by then stands in between. Where a thread cannot have one, nothing can be
// mounted.
func (to *destination) ready(d *Deputy) syscall.Errno {
	if to.pin < 0 || d.entered || d.shared {
		return 0
	}
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		d.shared = true
		return 0
	}
	return d.enter()
}

// address returns what the kernel is given, valid until the next call.
func (to *destination) address(d *Deputy) []byte {
	if to.pin < 0 {
		return to.raw
	}
	b := binary.NativeEndian.AppendUint16(d.address[:0], unix.AF_UNIX)
	if !d.entered {
		b = append(b, "/proc/self/fd/"...)
	}
	return append(strconv.AppendInt(b, int64(to.pin), 10), 0)
}

// takes says whether the socket takes the judged address for what it was judged for: EINVAL if not. Sockets of the
// internet and of unix look at the family themselves. Of the others some do not (packet(7) takes any for its own), so
// there the family has to be the socket's, but for the AF_UNSPEC that ends a connection of netlink(7).
func (s *Socket) takes(c *call) syscall.Errno {
	if s.Domain == unix.AF_UNIX || s.inet() {
		return 0
	}
	raw := c.acc.List[0].Addr.Raw
	if len(raw) < 2 {
		return 0 // no address
	}
	family := int(binary.NativeEndian.Uint16(raw))
	if family == s.Domain || family == unix.AF_UNSPEC && s.Domain == unix.AF_NETLINK {
		return 0
	}
	return unix.EINVAL
}
