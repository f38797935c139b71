package netres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// channel is a netlink socket on which questions are asked one at a time (netlink(7)).
//
// It never waits: the kernel makes the first piece of an answer before the request's write returns, and each further
// piece while the one before is read. It hears the kernel alone: it is connected to port 0, so that a message from
// anybody else is refused its sender (netlink_getsockbyportid in net/netlink/af_netlink.c); otherwise whoever has
// CAP_NET_ADMIN could send an answer of its own making.
type channel struct {
	fd    int
	seq   uint32
	out   [headerSize + 80]byte
	in    []byte
	dirty bool // the last answer was not read to its end
}

const (
	headerSize = 16       // sizeof(struct nlmsghdr)
	pieceMax   = 32 << 10 // the kernel makes smaller ones (netlink_recvmsg)
	piecesMax  = 1 << 13  // some two million sockets

	// wholeMax is how long a piece may be to be sure that it did not end because it was full: then the kernel went through
	// each of its lists under one lock. That nothing follows a full piece means little, because what should have followed
	// may have taken the places of what was told and is gone. The smallest piece is a page without some 320 bytes
	// (NLMSG_GOODSIZE in linux/netlink.h), a socket takes less than 200.
	wholeMax = 3 << 10
)

var native = binary.NativeEndian

func openChannel(protocol int) (*channel, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
	if err != nil {
		return nil, err
	}
	return newChannel(fd)
}

// newChannel owns fd, also if it fails.
func newChannel(fd int) (*channel, error) {
	c := &channel{fd: fd, in: make([]byte, pieceMax)}
	err := unix.SetNonblock(fd, true)
	if err == nil {
		unix.CloseOnExec(fd)
		err = unix.Connect(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close gives the socket back.
func (c *channel) Close() error {
	if err := unix.Close(c.fd); err != nil {
		return &fs.PathError{Op: "close", Path: "netlink socket", Err: err}
	}
	return nil
}

// ask sends the request whose body of the given length is in out behind the header, and hands each message of the
// answer to take. whole says that the answer was made at once: see wholeMax. An error of the kernel is a syscall.Errno
// in the chain.
func (c *channel) ask(kind, flags uint16, length int, take func(kind uint16, body []byte) error) (
	whole bool, err error) {
	if err := c.send(kind, flags, length); err != nil {
		return false, err
	}
	return c.answer(flags&unix.NLM_F_DUMP != 0, take)
}

// send sends the request of ask. The kernel makes the first piece of the answer now.
func (c *channel) send(kind, flags uint16, length int) error {
	if err := c.drain(); err != nil {
		return err
	}
	c.seq++
	request := c.out[:headerSize+length]
	native.PutUint32(request, uint32(len(request)))
	native.PutUint16(request[4:], kind)
	native.PutUint16(request[6:], unix.NLM_F_REQUEST|flags)
	native.PutUint32(request[8:], c.seq)
	native.PutUint32(request[12:], 0)
	c.dirty = true
	for {
		if _, err := unix.Write(c.fd, request); err != unix.EINTR {
			return err
		}
	}
}

// answer reads the answer to what was sent.
func (c *channel) answer(dump bool, take func(kind uint16, body []byte) error) (whole bool, err error) {
	pieces, size := 0, 0
	for range piecesMax {
		n, err := c.read()
		if err != nil {
			return false, err
		}
		told, done, err := c.piece(c.in[:n], dump, take)
		if told {
			pieces, size = pieces+1, size+n
		}
		if done {
			c.dirty = false
		}
		if done || err != nil {
			return pieces <= 1 && size <= wholeMax, err
		}
	}
	return false, ErrTooMany
}

// read reads one piece.
func (c *channel) read() (int, error) {
	for {
		n, err := unix.Read(c.fd, c.in)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, err
		case n == 0 || n == len(c.in):
			return 0, fmt.Errorf("%w: a piece of %d bytes", ErrMalformed, n)
		default:
			return n, nil
		}
	}
}

// drain reads what is left of an answer that nobody wanted to the end: until then the kernel takes no other question.
func (c *channel) drain() error {
	for range piecesMax {
		if !c.dirty {
			return nil
		}
		_, err := unix.Read(c.fd, c.in)
		c.dirty = err != unix.EAGAIN
		if err != nil && err != unix.EAGAIN && err != unix.EINTR && err != unix.ENOBUFS {
			return err
		}
	}
	return ErrTooMany
}

// piece takes a piece of an answer apart. told says that it had a message, done that it ends the answer: in a dump the
// kernel says so, else each answer is a single message.
func (c *channel) piece(in []byte, dump bool, take func(kind uint16, body []byte) error) (told, done bool, err error) {
	for len(in) > 0 {
		kind, flags, seq, body, rest, ok := message(in)
		if !ok {
			return told, false, ErrMalformed
		}
		in = rest
		if seq != c.seq {
			continue // of a question before
		}
		if flags&unix.NLM_F_DUMP_INTR != 0 {
			err = ErrUnstable
		}
		switch kind {
		case unix.NLMSG_NOOP:
		case unix.NLMSG_DONE, unix.NLMSG_ERROR:
			// The body of both begins with -errno; that of a DONE may be missing.
			if len(body) < 4 && kind == unix.NLMSG_ERROR {
				return told, false, ErrMalformed
			}
			if len(body) >= 4 {
				if e := int32(native.Uint32(body)); e < 0 {
					err = syscall.Errno(-e)
				}
			}
			return told, true, err
		case unix.NLMSG_OVERRUN:
			return told, false, ErrUnstable
		default:
			told = true
			if err == nil {
				err = take(kind, body)
			}
			if err != nil || !dump {
				return told, !dump, err
			}
		}
	}
	return told, false, err
}

// message cuts the first message off a piece.
func message(in []byte) (kind, flags uint16, seq uint32, body, rest []byte, ok bool) {
	if len(in) < headerSize {
		return
	}
	length := native.Uint32(in)
	if length < headerSize || uint64(length) > uint64(len(in)) {
		return
	}
	next := min(int(length+3)&^3, len(in))
	return native.Uint16(in[4:]), native.Uint16(in[6:]), native.Uint32(in[8:]), in[headerSize:length], in[next:], true
}

// attribute cuts the first attribute off what follows the fixed part of a message.
func attribute(in []byte) (kind uint16, value, rest []byte, ok bool) {
	if len(in) < 4 {
		return 0, nil, nil, false
	}
	length := int(native.Uint16(in))
	if length < 4 || length > len(in) {
		return 0, nil, nil, false
	}
	const flags = unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER
	return native.Uint16(in[2:]) &^ flags, in[4:length], in[min((length+3)&^3, len(in)):], true
}
