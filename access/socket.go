package access

import (
	"syscall"

	"sydbox/arch"
	"sydbox/syscalls"
)

// Calls that socketcall(2) multiplexes (linux/net.h).
const (
	sysBind     = 2
	sysConnect  = 3
	sysListen   = 4
	sysSendto   = 11
	sysSendmsg  = 16
	sysSendmmsg = 20
)

var (
	callBind     = syscalls.ByName("bind")
	callConnect  = syscalls.ByName("connect")
	callListen   = syscalls.ByName("listen")
	callSendto   = syscalls.ByName("sendto")
	callSendmmsg = syscalls.ByName("sendmmsg")
)

// multiplexed has those of socketcall's calls that Describe speaks about, with how many arguments they have in memory.
var multiplexed = map[uint32]struct {
	call *syscalls.Call
	args int
}{
	sysBind:     {callBind, 3},
	sysConnect:  {callConnect, 3},
	sysListen:   {callListen, 2},
	sysSendto:   {callSendto, 6},
	sysSendmsg:  {syscalls.ByName("sendmsg"), 3},
	sysSendmmsg: {callSendmmsg, 4},
}

// SocketCall is a call on a socket as it would be without socketcall(2), whose arguments lie in memory: they were read
// once.
type SocketCall struct {
	// Call is "connect", "bind", "listen", "sendto", "sendmsg" or "sendmmsg"; nil if the call is none of these.
	Call *syscalls.Call
	// FD is the socket.
	FD int32
	// Args are the arguments as in registers.
	Args [6]uint64
}

// socketCall reads the arguments of a call on a socket.
func (d *describer) socketCall() syscall.Errno {
	s := &d.out.Socket
	*s = SocketCall{Call: d.inv.Call, Args: d.inv.Args}
	d.out.Message = Message{}
	if d.spec.shape == socketcall {
		m, known := multiplexed[d.spec.extra.bits(d.inv)]
		if !known {
			*s = SocketCall{}
			return 0
		}
		*s = SocketCall{Call: m.call}
		if errno := d.readWords(d.inv.Args[d.spec.path.of()], s.Args[:m.args]); errno != 0 {
			return errno
		}
	}
	s.FD = int32(uint32(s.Args[0]))
	switch s.Call {
	case callBind:
		return d.bind(s.Args[1], int32(uint32(s.Args[2])))
	case callConnect:
		return d.connect(s.Args[1], int32(uint32(s.Args[2])))
	case callListen:
		d.add(Bind) // which address it gives a socket that has none is for whoever can ask the socket
		return 0
	case callSendto:
		return d.sendto(s)
	case callSendmmsg:
		if uint32(s.Args[2]) == 0 {
			return 0 // it sends nothing, and reads nothing (__sys_sendmmsg in net/socket.c)
		}
	}
	return d.message(0)
}

// readWords reads an array of longs.
func (d *describer) readWords(addr uint64, words []uint64) syscall.Errno {
	abi := d.inv.ABI
	size := abi.PointerSize
	block := d.out.block[:len(words)*size]
	if errno := d.mem.Read(addr, block); errno != 0 {
		return errno
	}
	for i := range words {
		words[i] = getWord(abi, block[i*size:])
	}
	return 0
}

// getWord reads a long or pointer of the ABI.
func getWord(abi *arch.ABI, b []byte) uint64 {
	if abi.PointerSize == 4 {
		return uint64(getUint32(abi, b))
	}
	return getUint64(abi, b)
}

// bind reads the address that a socket is bound to: one of the unix family with a path makes a name, as mknod does.
func (d *describer) bind(addr uint64, length int32) syscall.Errno {
	a := d.add(Bind)
	if errno := d.readAddress(addr, length, &a.Addr); errno != 0 {
		return d.drop(errno)
	}
	if errno := a.Addr.parse(d.inv.ABI, false); errno != 0 {
		return d.drop(errno)
	}
	if a.Addr.Family == afUnspec {
		if errno := a.Addr.parseUnspec(d.inv.ABI, false); errno != 0 {
			return d.drop(errno)
		}
	}
	if !a.Addr.Path() {
		return 0
	}
	a.Op = Bind | Create
	a.Name.Create, a.Name.UnsafePath = true, a.Addr.unixPath()
	d.resolve()
	d.natural(newNameErrno(newSocket, a))
	return 0
}

// connect reads the address that a socket is connected to. AF_UNSPEC dissolves a connection, whatever follows it
// (connect(2)), or is refused.
func (d *describer) connect(addr uint64, length int32) syscall.Errno {
	a := d.add(Connect)
	if errno := d.readAddress(addr, length, &a.Addr); errno != 0 {
		return d.drop(errno)
	}
	if errno := a.Addr.parse(d.inv.ABI, true); errno != 0 {
		return d.drop(errno)
	}
	if a.Addr.Family == afUnspec {
		a.Op = 0
		return 0
	}
	return d.reach(a)
}

// reach resolves the path of a unix socket that is to be reached.
func (d *describer) reach(a *Access) syscall.Errno {
	if !a.Addr.Path() {
		return 0
	}
	a.Name.Follow, a.Name.UnsafePath = true, a.Addr.unixPath()
	d.resolve()
	d.natural(socketErrno(a))
	return 0
}

// socketErrno is for what is to be reached by the path of a socket (unix_find_bsd in net/unix/af_unix.c).
func socketErrno(a *Access) syscall.Errno {
	if errno := lookupErrno(a, false); errno != 0 {
		return errno
	}
	if a.Object.known() && a.Object.Kind != Socket {
		return syscall.ECONNREFUSED
	}
	return 0
}

// sendto reads where a datagram goes. Without an address nothing is reached that was not before.
func (d *describer) sendto(s *SocketCall) syscall.Errno {
	d.out.Message.Flags = uint32(s.Args[3])
	a := d.add(0)
	if s.Args[4] == 0 {
		return 0
	}
	if errno := d.readAddress(s.Args[4], int32(uint32(s.Args[5])), &a.Addr); errno != 0 {
		return d.drop(errno)
	}
	return d.to(a)
}

// to says whom the address of a message reaches. One of no bytes is none (tcp, unix) or an error (udp), and so is an
// AF_UNSPEC that is too short to be taken for an IPv4 address: they reach nobody, and the kernel says what they are.
func (d *describer) to(a *Access) syscall.Errno {
	if len(a.Addr.Raw) == 0 {
		return 0
	}
	if errno := a.Addr.parse(d.inv.ABI, true); errno != 0 {
		return d.drop(errno)
	}
	if a.Addr.Family == afUnspec && a.Addr.parseUnspec(d.inv.ABI, true) != 0 {
		return 0
	}
	a.Op = Connect
	return d.reach(a)
}
