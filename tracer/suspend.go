package tracer

import (
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A program that suspends itself (^Z in an editor, `suspend` of a shell) by kill(0, SIGTSTP) or raise means its whole
// job, and a shell waits for it to stop. What the shell waits for is this process, which is outside: the tree's signals
// do not reach it (LANDLOCK_SCOPE_SIGNAL), and raise never did. So when the target is stopped while its group has the
// terminal and we have not been stopped, we stop as well, by the same signal. SIGCONT from the shell wakes both.
//
// SIGTTIN and SIGTTOU come to a whole group if one of it uses the terminal from the background. If that is so because a
// shell has the terminal this process stops with the group, and the shell says so. But a task can take the terminal for a
// group of its own first and have us stopped, while that group goes on without anybody who keeps its time: not then.
//
// ^Z itself stops the tracer first; the target's stop is then seen when all that is over.

const (
	// settle is how long after the target's stop the tracer looks whether it still holds.
	settle = 50 * time.Millisecond
	// wakeGrace is how long after our own continuation the target may take to show its own.
	wakeGrace = 200 * time.Millisecond
)

// suspender stops this process with its target. Its goroutines talk to the tracer by stops only.
type suspender struct {
	control *Control
	group   int // our process group
	// stops counts the target's stops and continuations: odd while it is stopped.
	stops atomic.Uint64
	conts chan os.Signal
	// terminal gets SIGTTIN and SIGTTOU, unless they were ignored when this process started.
	terminal chan os.Signal
}

func newSuspender(c *Control) *suspender {
	s := &suspender{control: c, group: unix.Getpgrp(), conts: make(chan os.Signal, 1)}
	signal.Notify(s.conts, unix.SIGCONT)
	s.terminal = make(chan os.Signal, 1)
	for _, sig := range []os.Signal{unix.SIGTTIN, unix.SIGTTOU} {
		if !signal.Ignored(sig) {
			signal.Notify(s.terminal, sig)
		}
	}
	go s.stopWithGroup()
	return s
}

func (s *suspender) stop() {
	signal.Stop(s.conts)
	signal.Stop(s.terminal)
	close(s.terminal)
}

// stopWithGroup stops this process for what the terminal has sent to its group, unless the tree has the terminal.
func (s *suspender) stopWithGroup() {
	for range s.terminal {
		group := terminalGroup()
		own := slices.ContainsFunc(s.control.processes(), func(pid int) bool {
			pgid, err := unix.Getpgid(pid)
			return err == nil && pgid == group
		})
		if group > 0 && group != s.group && !own {
			_ = unix.Kill(os.Getpid(), unix.SIGTSTP) // dropped where no shell waits, as the two are
		}
	}
}

// saw is told of each stop of the target's leader that is not a call's.
func (s *suspender) saw(ws unix.WaitStatus, pid int) {
	stopped := event(ws) == unix.PTRACE_EVENT_STOP && stops(ws.StopSignal())
	if n := s.stops.Load(); stopped == (n&1 == 1) {
		return
	}
	n := s.stops.Add(1)
	if !stopped {
		return
	}
	if pgid, err := unix.Getpgid(pid); err != nil || pgid != s.group {
		return // a session or job of its own: nobody outside waits for it to stop
	}
	go s.follow(n)
}

// follow stops this process unless the target's n-th change is over by then.
func (s *suspender) follow(n uint64) {
	select {
	case <-s.conts: // of an earlier stop
	default:
	}
	for since := time.Now(); ; since = time.Now() {
		select {
		case <-s.conts:
			return // ^Z: we were stopped too, and the shell has continued us
		case <-time.After(settle):
		}
		if s.stops.Load() != n {
			return
		}
		if time.Since(since) < 2*settle {
			break
		}
		// We may have been stopped meanwhile, and not have heard of the continuation yet.
	}
	if !s.foreground() {
		return
	}
	// Where no shell waits the kernel drops it: a stop from the terminal means nothing to an orphaned group.
	_ = unix.Kill(os.Getpid(), unix.SIGTSTP)
	select {
	case <-s.conts:
	case <-time.After(settle):
		return // it was dropped, or is ignored
	}
	// Whoever continued this process alone means the target.
	time.Sleep(wakeGrace)
	if s.stops.Load() == n {
		_ = s.control.Signal(unix.SIGCONT) // ESRCH: it is gone
	}
}

// foreground says whether our group is the one that the terminal talks to.
func (s *suspender) foreground() bool { return terminalGroup() == s.group }

// terminalGroup is the group that has the terminal, 0 if there is none.
func terminalGroup() int {
	fd, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	if err != nil {
		return 0
	}
	return group
}
