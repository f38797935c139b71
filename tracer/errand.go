package tracer

import (
	"time"

	"golang.org/x/sys/unix"
)

// errand is one call of a Handler's Open or Do.
type errand struct {
	cancel    chan struct{} // closed when nobody waits any more, or not for longer
	done      chan struct{} // closed when it has ended
	cancelled bool          // guarded by the gift's mu
}

func newErrand() *errand { return &errand{cancel: make(chan struct{}), done: make(chan struct{})} }

// end asks it to.
//
// Precondition: the gift's mu is held.
func (e *errand) end() {
	if !e.cancelled {
		e.cancelled = true
		close(e.cancel)
	}
}

// wait waits for its end, but not longer than that.
func (e *errand) wait(patience time.Duration) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-e.done:
	case <-timer.C:
	}
}

// discard gets rid of what an Action brings that cannot be carried out. A panic in what it calls has nobody else to
// go to than the process.
func (a *Action) discard() {
	cancel := make(chan struct{})
	close(cancel)
	switch {
	case a.Kind == Wait:
		do := a.Do // captured alone, here and below: the Action of a stop must not move to the heap
		go do(cancel)
	case a.Kind != Give:
	case a.Open == nil:
		unix.Close(a.FD)
	default:
		open := a.Open
		go func() {
			if fd, errno := open(cancel); errno == 0 {
				unix.Close(fd)
			}
		}()
	}
}
