package sandbox

import (
	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/deputy"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// A tree in a network namespace of its own reaches nobody but itself by an address of the internet or an abstract name:
// there is nothing else to be reached. Paths of unix sockets lead out of it, and the rules judge them as ever. The
// tracer stays outside. Sockets that it copies belong to the namespace they were made in; those that it would make
// itself would not, so there it makes none.

// makesOwnSockets says that sockets must be made by the tasks themselves, also those that socketcall makes: theirs may
// belong to another network namespace than the tracer's.
func (b *box) makesOwnSockets() bool { return b.inForce.Network || b.carrier.options.UserNamespaces }

// madeSocket looks at a socket that a task made by socketcall(2), whose arguments the kernel read again: if it is one
// that is refused the process is killed. It did nothing with it yet, and any address would have been judged.
func (b *box) madeSocket(t *tracer.Task, inv *syscalls.Invocation, result int64) {
	if result < 0 || b.carrier.deputy == nil {
		return
	}
	blind := verdict{decision: policy.Decision{Action: policy.Kill}, op: access.Connect, index: -1}
	var s deputy.Socket
	errno := b.turnTo(t)
	if errno == 0 {
		s, errno = b.carrier.deputy.Socket(int(result))
	}
	switch errno {
	case 0:
	case unix.EBADF, unix.ENOTSOCK, unix.ESRCH: // closed, or another by now: whoever made that one was asked
		return
	default:
		blind.why = b.whyBlindBy(errno)
		b.end(t, inv, &blind)
		return
	}
	defer s.Close()
	args := [6]uint64{uint64(s.Domain), uint64(s.Type), uint64(s.Protocol)}
	if _, errno := b.policy.Refuses(inv.ABI, callSocket, &args); errno != 0 {
		blind.why = whyMoved
		b.end(t, inv, &blind)
	}
}
