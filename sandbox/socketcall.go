package sandbox

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access/talk"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Calls that socketcall(2) multiplexes and the filter would have judged by their registers (linux/net.h).
const (
	sysSocket     = 1
	sysSocketpair = 8
	sysSetsockopt = 14
)

var (
	callSocketcall = syscalls.ByName("socketcall")
	callSocket     = syscalls.ByName("socket")
	callSocketpair = syscalls.ByName("socketpair")
	callSetsockopt = syscalls.ByName("setsockopt")
	callPrctl      = syscalls.ByName("prctl")
	callGetCPUs    = syscalls.ByName("sched_getaffinity")
	callSetCPUs    = syscalls.ByName("sched_setaffinity")

	callSetScheduling = syscalls.ByName("sched_setattr")
)

// socketcall applies the refusals of socket, socketpair and setsockopt to a socketcall, whose arguments lie in memory where
// no filter can see them, and makes the socket itself: left to the kernel the call would read the arguments again.
// A socketpair is left to it, because there are none but unix ones to speak of. done is false if the call is to be
// judged by what it names.
func (b *box) socketcall(t *tracer.Task, inv *syscalls.Invocation) (action tracer.Action, done bool) {
	if ablated(protectSocketcall) {
		return action, false
	}
	call := callSocket
	switch inv.Uint(0) {
	case sysSocket:
	case sysSocketpair:
		call = callSocketpair
	case sysSetsockopt:
		call = callSetsockopt
	default:
		return action, false
	}
	args, ok := socketArgs(t, inv, call)
	if !ok {
		return tracer.Deny(unix.EFAULT), true
	}
	if _, errno := b.policy.Refuses(inv.ABI, call, &args); errno != 0 {
		return tracer.Deny(errno), true
	}
	if call == callSetsockopt {
		// Values have layouts that only the kernel knows. With its arguments in registers it is a call like others.
		return tracer.Action{Kind: tracer.As, Call: call, Args: args}, true
	}
	if action := b.family(t, inv, &args); action.Kind != tracer.Continue {
		return action, true
	}
	if call == callSocketpair || b.carrier.deputy == nil || !t.Gives() {
		return tracer.Action{}, true
	}
	if b.makesOwnSockets() {
		return tracer.Action{Exit: true}, true // see madeSocket
	}
	return b.makeSocket(t, &args), true
}

// makeSocket makes a socket with the task's rights.
func (b *box) makeSocket(t *tracer.Task, args *[6]uint64) tracer.Action {
	d := b.carrier.deputy
	if errno := d.Assume(t.TID); errno != 0 {
		return tracer.Deny(unix.EACCES)
	}
	if errno := d.Task(); errno != 0 {
		return tracer.Deny(unix.EACCES)
	}
	family, kind, protocol := int(int32(args[0])), int(int32(args[1])), int(int32(args[2]))
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
	if errno := d.Own(); errno != 0 && err == nil {
		unix.Close(fd)
		return tracer.Deny(unix.EACCES)
	}
	if err != nil {
		errno, _ := err.(syscall.Errno)
		if errno == unix.EMFILE {
			errno = unix.ENFILE // the tracer's table is full, which is no limit of the task's
		}
		return tracer.Deny(errno)
	}
	return tracer.Action{Kind: tracer.Give, FD: fd, CloseOnExec: kind&unix.SOCK_CLOEXEC != 0}
}

// socketArgs reads the arguments of a socketcall for one of the three calls: a long each.
func socketArgs(t *tracer.Task, inv *syscalls.Invocation, call *syscalls.Call) (args [6]uint64, ok bool) {
	n := 3 // of a pair's four, the last is where the kernel writes
	if call == callSetsockopt {
		n = 5
	}
	if !talk.ReadWords(t, inv, inv.Pointer(1), args[:n]) {
		return args, false
	}
	return args, true
}
