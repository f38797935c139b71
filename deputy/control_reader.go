package deputy

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// controlReader finds one control message after the other as the kernel does (for_each_cmsghdr in linux/socket.h, and
// cmsghdr_from_user_compat_to_kern in net/compat.c).
type controlReader struct {
	abi  *arch.ABI
	rest []byte
}

// next returns the next one, or nil data at the end. EINVAL for a length that cannot be.
func (r *controlReader) next() (level, kind int32, data []byte, errno syscall.Errno) {
	header := r.abi.PointerSize + 8
	if len(r.rest) < header {
		return 0, 0, nil, 0
	}
	length := word(r.abi, r.rest)
	if length < uint64(header) || length > uint64(len(r.rest)) {
		return 0, 0, nil, unix.EINVAL
	}
	level, kind = r.number(r.abi.PointerSize), r.number(r.abi.PointerSize+4)
	data = r.rest[header:length:length]
	align := uint64(r.abi.PointerSize - 1)
	r.rest = r.rest[min((length+align)&^align, uint64(len(r.rest))):]
	return level, kind, data, 0
}

func (r *controlReader) number(at int) int32 {
	if r.abi.BigEndian {
		return int32(binary.BigEndian.Uint32(r.rest[at:]))
	}
	return int32(binary.LittleEndian.Uint32(r.rest[at:]))
}
