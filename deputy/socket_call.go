package deputy

import (
	"encoding/binary"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// Connecting a stream can wait. Where that is unlikely (the socket says not to, or the peer is on this machine, which
// answers at once unless it has no room) it is tried with an alarm set; what the alarm cuts short is done by a
// waiter, as is all that would wait for the network. To connect(2) being cut short and called again is nothing new: a
// stream of the internet goes on where it was and ends in 0, as when the kernel itself starts the call again after a
// signal (__inet_stream_connect in net/ipv4/af_inet.c), all others begin anew.

// Connect is connect(2) for the assumed task, to the address that was judged, with its rights. The outcome is Done,
// Waits or Again. s stays the caller's, with Waits too.
//
// Precondition: as for Do.
func (d *Deputy) Connect(s *Socket, acc *access.Accesses, pins Pins) Outcome {
	return d.onSocket((*Deputy).connect, s, call{pins: pins, acc: acc})
}

// Bind is bind(2) likewise. A unix socket that is bound to a path is left to the task: it makes a file.
//
// Precondition: as for Do.
func (d *Deputy) Bind(s *Socket, acc *access.Accesses, pins Pins) Outcome {
	return d.onSocket((*Deputy).bind, s, call{pins: pins, acc: acc})
}

// Listen is listen(2) likewise.
//
// Precondition: as for Do.
func (d *Deputy) Listen(s *Socket, acc *access.Accesses, pins Pins) Outcome {
	return d.onSocket((*Deputy).listen, s, call{pins: pins, acc: acc})
}

// socketDoer does a call on a socket.
type socketDoer func(d *Deputy, s *Socket, c *call) Outcome

func (d *Deputy) onSocket(do socketDoer, s *Socket, c call) Outcome {
	for i := range c.acc.N {
		if refuse := c.acc.List[i].Object.Refuse; refuse != 0 {
			return done(refuse) // it could not be judged, so nobody can have allowed it
		}
	}
	d.call = c
	out := do(d, s, &d.call)
	d.call = call{}
	if errno := d.Own(); errno != 0 && out.Kind == Leave {
		return done(errno)
	}
	return out
}

// asPeer gives the thread what it connects and listens with.
func (d *Deputy) asPeer(domain int) syscall.Errno {
	if domain == unix.AF_UNIX {
		return d.Seen()
	}
	return d.Task()
}

func (d *Deputy) connect(s *Socket, c *call) Outcome {
	to, out, ok := d.destination(s, c)
	if !ok {
		return out
	}
	out = d.connectTo(s, c, &to)
	to.close()
	return out
}

func (d *Deputy) connectTo(s *Socket, c *call, to *destination) Outcome {
	if errno := d.asPeer(s.Domain); errno != 0 {
		return done(errno)
	}
	if s.connectsAtOnce() {
		deaf := s.inet() && hearsDevice(s.FD)
		errno := connectRaw(s.FD, to.address(d))
		if deaf && !hearsDevice(s.FD) {
			// Dissolving a connection takes the socket off its interface (__udp_disconnect in net/ipv4/udp.c).
			if again := hearDevice(s.FD); again != 0 {
				return done(again)
			}
		}
		return done(errno)
	}
	// With a timeout (SO_SNDTIMEO) what is called again says EALREADY when that is over, not EINPROGRESS.
	blocks := s.Blocking()
	if (!blocks || near(c) && !hasTimeout(s.FD)) && d.alarm.set() {
		errno := connectRaw(s.FD, to.address(d))
		d.alarm.off()
		if errno != unix.EINTR {
			return done(errno)
		}
	}
	if errno := d.Own(); errno != 0 {
		return done(errno)
	}
	return d.connectLater(s, to)
}

// connectsAtOnce says whether connect(2) only notes the peer.
func (s *Socket) connectsAtOnce() bool {
	switch s.Domain {
	case unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK:
		return s.Type == unix.SOCK_DGRAM || s.Type == unix.SOCK_RAW
	}
	return false
}

// near says whether the judged address is sure to be on this machine.
func near(c *call) bool {
	a := &c.acc.List[0].Addr
	return a.Family == unix.AF_UNIX || a.Family == unix.AF_UNSPEC || a.Inet() && a.IP.IsLoopback()
}

// connectLater leaves connecting to whoever has the time.
func (d *Deputy) connectLater(s *Socket, to *destination) Outcome {
	w, errno := d.waiter()
	var fd int
	later := destination{raw: slices.Clone(to.raw), pin: -1}
	if errno == 0 {
		fd, errno = w.hold(s.FD)
	}
	if errno == 0 && to.pin >= 0 {
		later.pin, errno = w.hold(to.pin)
	}
	if errno != 0 {
		w.close()
		return done(errno)
	}
	domain := s.Domain
	w.take, w.timed = func(d *Deputy) syscall.Errno { return d.asPeer(domain) }, hasTimeout(s.FD)
	w.once = func(d *Deputy) int64 {
		if errno := later.ready(d); errno != 0 {
			return -int64(errno)
		}
		return -int64(connectRaw(fd, later.address(d)))
	}
	return Outcome{Kind: Waits, Do: w.run}
}

func (d *Deputy) bind(s *Socket, c *call) Outcome {
	a := &c.acc.List[0].Addr
	if s.Domain == unix.AF_UNIX && a.Path() {
		return Outcome{}
	}
	if errno := s.takes(c); errno != 0 {
		return done(errno)
	}
	if errno := s.Muffle(false); errno != 0 {
		return done(errno)
	}
	if s.Domain == unix.AF_NETLINK {
		if _, errno := d.process(); errno != 0 {
			return done(errno)
		}
	}
	if errno := d.Task(); errno != 0 {
		return done(errno)
	}
	if s.Domain == unix.AF_NETLINK && d.bindNetlink(s, a.Raw) {
		return done(0)
	}
	return done(bindRaw(s.FD, a.Raw))
}

// bindNetlink binds a netlink socket that is to get a port of the kernel's choice to the one that the kernel would have
// chosen for the task: the number of its process, if that is free (netlink_autobind in net/netlink/af_netlink.c).
func (d *Deputy) bindNetlink(s *Socket, raw []byte) bool {
	var name [addressMax]byte
	_, errno := addressOf(unix.SYS_GETSOCKNAME, s.FD, &name)
	port := func(address []byte) uint32 { return binary.NativeEndian.Uint32(address[4:]) }
	if len(raw) < unix.SizeofSockaddrNetlink || errno != 0 || port(raw) != 0 || port(name[:]) != 0 {
		return false
	}
	chosen := append(d.address[:0], raw[:unix.SizeofSockaddrNetlink]...)
	binary.NativeEndian.PutUint32(chosen[4:], uint32(d.tgid))
	return bindRaw(s.FD, chosen) == 0
}

func (d *Deputy) listen(s *Socket, c *call) Outcome {
	if errno := s.Muffle(true); errno != 0 {
		return done(errno)
	}
	if errno := d.asPeer(s.Domain); errno != 0 {
		return done(errno)
	}
	return done(listenRaw(s.FD, int32(uint32(c.acc.Socket.Args[1]))))
}
