package talk

import (
	"encoding/binary"

	"sydbox/access"
	"sydbox/syscalls"
)

// ContentMax is how much is read of one message: a question is far shorter.
const ContentMax = 2048

const (
	buffersMax  = 8 // how many buffers of a message are looked at
	messagesMax = 4 // how many messages of one call are
)

// Contents calls each with the beginning of every message of a call, as long as that returns false. size limits what is
// taken from a buffer, for messages that were received; -1 is no limit.
func Contents(mem access.Memory, inv *syscalls.Invocation, u *Use, size int, buf []byte,
	each func([]byte) (enough bool)) {
	g := gatherer{mem: mem, inv: inv, buf: buf[:0:min(len(buf), ContentMax)]}
	if size >= 0 {
		g.buf = g.buf[:0:min(cap(g.buf), size)]
	}
	switch u.Form {
	case OneBuffer:
		g.take(u.Args[1], u.Args[2])
		each(g.buf)
	case ManyBuffers:
		g.takeAll(u.Args[1], u.Args[2])
		each(g.buf)
	case OneMessage:
		g.message(u.Args[1])
		each(g.buf)
	case ManyMessages:
		for i := range min(uint64(uint32(u.Args[2])), messagesMax) {
			g.buf = g.buf[:0]
			g.message(u.Args[1] + i*8*uint64(inv.ABI.PointerSize)) // struct mmsghdr, padded
			if each(g.buf) {
				return
			}
		}
	}
}

// gatherer copies buffers one behind the other.
type gatherer struct {
	mem access.Memory
	inv *syscalls.Invocation
	buf []byte
}

// take copies one buffer, as far as there is room.
func (g *gatherer) take(addr, length uint64) {
	have := len(g.buf)
	n := min(length, uint64(cap(g.buf)-have))
	if n > 0 && g.mem.Read(g.address(addr), g.buf[have:have+int(n)]) == 0 {
		g.buf = g.buf[:have+int(n)]
	}
}

// takeAll copies the buffers of an array of struct iovec.
func (g *gatherer) takeAll(addr, count uint64) {
	for i := range min(count, buffersMax) {
		var iov [2]uint64
		if !ReadWords(g.mem, g.inv, g.address(addr+i*2*uint64(g.inv.ABI.PointerSize)), iov[:]) {
			return
		}
		g.take(iov[0], iov[1])
	}
}

// message copies the buffers of a struct msghdr: a name, its length, the array, its length.
func (g *gatherer) message(addr uint64) {
	var header [4]uint64
	if ReadWords(g.mem, g.inv, g.address(addr), header[:]) {
		g.takeAll(header[2], header[3])
	}
}

// Addressed says whether a call that sends names where to.
func Addressed(mem access.Memory, inv *syscalls.Invocation, u *Use) bool {
	switch u.Form {
	case OneBuffer:
		return u.to != 0 && u.Args[u.to] != 0
	case OneMessage, ManyMessages:
		var name [1]uint64
		return ReadWords(mem, inv, u.Args[1], name[:]) && name[0] != 0
	}
	return false
}

func (g *gatherer) address(addr uint64) uint64 {
	if g.inv.ABI.PointerSize == 4 {
		return uint64(uint32(addr))
	}
	return addr
}

// ReadWords reads an array of longs or pointers.
func ReadWords(mem access.Memory, inv *syscalls.Invocation, addr uint64, words []uint64) bool {
	var block [6 * 8]byte
	size := inv.ABI.PointerSize
	b := block[:len(words)*size]
	if mem.Read(addr, b) != 0 {
		return false
	}
	order := orderOf(inv)
	for i := range words {
		if size == 8 {
			words[i] = order.Uint64(b[8*i:])
		} else {
			words[i] = uint64(order.Uint32(b[4*i:]))
		}
	}
	return true
}

func orderOf(inv *syscalls.Invocation) binary.ByteOrder {
	if inv.ABI.BigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}
