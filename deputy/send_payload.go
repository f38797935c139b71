package deputy

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// payload is what a message says, in the task's memory, and the piece of it that is sent next.
type payload struct {
	segments []segment // what is left of the task's array; the first may be begun
	left     int64     // how many bytes are left in all, those in piece included
	piece    []byte    // what was copied and not sent

	array  []segment // room for the task's array
	buffer []byte    // room for a piece
	mapped []byte    // room for one of MSG_ZEROCOPY
	stream bool      // a part of it may be sent
	zero   bool      // MSG_ZEROCOPY
	memory int       // the task's memory for a thread that waits, -1 if all is in piece
}

type segment struct{ at, length uint64 }

const (
	segmentsMax = 1024                      // UIO_MAXIOV
	bytesMax    = (1<<31 - 1) &^ (4096 - 1) // MAX_RW_COUNT with the smallest page: a longer message is cut
)

// begin reads where the payload is: import_iovec in lib/iov_iter.c.
func (p *payload) begin(c *call, single, stream bool) syscall.Errno {
	p.left, p.piece, p.memory, p.stream = 0, nil, -1, stream
	p.zero = c.acc.Message.Flags&unix.MSG_ZEROCOPY != 0
	if p.array == nil {
		p.array = make([]segment, segmentsMax)
		p.buffer = make([]byte, pieceMax)
	}
	if single {
		length := c.acc.Socket.Args[2]
		p.array[0] = segment{c.acc.Socket.Args[1], min(length, bytesMax)}
		p.segments, p.left = p.array[:1], int64(p.array[0].length)
		return 0
	}
	m := &c.acc.Message
	if m.IovLen > segmentsMax {
		return unix.EMSGSIZE
	}
	p.segments = p.array[:m.IovLen]
	return p.readArray(c, m.Iov)
}

// readArray reads the array through the buffer.
func (p *payload) readArray(c *call, at uint64) syscall.Errno {
	abi := c.inv.ABI
	size := 2 * abi.PointerSize
	raw := p.buffer[:len(p.segments)*size]
	if errno := c.mem.Read(at, raw); errno != 0 {
		return errno
	}
	limit := uint64(1)<<(8*abi.PointerSize-1) - 1
	for i := range p.segments {
		s := segment{word(abi, raw[i*size:]), word(abi, raw[i*size+abi.PointerSize:])}
		if s.length > limit {
			return unix.EINVAL
		}
		s.length = min(s.length, uint64(bytesMax-p.left))
		p.left += int64(s.length)
		p.segments[i] = s
	}
	return 0
}

// word reads a long of the ABI.
func word(abi *arch.ABI, b []byte) uint64 {
	switch {
	case abi.PointerSize == 8 && abi.BigEndian:
		return binary.BigEndian.Uint64(b)
	case abi.PointerSize == 8:
		return binary.LittleEndian.Uint64(b)
	case abi.BigEndian:
		return uint64(binary.BigEndian.Uint32(b))
	}
	return uint64(binary.LittleEndian.Uint32(b))
}

// fill copies the next piece, of at most most bytes, from a task that is stopped. EFAULT if not a byte of it can be
// read; a stream ends before what cannot.
func (p *payload) fill(c *call, most int) syscall.Errno {
	return p.copy(most, c.mem.Read)
}

// refill is fill on a thread that waits.
func (p *payload) refill(most int) syscall.Errno {
	if p.memory < 0 {
		return 0
	}
	return p.copy(most, func(at uint64, buf []byte) syscall.Errno { return readMemory(p.memory, at, buf) })
}

// copy copies what is left, up to most bytes, unless there is a piece already.
func (p *payload) copy(most int, read func(at uint64, buf []byte) syscall.Errno) syscall.Errno {
	if len(p.piece) > 0 || p.left == 0 {
		return 0
	}
	size := int(min(p.left, int64(most)))
	buf, errno := p.room(size)
	if errno != 0 {
		return errno
	}
	n := 0
	for n < size {
		s := &p.segments[0]
		part := min(s.length, uint64(size-n))
		if part > 0 {
			if errno := read(s.at, buf[n:n+int(part)]); errno != 0 {
				if !p.stream || n == 0 {
					return errno
				}
				p.left, p.piece = int64(n), buf[:n]
				return 0
			}
		}
		s.at, s.length, n = s.at+part, s.length-part, n+int(part)
		if s.length == 0 {
			p.segments = p.segments[1:]
		}
	}
	p.piece = buf
	return 0
}

// room returns memory for a piece.
func (p *payload) room(size int) ([]byte, syscall.Errno) {
	switch {
	case p.zero:
		p.close()
		mapped, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		if err != nil {
			return nil, unix.ENOBUFS
		}
		p.mapped = mapped
		return mapped, 0
	case size <= len(p.buffer):
		return p.buffer[:size], 0
	}
	return make([]byte, size), 0
}

// consume takes off what was sent, and says whether that was less than the piece.
func (p *payload) consume(n int) (short bool) {
	p.piece = p.piece[n:]
	p.left -= int64(n)
	return len(p.piece) > 0
}

// take moves what is left to a message that waits.
func (p *payload) take(from *payload, d *Deputy, c *call, w *waiter, most int) syscall.Errno {
	*p = payload{left: from.left, stream: from.stream, zero: from.zero, memory: -1}
	if errno := from.fill(c, most); errno != 0 {
		return errno
	}
	if p.zero {
		p.piece, p.mapped = from.piece, from.mapped
		from.mapped = nil
	} else {
		p.piece = append([]byte(nil), from.piece...)
	}
	if p.left == int64(len(p.piece)) {
		return 0
	}
	p.segments = append([]segment(nil), from.segments...)
	p.buffer = make([]byte, pieceMax)
	fd, errno := d.openMemory()
	if errno != 0 {
		p.left = int64(len(p.piece)) // a short count: send(2) may return one
		return 0
	}
	p.memory = fd
	w.held = append(w.held, fd)
	return 0
}

// close gives back what was mapped; the kernel keeps what it has not sent.
func (p *payload) close() {
	if p.mapped != nil {
		_ = unix.Munmap(p.mapped) // ours
		p.mapped = nil
	}
	p.piece = nil
}

// openMemory opens the task's memory. The descriptor stays that of the program that runs now, whoever gets its number.
//
// Precondition: the thread has its own rights.
func (d *Deputy) openMemory() (fd int, errno syscall.Errno) {
	d.asTracer(func() { fd, errno = openAt(d.proc, d.entry(d.tid, "mem"), unix.O_RDONLY, 0) })
	return fd, errno
}

// readMemory reads all of buf.
func readMemory(fd int, at uint64, buf []byte) syscall.Errno {
	for len(buf) > 0 {
		n, err := unix.Pread(fd, buf, int64(at))
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return unix.EFAULT
		}
		at, buf = at+uint64(n), buf[n:]
	}
	return 0
}
