package netres

import (
	"bytes"
	"fmt"

	"golang.org/x/sys/unix"
)

// A unix name belongs to one socket at a time, or to one of each type where it is abstract (unix_bind_abstract in
// net/unix/af_unix.c). So what the kernel may skip in a long answer (readings.go) cannot make somebody else's name look
// like the tree's: it can only make a name look free.

// UnixNamed appends to list the socket that would receive what a socket of that type (SOCK_*) connects or sends to an
// abstract name: one that listens, or a datagram socket. The name is without the NUL before it and may have others.
func (n *Net) UnixNamed(typ int, abstract []byte, list []Socket) ([]Socket, error) {
	if n.diag != nil && !n.missing[protocolUnix] {
		found, err := n.unixDiag(typ, unixShowName, list, func(a unixAttributes) bool {
			return len(a.name) > 0 && a.name[0] == 0 && bytes.Equal(a.name[1:], abstract)
		})
		if err == nil || !lacking(err) {
			return found, err
		}
		n.missing[protocolUnix] = true
	}
	return n.unixProc(typ, abstract, list)
}

// UnixAt is UnixNamed for a socket that is bound to a path, by the file that it made: the device of the file system
// (as in /proc/PID/mountinfo; stat(2) shows another one on btrfs and some overlays) and the inode, of which the kernel
// tells 32 bits: where a file system has more, all sockets that look alike are told of. There is no fallback:
// /proc/net/unix has the text that bind was called with, which says nothing about where it leads.
func (n *Net) UnixAt(typ int, dev, inode uint64, list []Socket) ([]Socket, error) {
	if n.diag == nil || n.missing[protocolUnix] {
		return list, fmt.Errorf("ask which unix socket a file is: %w", unix.EOPNOTSUPP)
	}
	number := unix.Major(dev)<<20 | unix.Minor(dev) // MKDEV of linux/kdev_t.h
	found, err := n.unixDiag(typ, unixShowFile, list, func(a unixAttributes) bool {
		return a.file && a.inode == uint32(inode) && a.dev == number
	})
	if err != nil && lacking(err) {
		n.missing[protocolUnix] = true
	}
	return found, err
}

// protocolUnix stands for unix sockets in Net.missing.
const protocolUnix = -1

// Sizes, attributes and flags of linux/unix_diag.h.
const (
	unixRequestSize = 24 // sizeof(struct unix_diag_req)
	unixReplySize   = 16 // sizeof(struct unix_diag_msg)

	unixName = 0 // UNIX_DIAG_NAME
	unixFile = 1 // UNIX_DIAG_VFS

	unixShowName = 1 // UDIAG_SHOW_NAME
	unixShowFile = 2 // UDIAG_SHOW_VFS
)

// unixAttributes is what the kernel tells of the name of a socket.
type unixAttributes struct {
	name       []byte // sun_path; abstract if it starts with NUL
	file       bool
	inode, dev uint32
}

// unixDiag appends the sockets of a type that receive and whose attributes are the wanted ones. The kernel has no
// filter for names, so that it tells of all. Nobody there is only true if it was told twice where the answer is in
// pieces.
func (n *Net) unixDiag(typ int, show uint32, list []Socket, wanted func(unixAttributes) bool) ([]Socket, error) {
	for look := 0; ; look++ {
		found := list
		whole, err := n.diag.ask(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, n.diag.unixRequest(typ, show),
			func(kind uint16, body []byte) error {
				var a unixAttributes
				s, is, err := unixReply(body, &a)
				switch {
				case err != nil:
					return err
				case kind != unix.SOCK_DIAG_BY_FAMILY:
					return ErrMalformed
				case int(is) == typ && wanted(a):
					found = append(found, s)
				}
				return nil
			})
		if err != nil {
			return list, fmt.Errorf("ask which unix socket has a name: %w", err)
		}
		if whole || look > 0 || len(found) > len(list) {
			return found, nil
		}
	}
}

// unixRequest writes a struct unix_diag_req and returns its size.
func (c *channel) unixRequest(typ int, show uint32) int {
	r := c.out[headerSize : headerSize+unixRequestSize]
	clear(r)
	r[0] = unix.AF_UNIX
	states := uint32(1 << stateListen)
	if typ == unix.SOCK_DGRAM {
		states = allStates // a datagram socket never listens
	}
	native.PutUint32(r[4:], states)
	native.PutUint32(r[12:], show)
	return unixRequestSize
}

// unixReply reads a struct unix_diag_msg and what follows it. The name is valid as long as b.
func unixReply(b []byte, a *unixAttributes) (s Socket, typ uint8, err error) {
	if len(b) < unixReplySize || b[0] != unix.AF_UNIX {
		return s, 0, ErrMalformed
	}
	s = Socket{Inode: uint64(native.Uint32(b[4:])), Cookie: cookie(b[8:])}
	for rest := b[unixReplySize:]; len(rest) > 0; {
		kind, value, next, ok := attribute(rest)
		if !ok {
			return s, 0, ErrMalformed
		}
		switch {
		case kind == unixName:
			a.name = value
		case kind == unixFile && len(value) < 8:
			return s, 0, ErrMalformed
		case kind == unixFile:
			a.file, a.inode, a.dev = true, native.Uint32(value), native.Uint32(value[4:])
		}
		rest = next
	}
	return s, b[1], nil
}
