package deputy

import (
	"encoding/binary"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Calls on sockets are done on a copy of the task's descriptor: the same socket, whatever the task's threads do to its
// number meanwhile, in the network namespace that it was made in, with the options that the task gave it. The address
// is the tracer's copy, or the pin of what a path led to. So there is nothing left that anybody could exchange.

// Socket is a copy of a task's socket. It costs no allocation where it is a part of something that lives on.
type Socket struct {
	// FD is the copy, a descriptor of this process.
	FD int
	// Domain, Type and Protocol are those of socket(2).
	Domain, Type, Protocol int
	// Inode is what the kernel tells the socket by: in /proc/net, by sock_diag(7), in the links of /proc/PID/fd.
	Inode uint64
	// Muffled is the caller's to set: a socket of the internet that is bound and heard at must hear only what comes from
	// this machine. Bind and Listen see to it, and fail where they cannot.
	Muffled bool
}

// ProtocolName is what the socket's protocol is called: that of the internet, else its type; empty for others, and where
// FD is negative.
func (s *Socket) ProtocolName() string {
	switch {
	case s.FD < 0:
		return ""
	case s.Domain == unix.AF_INET || s.Domain == unix.AF_INET6:
		switch s.Protocol {
		case unix.IPPROTO_TCP, unix.IPPROTO_MPTCP:
			return "tcp"
		case unix.IPPROTO_UDP, unix.IPPROTO_UDPLITE:
			return "udp"
		case unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6:
			return "icmp"
		}
		return ""
	}
	switch s.Type {
	case unix.SOCK_STREAM:
		return "stream"
	case unix.SOCK_DGRAM:
		return "dgram"
	case unix.SOCK_SEQPACKET:
		return "seqpacket"
	}
	return ""
}

// Socket copies descriptor fd of the assumed task. EBADF and ENOTSOCK are the task's own mistakes; ESRCH says that it
// is gone, EPERM that the tracer may not look into it, ENFILE that the tracer has no room: nothing can be done for it
// then, and nothing may be left to the kernel. ENOSYS says that descriptors cannot be had at all (see Descriptor).
//
// Precondition: the thread has its own rights, as after Assume; the task is in its stop.
func (d *Deputy) Socket(fd int) (Socket, syscall.Errno) {
	if fd < 0 {
		return Socket{FD: -1}, unix.EBADF
	}
	s := Socket{FD: -1}
	var errno syscall.Errno
	if s.FD, errno = d.borrow(int32(fd)); errno != 0 {
		return s, errno
	}
	if errno = s.read(); errno != 0 {
		s.Close()
	}
	return s, errno
}

// CopySocket is Socket for whoever has no Deputy, because calls are only judged: a descriptor of task tid, a thread of
// process tgid.
func CopySocket(tid, tgid int, fd int32) (Socket, syscall.Errno) {
	s := Socket{FD: -1}
	if fd < 0 {
		return s, unix.EBADF
	}
	var errno syscall.Errno
	if s.FD, errno = Descriptor(tid, tgid, fd); errno != 0 {
		return Socket{FD: -1}, errno
	}
	if errno = s.read(); errno != 0 {
		s.Close()
	}
	return s, errno
}

// read asks the socket what it is. A descriptor of O_PATH is EBADF, one of something else ENOTSOCK.
func (s *Socket) read() (errno syscall.Errno) {
	for _, o := range [...]struct {
		name uintptr
		to   *int
	}{{unix.SO_DOMAIN, &s.Domain}, {unix.SO_TYPE, &s.Type}, {unix.SO_PROTOCOL, &s.Protocol}} {
		if *o.to, errno = getOption(s.FD, o.name); errno != 0 {
			return errno
		}
	}
	var st unix.Stat_t
	errno = fstat(s.FD, &st)
	s.Inode = uint64(st.Ino)
	return errno
}

// Close gives the copy back. A zero Socket must not be closed.
func (s *Socket) Close() {
	if s.FD >= 0 {
		closeFD(s.FD)
		s.FD = -1
	}
}

// Blocking says whether calls on the socket wait, as far as its own flags tell (O_NONBLOCK). Another thread of the
// task may change that at any moment.
func (s *Socket) Blocking() bool {
	flags, _, errno := unix.RawSyscall(unix.SYS_FCNTL, uintptr(s.FD), unix.F_GETFL, 0)
	return errno != 0 || flags&unix.O_NONBLOCK == 0
}

// Connected says whether the socket has a peer now.
func (s *Socket) Connected() bool {
	var name [addressMax]byte
	_, errno := addressOf(unix.SYS_GETPEERNAME, s.FD, &name)
	return errno == 0
}

// Listening says whether the socket takes connections.
func (s *Socket) Listening() bool {
	n, errno := getOption(s.FD, unix.SO_ACCEPTCONN)
	return errno == 0 && n != 0
}

// Local is the internet address that the socket is bound to, an IPv4-mapped one as the IPv4 address that it is; the
// zero value if it has none. A socket that was not bound has port 0.
func (s *Socket) Local() netip.AddrPort {
	var name [addressMax]byte
	n, errno := addressOf(unix.SYS_GETSOCKNAME, s.FD, &name)
	if errno != 0 || n < unix.SizeofSockaddrInet4 {
		return netip.AddrPort{}
	}
	port := binary.BigEndian.Uint16(name[2:])
	switch family := binary.NativeEndian.Uint16(name[:]); {
	case family == unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(name[4:8])), port)
	case family == unix.AF_INET6 && n >= unix.SizeofSockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(name[8:24])).Unmap(), port)
	}
	return netip.AddrPort{}
}

// inet says whether the socket is one of the internet.
func (s *Socket) inet() bool { return s.Domain == unix.AF_INET || s.Domain == unix.AF_INET6 }
