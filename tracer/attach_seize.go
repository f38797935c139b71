package tracer

import (
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// PTRACE_SEIZE waits for an execve of the same process to end (cred_guard_mutex, kernel/ptrace.c), and that execve
// waits for its other threads to be gone, which those that are traced are not before the tracer has waited for them
// (de_thread, fs/exec.c). So while the tracer's thread is in PTRACE_SEIZE another one looks for threads of that process
// that are zombies, and reaps them. They must not stop at their end: PTRACE_O_TRACEEXIT is set at their first stop.
//
// Whether a child will be traced is decided when its creator begins to make it (kernel_clone, kernel/fork.c), which may
// take long before anybody sees the child: a task that was seized meanwhile has one that is not. So each is interrupted
// when it is seized, and until all have stopped what is found is not all.

// seizer seizes threads.
type seizer struct {
	mu     sync.Mutex
	tids   map[int][]int // the threads of each process that were seized
	busy   int           // the process of which the tracer's thread seizes one just now, 0 if it does not
	reaped map[int]bool
	quit   chan struct{}
	done   chan struct{}
	// amid are tasks that may be making another. They are the tracer's thread's.
	amid map[int]sleep
}

// sleep is since when a task has not run, and how often it had gone to sleep then.
type sleep struct {
	switches int
	since    time.Time
}

const (
	// soundSleep is how long a task sleeps that is not making another. It waits for something else, and cannot be made to
	// stop: for its child's exec, after vfork(2), or for a disk.
	soundSleep = 20 * time.Millisecond
	// longestFork bounds what is waited for who runs and does not stop.
	longestFork = 2 * time.Second
)

// settled says whether no task that was seized is making another any more, from before it was.
func (s *seizer) settled() bool {
	for tid, slept := range s.amid {
		status := readStatus(tid)
		switches := status.number("voluntary_ctxt_switches")
		switch {
		case status.ended(), status.state('t'):
			delete(s.amid, tid)
		case status.state('R'), switches != slept.switches:
			s.amid[tid] = sleep{switches, time.Now()}
		case time.Since(slept.since) >= soundSleep:
			delete(s.amid, tid)
		}
	}
	return len(s.amid) == 0
}

// reaperPause is how long a PTRACE_SEIZE may take before somebody looks why.
const reaperPause = 20 * time.Millisecond

func newSeizer() *seizer {
	s := &seizer{
		amid: map[int]sleep{}, tids: map[int][]int{}, reaped: map[int]bool{},
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		for {
			select {
			case <-s.quit:
				return
			case <-time.After(reaperPause):
				s.reap()
			}
		}
	}()
	return s
}

// stop ends it and returns the tasks that are gone.
func (s *seizer) stop() map[int]bool {
	close(s.quit)
	<-s.done
	return s.reaped
}

// reap takes the wait status of threads that nobody else can wait for now. It is not on the tracer's thread, but on one
// of the same process, which will do for wait(2).
func (s *seizer) reap() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, tid := range s.tids[s.busy] {
		if !s.reaped[tid] {
			s.reaped[tid] = reapZombie(tid)
		}
	}
}

// reapZombie says whether the task was one, and is gone now. Of a task that is traced every wait takes stops as well,
// without WSTOPPED (wait_task_stopped, kernel/exit.c): so it looks before it takes. Nobody else reaps meanwhile.
func reapZombie(tid int) bool {
	var info unix.Siginfo
	const ends = unix.WEXITED | unix.WALL | unix.WNOHANG
	err := unix.Waitid(unix.P_PID, tid, &info, ends|unix.WNOWAIT, nil)
	if err != nil || info.Signo == 0 || info.Code == cldTrapped { // 0: there is none
		return false
	}
	return unix.Waitid(unix.P_PID, tid, nil, ends, nil) == nil
}

// cldTrapped is CLD_TRAPPED (asm-generic/siginfo.h): a tracee has stopped.
const cldTrapped = 4

// seize seizes a task of process pid that was running, unless it is gone or the tracer's already: seized before, or
// made by one that was.
func (s *seizer) seize(pid, tid int) (seized bool, errno syscall.Errno) {
	const tries = 5
	for range tries {
		s.mu.Lock()
		s.busy = pid
		s.mu.Unlock()
		errno = ptraceSeizeLong(tid, watchOptions)
		s.mu.Lock()
		s.busy = 0
		if errno == 0 {
			s.tids[pid] = append(s.tids[pid], tid)
			delete(s.reaped, tid) // its TID is in use again
		}
		s.mu.Unlock()
		switch errno {
		case 0:
			s.amid[tid] = sleep{switches: -1}
			_ = ptrace(unix.PTRACE_INTERRUPT, tid, 0, 0) // ESRCH: it is gone, as its wait status will say
			return true, 0
		case unix.ESRCH:
			return false, 0
		}
		status := readStatus(tid)
		if status.ended() || status.number("TracerPid") == unix.Gettid() {
			return false, 0
		}
		// What was refused may have been a leader that was a zombie, and this the thread whose exec has its place now.
		time.Sleep(time.Millisecond)
	}
	return false, errno
}
