package tracer

import (
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// giftState is how far a gift has come.
type giftState uint8

const (
	noGift   giftState = iota // nothing is on its way: the call has returned, or there was none
	underWay                  // the Handler's Open or Do runs
	openFile                  // fd is open here
	decided                   // the call is to return value: a descriptor that the task has got, a result, -errno
	gaveUp                    // Open or Do ended because the call was interrupted: nothing was done
)

// gift is what one call of one task is to return: a descriptor, or a result that it has to wait for.
//
// The kernel tells the listener of each call that waits, and again after each interruption that the program does not
// see. It takes an answer and loses it if the call is interrupted at the same moment (seccomp_do_user_notification
// looks at the signal first). So a gift stays until the tracer has seen that its call returned; asked again meanwhile,
// it answers the same, which can tell a program no more than it knows. A descriptor is handed over in two steps, though
// the kernel has one for both (SECCOMP_ADDFD_FLAG_SEND): only so is our own closed before the program goes on. It might
// execute the file that it has just written (ETXTBSY), wait for the other end of a pipe to be closed, or take a lease.
// And the kernel's one step makes the call return 0 if the thread that does it is stopped (^Z) in the middle.
type gift struct {
	giver *giver
	tid   int

	// mu is held while the kernel hands over. The tracer takes it only when the task has stopped, so it waits at most
	// for another thread to notice that it is done.
	mu          sync.Mutex
	state       giftState
	fd          int
	value       int64
	closeOnExec bool
	errand      *errand // for underWay
	waiting     bool    // notification id waits for an answer
	answered    bool    // the kernel took an answer to the last one
	id          uint64
}

// wrap makes a gift of a Handler's answer: a Give or a Wait.
func (g *gift) wrap(a *Action) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.withdrawLocked()
	g.closeOnExec = a.CloseOnExec
	if a.Kind == Give && a.Open == nil {
		g.state, g.fd = openFile, a.FD
		return
	}
	e := newErrand()
	g.state, g.errand = underWay, e
	if a.Kind == Wait {
		do := a.Do
		go g.giver.guarded("the Do of a Wait", func() { g.did(e, do(e.cancel)) })
		return
	}
	open := a.Open
	go g.giver.guarded("the Open of a Give", func() {
		fd, errno := open(e.cancel)
		g.opened(e, fd, errno)
	})
}

// opened takes what an Open has come to.
func (g *gift) opened(e *errand, fd int, errno syscall.Errno) {
	defer close(e.done)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.errand != e: // nobody waits for it any more
		if errno == 0 {
			unix.Close(fd)
		}
	case errno == 0:
		g.end(openFile, fd, 0)
	default:
		g.ended(e, -int64(errno))
	}
}

// did takes what a Do has come to.
func (g *gift) did(e *errand, value int64) {
	defer close(e.done)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.errand == e {
		g.ended(e, value)
	}
}

// ended takes a result.
//
// Precondition: mu is held.
func (g *gift) ended(e *errand, value int64) {
	switch {
	case value == -int64(unix.EINTR) && e.cancelled:
		g.end(gaveUp, -1, 0)
	case value == Interrupted, restarts(value): // what makes the kernel start over is nobody's result
		g.end(decided, -1, -int64(unix.EINTR))
	default:
		g.end(decided, -1, value)
	}
}

func (g *gift) end(state giftState, fd int, value int64) {
	g.state, g.fd, g.value, g.errand = state, fd, value, nil
	g.answer()
}

// asked is told that the task waits for an answer to notification id. It is false if nothing is meant for it.
func (g *gift) asked(id uint64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state == noGift {
		return false
	}
	g.id, g.waiting, g.answered = id, true, false
	g.answer()
	return true
}

// answer brings the gift as far as it can be brought now.
//
// Precondition: mu is held.
func (g *gift) answer() {
	if !g.waiting || g.state == underWay {
		return
	}
	if g.state == openFile {
		number, errno := addDescriptor(g.giver.listener, g.id, g.fd, g.closeOnExec)
		switch errno {
		case 0:
			g.value = int64(number)
		case unix.ENOENT, unix.ESRCH: // interrupted or killed: it will ask again, or never
			g.waiting = false
			return
		default: // EMFILE; a security module
			g.value = -int64(errno)
		}
		g.state = decided
		unix.Close(g.fd)
	}
	value := g.value
	if g.state == gaveUp {
		value = -restartFirst // ERESTARTSYS; the exit stop makes of it what it would have been (giveUp)
	}
	g.waiting = false
	g.answered = answerNotification(g.giver.listener, g.id, value) == 0
}

// unanswered says whether the kernel has not taken an answer yet.
func (g *gift) unanswered() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state != noGift && !g.answered
}

// patience is how long the tracer waits for an Open or a Do that it has cancelled. Most end as soon as their goroutine
// gets to run. On a busy machine, or on a file system that does not answer, that takes longer than all other tasks can
// be held up for; the task alone waits then.
const patience = 20 * time.Millisecond

// interruption is what becomes of a gift whose call was interrupted.
type interruption uint8

const (
	kept      interruption = iota // the call starts over unseen and is answered
	overtaken                     // nothing was done, and nothing is on its way: the call is interrupted as natively
	late                          // nobody knows yet: the call starts over unseen and is answered when they do
)

// interrupted is told that the call was: it has left its notification behind.
//
// An Open or a Do that ends at that very moment counts: the other end has met it, and must not find it gone or be met
// again. So what it comes to is waited for, here for a while and then in the task.
func (g *gift) interrupted(patience time.Duration) interruption {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting, g.answered = false, false
	if g.state == underWay {
		e := g.errand
		e.end()
		g.mu.Unlock()
		e.wait(patience)
		g.mu.Lock()
	}
	switch g.state {
	case underWay:
		return late
	case gaveUp:
		g.withdrawLocked()
		return overtaken
	}
	return kept
}

// hasGivenUp says whether Open or Do ended because of an interruption, and nothing was done.
func (g *gift) hasGivenUp() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state == gaveUp
}

// withdraw takes the gift back, whatever has become of it.
func (g *gift) withdraw() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.withdrawLocked()
}

func (g *gift) withdrawLocked() {
	switch g.state {
	case underWay:
		g.errand.end()
	case openFile:
		unix.Close(g.fd)
	}
	g.state, g.waiting, g.answered, g.errand = noGift, false, false, nil
}
