package access

import "syscall"

const (
	afUnix      = 1
	sunPath     = 2   // offset of sun_path: the family comes first
	sunSize     = 110 // sizeof(struct sockaddr_un)
	storageSize = 128 // sizeof(struct sockaddr_storage): no longer address is read
)

// socketcallBind is SYS_BIND of linux/net.h.
const socketcallBind = 2

// bind reads the address that a socket is bound to: one of the unix family with a path makes a name, as mknod does.
// Its length counts, not a NUL (unix(7), "Pathname sockets"). Unnamed and abstract addresses are no files.
func (d *describer) bind(addr uint64, length int32) syscall.Errno {
	switch {
	case length < 0 || length > storageSize:
		return syscall.EINVAL
	case length < sunPath:
		return 0 // no family: EINVAL in every protocol
	}
	buf := d.out.block[:length]
	if errno := d.mem.Read(addr, buf); errno != 0 {
		return errno
	}
	if getUint16(d.inv.ABI, buf) != afUnix {
		return 0
	}
	if length > sunSize {
		return syscall.EINVAL
	}
	path := buf[sunPath:]
	if len(path) == 0 || path[0] == 0 {
		return 0
	}
	for i, c := range path {
		if c == 0 {
			path = path[:i]
			break
		}
	}
	a := d.add(Create)
	a.Name.Create, a.Name.UnsafePath = true, path
	d.resolve()
	d.natural(newNameErrno(newSocket, a))
	return 0
}

// socketcall reads the multiplexer of i386, s390 and others. The block of arguments is read once.
func (d *describer) socketcall() syscall.Errno {
	if d.spec.extra.bits(d.inv) != socketcallBind {
		return 0
	}
	abi := d.inv.ABI
	word := abi.WordSize
	block := d.out.block[:3*word]
	if errno := d.mem.Read(d.inv.Args[d.spec.path.of()], block); errno != 0 {
		return errno
	}
	if word == 4 {
		return d.bind(uint64(getUint32(abi, block[4:])), int32(getUint32(abi, block[8:])))
	}
	return d.bind(getUint64(abi, block[8:]), int32(uint32(getUint64(abi, block[16:]))))
}
