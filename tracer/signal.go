package tracer

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalHandler is what a Handler is as well that wants to hear of signals.
type SignalHandler interface {
	// Signal is called when a signal is about to be delivered to t, also where it is ignored: a traced task stops for
	// that too. It cannot be changed. SIGKILL is never seen here: Death has it in its status. from is the PID of the
	// process that sent it, as the receiver's PID namespace has it; 0 for the kernel (a fault, a timer, the terminal, a
	// child's end) and for a process outside of that namespace.
	Signal(t *Task, sig unix.Signal, from int)
}

// signalled tells the Handler of a signal-delivery-stop.
func (t *tracer) signalled(task *Task, sig syscall.Signal) {
	if task.state.give.waits && task.state.give.blocked {
		return // it is put off, and comes again (interrupted)
	}
	code, sender, errno := signalInfo(task.TID)
	if errno != 0 {
		return // it is dying
	}
	switch code {
	case siUser, siQueue, siTkill:
	default:
		sender = 0
	}
	t.signals.Signal(task, sig, int(sender))
}

// Values of si_code for signals that processes send (asm-generic/siginfo.h).
const (
	siUser  = 0
	siQueue = -1
	siTkill = -6
)
