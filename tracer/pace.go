package tracer

import (
	"runtime"
	"time"
)

// pace is when the tracer's thread looks for stops, waits for them, and lets the Go scheduler have a turn.
type pace struct {
	// lone counts the looks in a row that found nothing, up to enough.
	lone int
	// waits counts the times that it waited without looking first.
	waits int
	// turn is when the scheduler had its last one.
	turn time.Time
}

const (
	// enough looks in vain say that no two tasks stop at once: what was looked for would be waited for anyway.
	enough = 4
	// perLook is how often it waits for one look, so that nobody starves longer than that.
	perLook = 8
	// slice is below the 10 ms after which the Go scheduler wants to preempt a goroutine.
	slice = 8 * time.Millisecond
)

// mayWait says whether to wait for a stop without looking whether there is more than one.
func (p *pace) mayWait() bool {
	if p.lone < enough {
		return false
	}
	p.waits++
	return p.waits%perLook != 0
}

// took is told how many stops a look has found.
func (p *pace) took(n int) {
	switch {
	case n > 0:
		p.lone = 0
	case p.lone < enough:
		p.lone++
	}
}

// yield is called before the thread waits. A goroutine that has run for 10 ms is preempted by a signal, and if it is found
// in a system call then, its processor is taken away as in ticker_unsafe.go. A turn of the scheduler's costs 30 µs.
// It returns the time.
func (p *pace) yield() time.Time {
	now := time.Now()
	if now.Sub(p.turn) >= slice {
		runtime.Gosched()
		p.turn = now
	}
	return now
}
