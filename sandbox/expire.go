package sandbox

import (
	"time"

	"golang.org/x/sys/unix"
)

// watch ends the run when its time is up or its context is done.
func (r *run) watch(c *Cmd) {
	if c.Timeout > 0 {
		go r.expire(c)
	}
	if c.ctx.Done() == nil {
		return
	}
	go func() {
		select {
		case <-c.ctx.Done():
			r.control.KillTree()
		case <-r.ended:
		}
	}()
}

// expire ends the run when its time is up: everything is asked to end, and made to where that does not help.
func (r *run) expire(c *Cmd) {
	if !r.lasts(c.Timeout) {
		return
	}
	r.timedOut.Store(true)
	if c.Grace > 0 {
		r.control.SignalTree(unix.SIGTERM)
		r.control.SignalTree(unix.SIGCONT) // what is stopped would hear of it only then
		if !r.lasts(c.Grace) {
			return
		}
	}
	r.control.KillTree()
}

// lasts waits for the end of the run, for at most d. It says whether the run goes on.
func (r *run) lasts(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.ended:
		return false
	}
}
