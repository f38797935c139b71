package deputy

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Control messages (cmsg(3)) are made anew from a copy. A kind has to be known to be passed on: what it says is
// either of no consequence for where the message goes, or is looked at.
//
// SCM_RIGHTS: the numbers are the task's. Each descriptor is borrowed, and ours takes its place; a receiver gets the
// same open file.
//
// SCM_CREDENTIALS: a task may claim its own IDs, and others if it has CAP_SETUID, CAP_SETGID or CAP_SYS_ADMIN
// (scm_check_creds in net/core/scm.c). A tracer that has all three checks that itself and then claims for the task
// what the kernel would have put there, the process ID included, in every message on a unix socket, whether the task
// says who it is or leaves that to the kernel. Any other tracer cannot claim a process ID: receivers are told its
// own, with the user and group that both have. That is so too for messages with descriptors, unless the task has
// CAP_SYS_ADMIN, which lets its holder have any number of descriptors on the way (too_many_unix_fds).

// control is what a message carries besides its payload.
type control struct {
	encoded []byte
	// introduces: it claims what only the capabilities introducing let the thread claim.
	introduces bool
	borrowed   []int

	raw, room []byte
}

const (
	// controlMax is more than net.core.optmem_max lets anybody send unless root has raised it: 20 KiB, 128 KiB since
	// Linux 6.7.
	controlMax = 128<<10 + 512
	// rightsMax is SCM_MAX_FD.
	rightsMax = 253
)

// Levels and kinds of linux/socket.h, linux/in.h, linux/in6.h, linux/udp.h and linux/tls.h that x/sys does not name.
const (
	solUDP   = 17
	solALG   = 279
	solTLS   = 282
	scmTSOpt = 81 // SCM_TS_OPT_ID

	tlsRecordType = 1 // TLS_SET_RECORD_TYPE

	in6PktInfo2292  = 2
	in6HopOpts2292  = 3
	in6DstOpts2292  = 4
	in6RtHdr2292    = 5
	in6HopLimit2292 = 8
	in6FlowInfo     = 11
)

// passage is what becomes of a kind of control message.
type passage uint8

const (
	passUnknown passage = iota // EINVAL: so does the kernel answer to what it does not know
	passAsIs
	passRoute  // says which way the packet goes: EPERM unless lifted
	passDevice // may say which device the packet leaves by
	passRights
	passCredentials
)

// passageOf says what becomes of a control message on a socket.
func passageOf(domain int, level, kind int32) passage {
	switch level {
	case unix.SOL_SOCKET:
		switch kind {
		case unix.SCM_RIGHTS:
			return passRights
		case unix.SCM_CREDENTIALS:
			return passCredentials
		case unix.SO_MARK, unix.SO_PRIORITY, unix.SO_TIMESTAMPING, unix.SO_TIMESTAMPING_NEW, unix.SCM_TXTIME, scmTSOpt:
			return passAsIs
		}
	case unix.SOL_IP:
		switch kind {
		case unix.IP_TOS, unix.IP_TTL, unix.IP_PROTOCOL:
			return passAsIs
		case unix.IP_PKTINFO:
			return passDevice
		case unix.IP_RETOPTS:
			return passRoute
		}
	case unix.SOL_IPV6:
		switch kind {
		case in6FlowInfo, in6HopLimit2292, unix.IPV6_HOPLIMIT, unix.IPV6_TCLASS, unix.IPV6_DONTFRAG:
			return passAsIs
		case in6PktInfo2292, unix.IPV6_PKTINFO:
			return passDevice
		case in6RtHdr2292, unix.IPV6_RTHDR, in6HopOpts2292, unix.IPV6_HOPOPTS, in6DstOpts2292, unix.IPV6_DSTOPTS,
			unix.IPV6_RTHDRDSTOPTS:
			return passRoute
		}
	case solUDP:
		if kind == unix.UDP_SEGMENT {
			return passAsIs
		}
	case solTLS:
		if kind == tlsRecordType {
			return passAsIs
		}
	case solALG:
		if domain == unix.AF_ALG {
			return passAsIs
		}
	}
	return passUnknown
}

// read reads and makes anew what the message carries.
//
// Precondition: the thread has its own rights.
func (k *control) read(d *Deputy, s *Socket, c *call) syscall.Errno {
	m := &c.acc.Message
	k.encoded, k.introduces = k.room[:0], false
	n := m.ControlLen
	if n > controlMax {
		return unix.ENOBUFS // sock_kmalloc
	}
	if uint64(len(k.raw)) < n {
		k.raw = make([]byte, max(n, 256))
	}
	if n > 0 {
		if errno := c.mem.Read(m.Control, k.raw[:n]); errno != 0 {
			return errno
		}
	}
	may, introduced := d.mayIntroduce(controlReader{abi: c.inv.ABI, rest: k.raw[:n]}), false
	for r := (controlReader{abi: c.inv.ABI, rest: k.raw[:n]}); ; {
		level, kind, data, errno := r.next()
		if errno != 0 {
			return errno
		}
		if data == nil {
			break
		}
		switch passageOf(s.Domain, level, kind) {
		case passUnknown:
			return unix.EINVAL
		case passRoute:
			if !d.routing {
				return unix.EPERM
			}
		case passDevice:
			if !d.routing {
				staysOnRoute(level, data)
			}
		case passRights:
			if errno := k.rights(d, s, data); errno != 0 {
				return errno
			}
			continue
		case passCredentials:
			introduced = true
			if errno := k.credentials(d, s, data, may); errno != 0 {
				return errno
			}
			continue
		}
		k.append(level, kind, data)
	}
	if s.Domain == unix.AF_UNIX && !introduced && may {
		return k.claim(d, d.task.users.real, d.task.groupIDs.real, may)
	}
	return 0
}

func (k *control) close() {
	for _, fd := range k.borrowed {
		closeFD(fd)
	}
	k.borrowed = k.borrowed[:0]
}

// take moves it to a message that waits.
func (k *control) take(from *control, w *waiter) {
	k.encoded = append([]byte(nil), from.encoded...)
	k.introduces = from.introduces
	w.held = append(w.held, from.borrowed...)
	from.borrowed = from.borrowed[:0]
}

// append adds a message in this machine's own layout and returns where its data is.
func (k *control) append(level, kind int32, data []byte) []byte {
	at := len(k.encoded)
	size := unix.CmsgSpace(len(data))
	if cap(k.encoded) < at+size {
		k.room = append(make([]byte, 0, max(256, 2*(at+size))), k.encoded...)
		k.encoded = k.room
	}
	k.encoded = k.encoded[:at+size]
	clear(k.encoded[at:])
	b := k.encoded[at:]
	const long = int(unsafe.Sizeof(uintptr(0)))
	if long == 8 {
		binary.NativeEndian.PutUint64(b, uint64(unix.CmsgLen(len(data))))
	} else {
		binary.NativeEndian.PutUint32(b, uint32(unix.CmsgLen(len(data))))
	}
	binary.NativeEndian.PutUint32(b[long:], uint32(level))
	binary.NativeEndian.PutUint32(b[long+4:], uint32(kind))
	b = b[unix.CmsgLen(0):][:len(data)]
	copy(b, data)
	return b
}

// staysOnRoute takes the interface out of IP_PKTINFO and IPV6_PKTINFO unless it is the loopback: a packet leaves by the one
// that is named there, whoever has its address on that wire, and this machine's own addresses lead out of it then
// (ip_route_output_key_hash_rcu in net/ipv4/route.c). Servers send back what they were told of a question; the route to
// whom they answer leads out of the same interface. The source address stays.
func staysOnRoute(level int32, data []byte) {
	at := 0 // of ipi_ifindex in struct in_pktinfo
	if level == unix.SOL_IPV6 {
		at = 16 // of ipi6_ifindex in struct in6_pktinfo
	}
	if len(data) >= at+4 && binary.NativeEndian.Uint32(data[at:]) != loopbackIndex {
		clear(data[at : at+4])
	}
}
