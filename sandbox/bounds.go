package sandbox

import (
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/deputy"
	"sydbox/tracer"
)

// What a tree may make sydbox hold is bounded: threads and descriptors that one of its processes takes away are lacking
// to the others, and without threads the runtime ends sydbox.
const (
	// maxWaitingOpens is how many opens may wait at once for the other end of a FIFO, a lease or a device. Each costs a thread and a few descriptors. Programs wait in ones and twos.
	maxWaitingOpens = 128
	// maxWaitingSockets is how many calls on sockets may.
	maxWaitingSockets = 1024
	// maxHands is how many Landlock domains of the tree's own may have somebody to act in them. Processes in others are
	// denied what would have to be done for them.
	maxHands = 128
)

// waitingOpens counts opens that wait.
type waitingOpens struct{ n, sockets atomic.Int32 }

// wait makes the action for an open that may wait long. One too many fails as it does where the user's memory for pipes
// is used up (open(2), ENOMEM).
func (w *waitingOpens) wait(out *deputy.Outcome) tracer.Action {
	open := out.Open
	if w.n.Add(1) > maxWaitingOpens {
		w.n.Add(-1)
		enough := make(chan struct{})
		close(enough)
		_, _ = open(enough) // opens nothing, and gives its handles back
		return tracer.Deny(unix.ENOMEM)
	}
	return tracer.Action{
		Kind: tracer.Give, CloseOnExec: out.CloseOnExec,
		Open: func(cancel <-chan struct{}) (int, syscall.Errno) {
			defer w.n.Add(-1)
			return open(cancel)
		},
	}
}

// waitFor makes the action for a call on a socket that may wait long. One too many fails as it does without a free port
// (connect(2), EAGAIN).
func (w *waitingOpens) waitFor(do func(cancel <-chan struct{}) int64) tracer.Action {
	if w.sockets.Add(1) > maxWaitingSockets {
		w.sockets.Add(-1)
		if n := abandon(do); n > 0 {
			return tracer.Action{Kind: tracer.Return, Value: n}
		}
		return tracer.Deny(unix.EAGAIN)
	}
	return tracer.Action{Kind: tracer.Wait, Do: func(cancel <-chan struct{}) int64 {
		defer w.sockets.Add(-1)
		return do(cancel)
	}}
}
