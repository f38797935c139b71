package sandbox

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
	"sydbox/tracer"
)

// Calls that socketcall(2) multiplexes and the filter would have judged by their registers (linux/net.h).
const (
	sysSocket     = 1
	sysSocketpair = 8
)

var (
	callSocketcall = syscalls.ByName("socketcall")
	callSocket     = syscalls.ByName("socket")
	callSocketpair = syscalls.ByName("socketpair")
	callPrctl      = syscalls.ByName("prctl")
)

// refuseSocket applies the refusals of socket and socketpair to a socketcall, whose arguments lie in memory where no
// filter can see them. 0 means that none applies.
func (b *box) refuseSocket(t *tracer.Task, inv *syscalls.Invocation) syscall.Errno {
	call := callSocket
	switch inv.Uint(0) {
	case sysSocket:
	case sysSocketpair:
		call = callSocketpair
	default:
		return 0
	}
	var block [3 * 8]byte // family, type, protocol: a long each
	size := inv.ABI.PointerSize
	if errno := t.Read(inv.Pointer(1), block[:3*size]); errno != 0 {
		return unix.EFAULT
	}
	var order binary.ByteOrder = binary.LittleEndian
	if inv.ABI.BigEndian {
		order = binary.BigEndian
	}
	var args [6]uint64
	for i := range 3 {
		if size == 8 {
			args[i] = order.Uint64(block[i*8:])
		} else {
			args[i] = uint64(order.Uint32(block[i*4:]))
		}
	}
	_, errno := b.policy.Refuses(inv.ABI, call, &args)
	return errno
}
