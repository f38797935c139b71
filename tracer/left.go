package tracer

import (
	"sync"
	"time"
)

// What a target leaves behind when it ends is waited for, however long it takes: daemons too. Whoever waits for the run
// does not see that, so it is told after a while, and from then on the keys that would have ended the target end the
// rest (forward.go).

// leftAfter is how long after the target's end Options.Left is called. Most of what outlives its parent does so for a
// moment.
const leftAfter = 3 * time.Second

// leftBehind tells who is left once the target has ended.
type leftBehind struct {
	control *Control
	tell    func(pids []int)
	timer   *time.Timer

	mu   sync.Mutex
	over bool
}

// leaves is called when the target has ended and the rest is waited for.
//
// Precondition: the thread is the tracer's.
func (t *tracer) leaves() {
	if t.forward != nil {
		t.forward.leaves()
	}
	if t.opt.Left == nil {
		return
	}
	l := &leftBehind{control: t.control, tell: t.opt.Left}
	l.timer = time.AfterFunc(leftAfter, l.now)
	t.rest = l
}

// now tells it on the timer's goroutine.
func (l *leftBehind) now() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if pids := l.control.processes(); !l.over && len(pids) > 0 {
		l.tell(pids)
	}
}

// stop lets nothing more be told. It returns when nobody is being told any more.
func (l *leftBehind) stop() {
	if l == nil {
		return
	}
	l.timer.Stop()
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
}
