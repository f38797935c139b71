package tracer

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Signals to the tracer.
//
// The target shares the tracer's process group, so ^C, ^\ and a hangup reach both by themselves, and so does `kill
// -TERM -PGRP`. `kill -TERM PID` of the tracer reaches the tracer alone, and then the target must get it from us. Go
// does not say who sent a signal. But a traced task reports each signal that it gets, one that it ignores too, in a
// signal-delivery-stop. So the rule is: a signal that some task in our process group got from outside the tree as well
// was sent to the group; any other was for us and is passed on to the target. A task that sent it to itself counts as well
// (kill(0, sig) within the tree reaches us too); one that got it from another task does not.
//
// Whether a task is about to get it too can be found out for certain (forward_look.go). How long ago one may have got it
// that was sent along with ours cannot: between the runtime's handler and us nobody can look, and the kernel gives
// processes no other account of a signal that they handle (a signalfd takes only what all their threads block, which the
// runtime undoes). So that is a time.
//
// What was passed on is followed up: after SIGTERM the tree has a grace, then it is killed, at once on a second
// SIGTERM; SIGINT, SIGQUIT and SIGHUP kill it the third time within a few seconds. What the group got is never followed
// up: how often somebody presses ^C in an editor is no business of ours.
//
// Once the target has ended, ^C and ^\ can only be meant for what it left behind, which mostly does not care: a shell
// without jobs has its background ignore both. Then they are SIGTERM with its grace, for all, and the second one kills.
// That begins a moment after the end, as the key that ended the target may still be on its way to us.
//
// Everything else is left alone. SIGTSTP stops the tracer like any member of the group and the tasks stop by
// themselves; SIGCONT wakes all, and the kernel drops a stop signal that still waits to be injected. Signals that were
// ignored when this process started (nohup) stay ignored.

const (
	// groupGrace is how long before our own receipt a task's receipt of the same signal is taken for the same one.
	groupGrace = time.Second
	// insistence is the time within which the third signal kills.
	insistence = 4 * time.Second
	// defaultTermGrace is Options.TermGrace unless set.
	defaultTermGrace = 10 * time.Second
)

// passed lists the signals that are passed on.
var passed = [...]syscall.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGHUP}

func passedIndex(sig os.Signal) int {
	for i, s := range passed {
		if s == sig {
			return i
		}
	}
	return -1
}

// forwarder passes signals on. Its goroutine talks to the tree through Control; saw is the tracer's.
type forwarder struct {
	control *Control
	grace   time.Duration
	start   time.Time
	self    int // our PID
	group   int // our process group
	thread  int // the tracer's
	signals chan os.Signal
	quit    chan struct{}
	// asked counts how often the tracer's thread was to look at all stops, handled is the last of these that it did.
	asked, handled atomic.Uint32
	looked         chan struct{}
	waiting        atomic.Bool // that thread waits until something stops
	restore        func()
	done           chan struct{} // closed at the end of the goroutine
	// seen is when, since start, a task of our group last got each signal in the way of a group; 0 is never.
	seen [len(passed)]atomic.Int64
	// raised is the same for what a task sent to itself or to its group.
	raised [len(passed)]atomic.Int64
	// own says that a signal was passed on and was not seen to arrive yet.
	own    [len(passed)]atomic.Bool
	killed atomic.Bool
	// left is when, since start, the target ended and others went on; 0 is not yet.
	left atomic.Int64
}

// newForwarder starts one.
//
// Precondition: the thread is the tracer's.
func newForwarder(c *Control, grace time.Duration) *forwarder {
	if grace == 0 {
		grace = defaultTermGrace
	}
	f := &forwarder{
		control: c, grace: grace, start: time.Now(), self: os.Getpid(), group: unix.Getpgrp(), thread: unix.Gettid(),
		signals: make(chan os.Signal, 16), quit: make(chan struct{}), looked: make(chan struct{}, 1),
		done: make(chan struct{}),
	}
	// Where that fails the thread looks when the next stop comes.
	f.restore, _ = interruptible(wakeSignal)
	for _, sig := range passed {
		if !signal.Ignored(sig) {
			signal.Notify(f.signals, sig)
		}
	}
	passing.Add(1)
	go f.run()
	return f
}

// passing counts the runs that pass signals on.
var passing atomic.Int32

// PassesSignals says whether a run of this process passes signals on. Any goroutine may call it.
func PassesSignals() bool { return passing.Load() > 0 }

func (f *forwarder) stop() {
	signal.Stop(f.signals)
	passing.Add(-1)
	close(f.quit)
	<-f.done
	if f.restore != nil {
		f.restore()
	}
}

// saw is told of each signal-delivery-stop.
func (f *forwarder) saw(t *tracer, task *Task, sig syscall.Signal) {
	i := passedIndex(sig)
	if i < 0 {
		return
	}
	code, sender, errno := signalInfo(task.TID)
	if errno != 0 {
		return
	}
	if pgid, err := unix.Getpgid(task.TID); err != nil || pgid != f.group {
		return
	}
	const siUser, siKernel = 0, 0x80 // asm-generic/siginfo.h
	numbers := readStatus(task.TID).numbers("NStgid")
	switch {
	case code == siKernel: // the terminal
	case code != siUser:
		return // aimed by sigqueue or tgkill: never at a group
	case len(numbers) > 1: // in a PID namespace of its own, where who is outside has no number
		if sender == 0 && f.own[i].Swap(false) || sender != 0 && int(sender) != numbers[len(numbers)-1] {
			return
		}
	case int(sender) == f.self: // what we passed on
		f.own[i].Store(false)
		return
	case int(sender) == task.Process.TGID: // a member's kill(0, sig), or raise
		f.raised[i].Store(max(1, int64(time.Since(f.start))))
	case t.tasks[int(sender)] != nil:
		return // one task to another
	}
	f.seen[i].Store(max(1, int64(time.Since(f.start))))
}

// recently says whether a task of our group has got the signal since a while before at.
func (f *forwarder) recently(i int, at time.Duration) bool {
	seen := time.Duration(f.seen[i].Load())
	return seen != 0 && seen > at-groupGrace
}

func (f *forwarder) run() {
	defer close(f.done)
	var doom <-chan time.Time
	var times [len(passed)][]time.Time
	for {
		select {
		case <-f.quit:
			return
		case <-doom:
			f.killTree()
		case sig := <-f.signals:
			i := passedIndex(sig)
			now := time.Now()
			got := f.groupGot(i)
			if got {
				f.settles(i)
			}
			rest := f.forRest(i)
			if got && !rest {
				continue
			}
			times[i] = append(recent(times[i], now), now)
			switch {
			case (sig == unix.SIGTERM || rest) && doom != nil, len(times[i]) >= 3:
				f.killTree()
				continue
			case rest:
				doom = time.After(f.grace)
				f.control.SignalTree(unix.SIGTERM)
				continue
			case sig == unix.SIGTERM:
				doom = time.After(f.grace)
			}
			f.own[i].Store(true)
			_ = f.control.Signal(sig.(syscall.Signal)) // ESRCH: the run is about to end
		}
	}
}

// leaves is called when the target has ended and the rest is waited for.
func (f *forwarder) leaves() { f.left.Store(max(1, int64(time.Since(f.start)))) }

// forRest says whether a signal that has just come is meant to end what the target left behind. What one of these sends
// to its group is its own business.
func (f *forwarder) forRest(i int) bool {
	left, at := time.Duration(f.left.Load()), time.Since(f.start)
	raised := time.Duration(f.raised[i].Load())
	return (passed[i] == unix.SIGINT || passed[i] == unix.SIGQUIT) && left != 0 && at > left+groupGrace &&
		(raised == 0 || raised < at-groupGrace)
}

// settles waits until a task has shown who sent what the group got, if the target is gone and that matters; not for long,
// as the task may be held up.
func (f *forwarder) settles(i int) {
	at := time.Since(f.start)
	for f.left.Load() != 0 && !f.recently(i, at) && time.Since(f.start) < at+groupGrace/4 {
		time.Sleep(groupGrace / 200)
	}
}

// groupGot says whether the tree got a signal by itself that has just come to us.
func (f *forwarder) groupGot(i int) bool {
	at := time.Since(f.start)
	return f.recently(i, at) || f.groupHasIt(i) || f.recently(i, at)
}

// recent keeps the times that still count.
func recent(times []time.Time, now time.Time) []time.Time {
	for len(times) > 0 && now.Sub(times[0]) > insistence {
		times = times[1:]
	}
	return times
}

func (f *forwarder) killTree() {
	f.killed.Store(true)
	f.control.KillTree()
}
