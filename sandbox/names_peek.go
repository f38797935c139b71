package sandbox

import (
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/deputy"
)

// borrowed is a copy of a socket of a task.
type borrowed struct{ fd int }

// borrowSocket copies a socket, if it is the one with that inode.
func borrowSocket(tid, tgid int, fd int32, inode uint64) (borrowed, syscall.Errno) {
	s, errno := deputy.CopySocket(tid, tgid, fd)
	if errno == 0 && s.Inode != inode {
		s.Close()
		errno = unix.EBADF
	}
	return borrowed{s.FD}, errno
}

func (s borrowed) close() { unix.Close(s.fd) }

// movesPeeks says whether a look would change where the next look begins (SO_PEEK_OFF, socket(7)).
func (s borrowed) movesPeeks() bool {
	off, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_PEEK_OFF)
	return err == nil && off >= 0
}

// queued is how many bytes can be received at once.
func (s borrowed) queued() int {
	n, err := unix.IoctlGetInt(s.fd, unix.SIOCINQ)
	if err != nil {
		return 0
	}
	return n
}

// peek reads the first of what is in the queue into buf and leaves it there. whole says that it is all of a datagram,
// from its first byte on. Of a stream it says nothing.
func (s borrowed) peek(buf []byte) (payload []byte, from netip.AddrPort, whole bool, errno syscall.Errno) {
	// A thread of the task can set SO_PEEK_OFF at any moment: then the kernel tells the datagram's whole length
	// (MSG_TRUNC) but does not fill the end of the buffer. Its last byte cannot be two values at once.
	for _, mark := range []byte{0xaa, 0x55} {
		for i := range buf {
			buf[i] = mark
		}
		n, sender, err := unix.Recvfrom(s.fd, buf, unix.MSG_PEEK|unix.MSG_DONTWAIT|s.truncates())
		if err != nil {
			errno, _ = err.(syscall.Errno)
			return nil, from, false, errno
		}
		payload, from = buf[:min(n, len(buf))], addrPortOf(sender)
		if whole = n > 0 && n <= len(buf) && buf[n-1] != mark; whole {
			break
		}
	}
	return payload, from, whole, 0
}

// truncates is MSG_TRUNC where that makes a look tell the whole length. On TCP it means to throw away.
func (s borrowed) truncates() int {
	kind, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err == nil && kind == unix.SOCK_DGRAM {
		return unix.MSG_TRUNC
	}
	return 0
}

// place is where in a TCP stream its reader is, and how much waits for it.
type place struct{ offset, queued uint64 }

// streamAt finds the place by what the kernel has received in all and what waits. ok is false if that cannot be told,
// or something came meanwhile.
func (s borrowed) streamAt() (at place, ok bool) {
	before, err := unix.GetsockoptTCPInfo(s.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return at, false
	}
	queued := uint64(s.queued())
	info, err := unix.GetsockoptTCPInfo(s.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil || info.Bytes_received != before.Bytes_received || info.State != before.State {
		return at, false
	}
	received := info.Bytes_received
	switch info.State {
	case unix.BPF_TCP_ESTABLISHED, unix.BPF_TCP_FIN_WAIT1, unix.BPF_TCP_FIN_WAIT2:
	default:
		received-- // the end of the stream counts as a byte (tcp_rcv_nxt_update in net/ipv4/tcp_input.c)
	}
	if queued > received {
		return at, false
	}
	return place{received - queued, queued}, true
}

// plainTCP says that what is received is what came: no other protocol lies upon this connection (kernel TLS with keys
// of the task's own, which it could never take off again) or splits it (MPTCP).
func (s borrowed) plainTCP() bool {
	protocol, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil || protocol != unix.IPPROTO_TCP {
		return false
	}
	upper, err := unix.GetsockoptString(s.fd, unix.IPPROTO_TCP, unix.TCP_ULP)
	return err == unix.ENOPROTOOPT || err == nil && upper == ""
}

// peer is whom the socket is connected to.
func (s borrowed) peer() netip.AddrPort {
	sa, err := unix.Getpeername(s.fd)
	if err != nil {
		return netip.AddrPort{}
	}
	return addrPortOf(sa)
}

// addrPortOf is an address of the internet, the zero value for any other.
func addrPortOf(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}
