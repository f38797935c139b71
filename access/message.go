package access

import (
	"syscall"

	"sydbox/arch"
	"sydbox/syscalls"
)

// Message is the header of a message that is sent, in a copy that nobody else can change. Where its content lies is the
// tracee's: whoever sends it copies that, too.
type Message struct {
	// Iov and IovLen are the tracee's array of struct iovec. For sendto they are 0: buffer and length are arguments.
	Iov, IovLen uint64
	// Control and ControlLen are its control messages (cmsg(3)).
	Control, ControlLen uint64
	// Flags are MSG_*: an argument of the call, and the MSG_EOR of a header of sendmmsg(2).
	Flags uint32
}

// MessagesMax is the most messages that one sendmmsg(2) sends (UIO_MAXIOV); the kernel cuts a higher number to it.
const MessagesMax = iovMax

// headerSize is sizeof(struct msghdr): name, its length, array, its length, control, its length, flags. entrySize is
// that of struct mmsghdr, with the length that was sent behind, padded.
func headerSize(abi *arch.ABI) int { return 7 * abi.PointerSize }
func entrySize(abi *arch.ABI) int  { return 8 * abi.PointerSize }

// SentOffset is where, from Args[1] on, sendmmsg(2) has the 32-bit number of bytes of the message with that index that
// were sent.
func SentOffset(abi *arch.ABI, index int) uint64 {
	return uint64(index*entrySize(abi) + headerSize(abi))
}

// DescribeMessage is Describe for one message of a sendmmsg(2), by its index: Describe itself is for the first. out
// must come from Describe of the same call at the same stop; its Socket is not read again.
func DescribeMessage(inv *syscalls.Invocation, index int, mem Memory, res Resolver, out *Accesses) syscall.Errno {
	out.N = 0
	d := describer{inv: inv, mem: mem, res: res, out: out, spec: specOf(inv.Call)}
	return d.message(index)
}

// message reads the header of a message and its address (__copy_msghdr and get_compat_msghdr in net/socket.c and
// net/compat.c).
func (d *describer) message(index int) syscall.Errno {
	s, abi := &d.out.Socket, d.inv.ABI
	m := &d.out.Message
	*m = Message{Flags: uint32(s.Args[2])}
	at := s.Args[1]
	many := s.Call == callSendmmsg
	if many {
		// A 64-bit kernel counts on beyond 4 GiB for a 32-bit call as well.
		m.Flags = uint32(s.Args[3])
		at += uint64(index * entrySize(abi))
	}
	header := d.out.block[:headerSize(abi)]
	if errno := d.mem.Read(at, header); errno != 0 {
		return errno
	}
	word := func(i int) uint64 { return getWord(abi, header[i*abi.PointerSize:]) }
	name, length := word(0), int32(getUint32(abi, header[abi.PointerSize:]))
	m.Iov, m.IovLen, m.Control, m.ControlLen = word(2), word(3), word(4), word(5)
	if many {
		m.Flags |= getUint32(abi, header[6*abi.PointerSize:]) & msgEOR // the one flag that counts in a header
	}
	if name != 0 && length < 0 {
		return syscall.EINVAL
	}
	a := d.add(0)
	if name != 0 && length != 0 {
		// A longer one is cut.
		if errno := d.readAddress(name, min(length, storageSize), &a.Addr); errno != 0 {
			return d.drop(errno)
		}
	}
	if m.IovLen > iovMax {
		return d.drop(syscall.EMSGSIZE)
	}
	return d.to(a)
}

const (
	msgEOR = 0x80
	iovMax = 1024 // UIO_MAXIOV of linux/uio.h
)
