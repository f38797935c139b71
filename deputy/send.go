package deputy

import (
	"encoding/binary"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/syscalls"
)

// A message is sent from copies of its parts. What it says is nobody's business, so the copy of that need not be one
// moment's; where it goes, and by which way, is judged, so the address is the copy that was judged, and control
// messages are read once and made anew.
//
// It is tried without waiting first, and what then cannot be sent yet by a call that would wait is left to a waiter.
// What the tracer holds of a message is bounded: of a stream a piece at a time, of a message that must go as one its
// whole, up to messageMax.
//
// MSG_ZEROCOPY: the kernel keeps the pages that it was given until the last byte has left, and tells the task so. So
// the copy is made in pages of its own, which are unmapped at once: they live on in the kernel until then. One call
// is one notification, so of a stream at most messageMax is sent by such a call: a short count, as send(2) may
// return.

const (
	// pieceMax is how much of a stream is copied at once.
	pieceMax = 64 << 10
	// atOnceMax is how much of a stream the tracer's thread copies before it leaves the rest to a waiter.
	atOnceMax = 1 << 20
	// messageMax is the longest message that is sent as one. The kernel's own limit is the room to send (SO_SNDBUF),
	// which is a fifth of this unless root has raised it.
	messageMax = 1 << 20
)

// Send is sendto(2), sendmsg(2) or one message of sendmmsg(2) for the assumed task, with its rights: the message that
// acc describes. The outcome is Done, Waits or Again; Value and the result of Do are the number of bytes, or -errno.
// s stays the caller's, with Waits too.
//
// Precondition: as for Do.
func (d *Deputy) Send(s *Socket, inv *syscalls.Invocation, mem Memory, acc *access.Accesses, pins Pins) Outcome {
	return d.onSocket((*Deputy).send, s, call{inv: inv, mem: mem, pins: pins, acc: acc})
}

// message is what is being sent.
type message struct {
	socket  *Socket
	flags   uint32
	to      destination
	named   bool // by sendto, which has no control messages
	payload payload
	control control
	stream  bool
	// loud: the task is to get SIGPIPE where the other end is gone.
	loud bool
	sent int64
}

// someUnix is an address that unix sockets take for one.
var someUnix = append(binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX), 0)

// msgCompat is MSG_CMSG_COMPAT of linux/socket.h, the kernel's own mark for calls of 32-bit programs.
const msgCompat = 0x80000000

func (d *Deputy) send(s *Socket, c *call) (out Outcome) {
	m := &d.message
	flags := c.acc.Message.Flags
	if c.inv.ABI.PointerSize == 4 {
		flags &^= msgCompat
	}
	m.socket, m.flags, m.sent = s, flags, 0
	m.named = c.acc.Socket.Call.Name == "sendto"
	m.stream = s.Type == unix.SOCK_STREAM
	m.loud = flags&unix.MSG_NOSIGNAL == 0 && (m.stream || s.inet() && s.Type == unix.SOCK_SEQPACKET)
	m.to.pin = -1
	defer m.close()
	errno := m.payload.begin(c, m.named, m.stream)
	if errno == 0 && !m.named {
		errno = m.control.read(d, s, c)
	}
	if errno != 0 {
		return done(errno)
	}
	switch {
	case c.acc.N == 0 || c.acc.List[0].Addr.Raw == nil:
	case s.Domain == unix.AF_UNIX && s.Type != unix.SOCK_DGRAM && len(c.acc.List[0].Addr.Raw) > 0:
		m.to.raw = someUnix // EISCONN, EOPNOTSUPP, or ignored: nothing is looked up (unix_stream_sendmsg)
	default:
		var ok bool
		if m.to, out, ok = d.destination(s, c); !ok {
			return out
		}
		if errno := d.Own(); errno != 0 { // with which the task's memory is read
			return done(errno)
		}
	}
	return d.sendMessage(c, m)
}

func (m *message) close() {
	m.to.close()
	m.control.close()
	m.payload.close()
	m.to, m.socket = destination{pin: -1}, nil
}

// sendMessage sends what was prepared, or as much of it as can be without waiting.
func (d *Deputy) sendMessage(c *call, m *message) Outcome {
	if !m.stream && m.payload.left > messageLimit(m.socket) {
		return done(unix.EMSGSIZE)
	}
	waits := m.flags&unix.MSG_DONTWAIT == 0
	if waits && m.flags&unix.MSG_FASTOPEN != 0 && m.socket.Blocking() {
		return d.sendLater(c, m) // it connects first, and that must not be begun as by one who does not wait
	}
	for first := true; first || m.payload.left > 0; first = false {
		if m.sent >= atOnceMax {
			return d.sendLater(c, m)
		}
		if errno := m.payload.fill(c, m.most()); errno != 0 {
			return m.ended(errno)
		}
		if errno := m.take(d); errno != 0 {
			return done(errno)
		}
		n, errno := m.transmit(d, m.flags|unix.MSG_DONTWAIT)
		if e := d.Own(); e != 0 {
			return done(e)
		}
		m.sent += int64(n)
		short := m.payload.consume(n)
		switch {
		case errno == 0 && !short:
		case errno != 0 && errno != unix.EAGAIN:
			return m.ended(errno)
		case waits && m.socket.Blocking() && (m.flags&unix.MSG_ZEROCOPY == 0 || m.sent == 0):
			return d.sendLater(c, m)
		default:
			return m.ended(unix.EAGAIN)
		}
		if m.flags&unix.MSG_ZEROCOPY != 0 {
			break
		}
	}
	return Outcome{Kind: Done, Value: m.sent}
}

// ended is the outcome of a message of which no more can be sent: what was sent counts.
func (m *message) ended(errno syscall.Errno) Outcome {
	if m.sent > 0 {
		return Outcome{Kind: Done, Value: m.sent}
	}
	out := done(errno)
	if errno == unix.EPIPE && m.loud {
		out.Signal = unix.SIGPIPE
	}
	return out
}

// most is how much of the message is sent by one call.
func (m *message) most() int {
	if m.stream && m.flags&unix.MSG_ZEROCOPY == 0 {
		return pieceMax
	}
	return messageMax
}

// messageLimit is the length of the longest message that is copied as a whole. What is longer the kernel would not
// send either (udp_sendmsg, unix_dgram_sendmsg, netlink_sendmsg).
func messageLimit(s *Socket) int64 {
	room, errno := getOption(s.FD, unix.SO_SNDBUF)
	if errno != 0 {
		room = 0
	}
	return int64(min(max(room, 1<<16), messageMax))
}

// take gives the thread what it sends with.
func (m *message) take(d *Deputy) syscall.Errno {
	switch {
	case m.socket.Domain != unix.AF_UNIX:
		return d.Task()
	case !m.control.introduces:
		return d.Whole()
	}
	if errno := d.Task(); errno != 0 {
		return errno
	}
	return d.setCaps(d.nowCaps | introducing)
}

// lastOnly are flags that are about the end of what is sent.
const lastOnly = unix.MSG_OOB | unix.MSG_EOR

// transmit gives the kernel the piece that was filled, once. MSG_NOSIGNAL: a signal would be the tracer's.
func (m *message) transmit(d *Deputy, flags uint32) (int, syscall.Errno) {
	flags |= unix.MSG_NOSIGNAL
	if m.payload.left > int64(len(m.payload.piece)) {
		flags &^= lastOnly
	}
	var to, control []byte
	if m.to.raw != nil {
		to = m.to.address(d)
	}
	if m.sent == 0 {
		control = m.control.encoded
	} else {
		flags &^= unix.MSG_FASTOPEN
	}
	var n int
	var errno syscall.Errno
	if m.named {
		n, errno = sendtoRaw(m.socket.FD, m.payload.piece, flags, to)
	} else {
		n, errno = sendmsgRaw(m.socket.FD, m.payload.piece, flags, to, control)
	}
	if errno != 0 {
		return 0, errno
	}
	return n, 0
}

// sendLater leaves the rest of the message to whoever has the time.
func (d *Deputy) sendLater(c *call, m *message) Outcome {
	w, errno := d.waiter()
	if errno != 0 {
		w.close()
		return done(errno)
	}
	later := &message{flags: m.flags, named: m.named, stream: m.stream, loud: m.loud, sent: m.sent}
	later.to = destination{raw: slices.Clone(m.to.raw), pin: -1}
	later.socket = &Socket{Domain: m.socket.Domain, Type: m.socket.Type}
	if later.socket.FD, errno = w.hold(m.socket.FD); errno == 0 && m.to.pin >= 0 {
		later.to.pin, errno = w.hold(m.to.pin)
	}
	if errno == 0 {
		errno = later.payload.take(&m.payload, d, c, w, m.most())
	}
	tgid := 0
	if errno == 0 && m.loud {
		tgid, errno = d.process()
	}
	if errno != 0 {
		w.close()
		if m.sent > 0 {
			return Outcome{Kind: Done, Value: m.sent}
		}
		return done(errno)
	}
	later.control.take(&m.control, w)
	w.take, w.timed = later.take, hasTimeout(m.socket.FD)
	w.sofar = m.sent
	w.once = func(d *Deputy) int64 { return later.rest(d, w) }
	tid := d.tid
	w.after = func(result int64) {
		later.payload.close()
		if later.loud && result == -int64(unix.EPIPE) {
			_ = unix.Tgkill(tgid, tid, unix.SIGPIPE) // it fails if nobody is left to be told
		}
	}
	return Outcome{Kind: Waits, Do: w.run}
}

// rest sends what is left and waits for as long as it takes.
func (m *message) rest(d *Deputy, w *waiter) int64 {
	if errno := m.to.ready(d); errno != 0 {
		return -int64(errno)
	}
	for {
		if errno := m.payload.refill(m.most()); errno != 0 {
			return w.ended(errno)
		}
		n, errno := m.transmit(d, m.flags)
		m.sent += int64(n)
		w.sofar = m.sent
		m.payload.consume(n)
		switch {
		case errno == unix.EINTR && !w.given.Load():
		case errno != 0:
			return w.ended(errno)
		case m.payload.left <= 0, m.flags&unix.MSG_ZEROCOPY != 0, w.given.Load():
			return m.sent
		}
	}
}
