package deputy

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// A server on 0.0.0.0 is what most test suites start, and what no build should show to the network. hearLocal lets it
// be bound to what it asks for and makes it deaf to the rest of the world: a classic BPF filter on the socket
// (socket(7), SO_ATTACH_FILTER) drops every packet that did not come by the loopback interface. What the machine sends
// to any address of its own does come by it: the device of the packet is the loopback's, whichever interface has the
// address (ip_route_output_key_hash_rcu in net/ipv4/route.c). The loopback's index is 1 in every network namespace
// (LOOPBACK_IFINDEX, net/core/dev.c).
//
// TCP looks at the filter of the listening socket before it answers a SYN and before it believes an ACK (tcp_v4_rcv,
// tcp_v6_rcv), so that nobody outside can tell the port from a closed one that is silent; accepted sockets inherit
// filter and lock (sk_clone_lock in net/core/sock.c). UDP looks before it queues a datagram. SO_LOCK_FILTER (3.10)
// keeps the filter for as long as the socket lives: root cannot take it off either.
//
// It has to be there before the first packet can come: for TCP before listen, for UDP before bind. A TCP socket that is
// bound and then connects has no use for it and must not have it, or it could not hear whom the policy lets it talk to.
//
// What a program can notice: SO_GET_FILTER shows the filter, and attaching or detaching one of its own afterwards is
// EPERM, as is SO_ATTACH_REUSEPORT_CBPF. A UDP socket that was bound to a wildcard address by itself hears no answer
// from outside, even where the policy lets it send there: rules that mean that say so in [bind].
//
// A filter that the program attached before is kept and runs after ours on what ours lets through. Where ours cannot be
// put before it the socket stays unbound: an eBPF program cannot be read (EACCES; bpf(2) is refused anyway), a filter
// that the program has locked cannot be replaced (EPERM), one of 4093 instructions leaves no room (EINVAL), and MPTCP
// has sockets inside that no filter gets to (EPROTONOSUPPORT; the Go runtime goes on with TCP).

// local is how a filter begins that only the loopback passes. A packet that has no device ends the program at its first
// instruction with 0 in the accumulator, which drops it (convert_bpf_extensions in net/core/filter.c).
var local = [...]unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: adIfindex},
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, Jf: 0, K: loopbackIndex},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},
}

// last lets all through that passed; again gives a program of the tracee the accumulator that it starts with.
var (
	last  = unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff}
	again = unix.SockFilter{Code: unix.BPF_LD | unix.BPF_IMM, K: 0}
)

const (
	adIfindex     = 0xfffff000 + 8 // SKF_AD_OFF + SKF_AD_IFINDEX (linux/filter.h)
	loopbackIndex = 1
	filterMax     = 4096 // BPF_MAXINSNS
)

// hearLocal makes a socket of TCP or UDP deaf to all that does not come by the loopback interface, for good. An error
// means that it is not, and that it must not be bound or listen: EPROTONOSUPPORT for other protocols, else the
// kernel's. It may be called again for the same socket, and uses no rights but those of whoever has a socket.
func hearLocal(fd int) syscall.Errno {
	if !canHear(fd) {
		return unix.EPROTONOSUPPORT
	}
	errno := hearFiltered(fd)
	if errno == unix.EPERM {
		return hearDevice(fd)
	}
	return errno
}

// hearDevice does it without a filter, by binding the socket to the loopback interface. Some kernels keep filters from
// whoever lacks CAP_NET_ADMIN (6.18.44 does), while anybody may bind a socket to an interface once (5.7;
// sock_bindtoindex_locked in net/core/sock.c). Accepted sockets inherit that. Only CAP_NET_RAW undoes it, and the
// refusal "routing" stands before. It is narrower than the filter: what is sent to the addresses of other interfaces of this
// machine is not heard (inet_iif in include/net/route.h says that it came by those), and what the socket sends leaves by
// the loopback as well. A program can see it by SO_BINDTODEVICE.
func hearDevice(fd int) syscall.Errno {
	if hearsDevice(fd) {
		return 0
	}
	// 5.0
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, loopbackIndex); err != nil {
		return errnoOf(err)
	}
	return 0
}

// hearsDevice says whether a socket is bound to the loopback interface.
func hearsDevice(fd int) bool {
	index, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX)
	return err == nil && index == loopbackIndex
}

// hearFiltered is hearLocal by a filter.
func hearFiltered(fd int) syscall.Errno {
	// Another thread of the tracee may attach its own between any two calls; what is read after the lock stays.
	for range 4 {
		theirs, errno := socketFilter(fd)
		if errno != 0 {
			return errno
		}
		if !startsLocal(theirs) {
			if errno := attachFilter(fd, localThen(theirs)); errno != 0 {
				return errno
			}
		}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 1); err != nil {
			return errnoOf(err)
		}
		now, errno := socketFilter(fd)
		if errno != 0 {
			return errno
		}
		if startsLocal(now) {
			return 0
		}
	}
	return unix.EPERM
}

// Muffle does what Bind and Listen do for a socket that is Muffled, where the call itself is left to the task: listens says
// that it is listen(2). An error means that the call must not be done.
func (s *Socket) Muffle(listens bool) syscall.Errno {
	if !s.Muffled || !s.inet() || listens != (s.Type == unix.SOCK_STREAM) {
		return 0
	}
	return hearLocal(s.FD)
}

// MuffleSender makes a UDP socket that nobody has bound deaf to all but this machine, before a datagram is sent that
// binds it to the wildcard address. It is for trees that may send nowhere else, as no answer from elsewhere is heard. A
// socket that is bound already, or none of UDP, stays as it is. An error means that nothing may be sent.
func (s *Socket) MuffleSender() syscall.Errno {
	if !s.inet() || s.Type != unix.SOCK_DGRAM || s.Local().Port() != 0 {
		return 0
	}
	return hearLocal(s.FD)
}

// canHear says whether the protocol is one whose sockets look at their filter before anything else.
func canHear(fd int) bool {
	protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil {
		return false
	}
	switch protocol {
	case unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_UDPLITE:
		return true
	}
	return false
}

func startsLocal(program []unix.SockFilter) bool {
	return len(program) > len(local) && [len(local)]unix.SockFilter(program) == local
}

// localThen is the program that lets through what came by the loopback and what theirs, if there is one, lets through.
// Jumps are relative, so that theirs can stand behind anything.
func localThen(theirs []unix.SockFilter) []unix.SockFilter {
	program := make([]unix.SockFilter, 0, len(local)+1+len(theirs))
	program = append(program, local[:]...)
	if len(theirs) == 0 {
		return append(program, last)
	}
	return append(append(program, again), theirs...)
}

func errnoOf(err error) syscall.Errno {
	if errno, is := err.(syscall.Errno); is {
		return errno
	}
	return unix.EPERM
}
