package tracer

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// AttachError says that a process could not be attached to.
type AttachError struct {
	PID int
	// Of is the PID that was asked for, if PID is a descendant of it.
	Of   int
	Name string // as in /proc/PID/comm
	Err  error
	// Hint says why, and what to do about it; empty where nobody knows.
	Hint string
}

func (e *AttachError) Error() string {
	s := fmt.Sprintf("cannot attach to process %d", e.PID)
	if e.Name != "" {
		s += fmt.Sprintf(" (%q)", e.Name)
	}
	if e.Of != 0 {
		s += fmt.Sprintf(", a descendant of %d", e.Of)
	}
	s += ": " + e.Err.Error()
	if e.Hint != "" {
		s += ": " + e.Hint
	}
	return s
}

// Unwrap returns the errno.
func (e *AttachError) Unwrap() error { return e.Err }

// watchOptions are those of tasks that ran before and shall outlive the tracer. Without PTRACE_O_TRACESECCOMP their own
// filters find no tracer, as before.
const watchOptions = seizeOptions &^ (unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACESECCOMP)

// seizeTrees seizes the processes and all their descendants, and makes them stop. The kernel attaches what a seized task
// begins to make, so once none is still at something from before and nothing new is found nothing can be missing; it is
// looked twice, because /proc is no snapshot.
func (t *tracer) seizeTrees(pids []int) error {
	of := map[int]int{}     // what is found → the PID that was asked for
	known := map[int]life{} // the same as it was when it was found
	for _, pid := range pids {
		tgid := readStatus(pid).number("Tgid")
		known[tgid] = readLife(tgid)
		switch {
		case tgid == 0 || known[tgid].started == 0:
			return &AttachError{PID: pid, Err: unix.ESRCH, Hint: "`ps -e` lists those that there are"}
		case tgid == os.Getpid():
			return &AttachError{PID: pid, Err: unix.EPERM, Hint: "it is the tracer itself"}
		}
		of[tgid] = tgid
	}
	found := map[int]*Process{}
	s := newSeizer()
	defer func() {
		for tid, gone := range s.stop() {
			if task := t.tasks[tid]; gone && task != nil {
				delete(t.tasks, tid)
				task.Process.Tasks--
			}
		}
	}()
	deadline := time.Now().Add(longestFork)
	for quiet := 0; quiet < 2; quiet++ {
		settled := s.settled() || time.Now().After(deadline)
		lives, err := readLives()
		if err != nil {
			return err
		}
		forgetEnded(of, known, lives)
		for _, pid := range descendants(lives, of) {
			if _, ok := known[pid]; !ok {
				known[pid] = lives[pid]
			}
			// A PID is another's only after all others had their turn, which is longer than from here to there.
			if readLife(pid).started != known[pid].started {
				continue
			}
			grown, err := t.seizeProcess(s, pid, lives[pid].parent, of[pid], found)
			if err != nil {
				return err
			}
			if grown {
				quiet = -1
				deadline = time.Now().Add(longestFork)
			}
		}
		if !settled {
			quiet = -1
			time.Sleep(time.Millisecond)
		}
	}
	for pid, asked := range of {
		if pid == asked && found[pid] == nil {
			return &AttachError{PID: pid, Err: unix.ESRCH, Hint: "it has just ended"}
		}
	}
	return nil
}

// forgetEnded removes descendants that are not there any more, whose PIDs may be somebody else's by now.
func forgetEnded(of map[int]int, known, lives map[int]life) {
	for pid, asked := range of {
		if pid != asked && lives[pid].started != known[pid].started {
			delete(of, pid)
			delete(known, pid)
		}
	}
}

// seizeProcess seizes the threads of a process that are not seized yet, and says whether there were any.
func (t *tracer) seizeProcess(s *seizer, pid, parent, asked int, found map[int]*Process) (grown bool, err error) {
	threads, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	if err != nil {
		return false, nil // it is gone
	}
	for _, thread := range threads {
		tid, err := strconv.Atoi(thread.Name())
		if err != nil {
			continue
		}
		seized, errno := s.seize(pid, tid)
		switch {
		case errno != 0:
			return false, attachError(tid, pid, asked, errno)
		case !seized:
			continue
		}
		grown = true
		if t.tasks[tid] != nil {
			continue // another thread's exec has taken its TID over
		}
		p := found[pid]
		if p == nil {
			p = &Process{TGID: pid, Parent: found[parent], Attached: true, filtered: true}
			p.doubtFiles()
			found[pid] = p
			t.watch.procs = append(t.watch.procs, p)
		}
		p.Tasks++
		t.tasks[tid] = &Task{TID: tid, Process: p, watched: true}
	}
	return grown, nil
}

// descendants returns what descends from the keys of asked, with those, parents first, and adds what it finds to asked.
// This process and what descends from it is left out.
func descendants(lives map[int]life, asked map[int]int) []int {
	children := map[int][]int{}
	for pid, l := range lives {
		children[l.parent] = append(children[l.parent], pid)
	}
	var list []int
	seen := map[int]bool{os.Getpid(): true}
	var walk func(pid, root int)
	walk = func(pid, root int) {
		if seen[pid] {
			return
		}
		seen[pid] = true
		if asked[pid] == 0 {
			asked[pid] = root
		}
		list = append(list, pid)
		for _, child := range children[pid] {
			walk(child, root)
		}
	}
	for pid, root := range asked {
		if !hasAncestor(lives, pid, asked) {
			walk(pid, root)
		}
	}
	for pid, root := range asked {
		walk(pid, root) // found before, and an orphan by now
	}
	return list
}

// hasAncestor says whether an ancestor of pid is in asked.
func hasAncestor(lives map[int]life, pid int, asked map[int]int) bool {
	for n := 0; n < len(lives); n++ {
		if pid = lives[pid].parent; pid == 0 {
			return false
		}
		if asked[pid] != 0 {
			return true
		}
	}
	return false
}

// readLives returns every process.
func readLives() (map[int]life, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	lives := map[int]life{}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if l := readLife(pid); l.started != 0 {
			lives[pid] = l
		}
	}
	return lives, nil
}

func attachError(tid, pid, asked int, errno syscall.Errno) error {
	e := &AttachError{PID: pid, Err: errno}
	if asked != pid {
		e.Of = asked
	}
	name, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm") // it may be gone: then it has no name
	if n := len(name); n > 0 {
		e.Name = string(name[:n-1])
	}
	e.Hint = attachHint(errno, tracerOf(tid), yamaScope())
	return e
}

// attachHint is pure, as seizeHint.
func attachHint(errno syscall.Errno, tracer, scope int) string {
	switch {
	case errno == unix.EIO || errno == unix.EINVAL || errno == unix.ENOSYS:
		return "the kernel, or a sandbox around this program, lacks PTRACE_SEIZE"
	case tracer != 0:
		return fmt.Sprintf("process %d traces it already, and a process has only one tracer: end that first", tracer)
	case scope == 3:
		return "kernel.yama.ptrace_scope is 3: nobody may trace until the next boot"
	case scope == 2:
		return "kernel.yama.ptrace_scope is 2: attach as root"
	case scope == 1:
		return "kernel.yama.ptrace_scope is 1: attach as root, or set it to 0 (`sysctl kernel.yama.ptrace_scope=0`)"
	case errno == unix.EPERM || errno == unix.EACCES:
		return "it is another user's, or has rights of its own (set-user-ID, file capabilities), or the kernel's: " +
			"attach as root"
	}
	return ""
}
