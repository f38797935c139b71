package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/policy/program"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// reports carries denials from the tracer's thread to the Reporter's goroutine. The queue is bounded: a tree that is
// denied faster than the Reporter writes waits for it. Only a Reporter that does not move at all is not waited for:
// then denials are counted and not reported, so that nobody can hold up the tree by not reading.
type reports struct {
	queue  chan *event.Denial
	told   chan struct{} // one value after each denial, if somebody waits for it
	done   chan struct{}
	denied atomic.Int64
	lost   atomic.Int64 // denials that were not reported
	moved  atomic.Int64 // denials that the Reporter is done with
	fault  error        // of the Reporter; written before done is closed

	// Of the tracer's thread: what moved said when waiting for a report, or for room in the queue, was in vain.
	late, stuck int64
}

const (
	// reportQueue is how many denials may wait for the Reporter.
	reportQueue = 1024
	// reportGrace is how long a denied call waits for its report, so that on a terminal the reason comes before the
	// program's own complaint. A Reporter that is stuck delays one call so long, and no other.
	reportGrace = 50 * time.Millisecond
	// reportPatience is how long the tree waits for a Reporter that does not move. It pays that once for each time that
	// the Reporter gets stuck.
	reportPatience = 5 * time.Second
)

func newReports(r Reporter) *reports {
	s := &reports{
		queue: make(chan *event.Denial, reportQueue),
		told:  make(chan struct{}, reportQueue+1),
		done:  make(chan struct{}),
		late:  -1,
		stuck: -1,
	}
	go func() {
		defer close(s.done)
		for d := range s.queue {
			if r != nil {
				s.tell(r, d)
			}
			s.moved.Add(1)
			s.told <- struct{}{}
		}
	}()
	return s
}

// tell reports one denial. A Reporter that panics over it has not reported it; the run goes on.
func (s *reports) tell(r Reporter, d *event.Denial) {
	defer func() {
		if p := recover(); p != nil {
			s.lost.Add(1)
			if s.fault == nil {
				s.fault = &FaultError{Detail: fmt.Sprintf("%v\n\nreporter's goroutine:\n%s", p, debug.Stack())}
			}
		}
	}()
	provokeReport()
	r.Denied(d)
}

// send hands a denial over and waits a little for it to be told.
func (s *reports) send(d *event.Denial) {
	if d.Action != actionWarn && d.Action != actionMute && d.Action != actionUnseen {
		s.denied.Add(1)
	}
	for len(s.told) > 0 { // of denials that nobody waited for any more
		<-s.told
	}
	switch {
	case !s.enqueue(d):
		s.lost.Add(1)
		return
	case s.late == s.moved.Load():
		return
	}
	grace := time.NewTimer(reportGrace)
	defer grace.Stop()
	select {
	case <-s.told:
	case <-grace.C:
		s.late = s.moved.Load()
	}
}

// enqueue puts a denial into the queue as soon as there is room; false if that cannot be waited for.
func (s *reports) enqueue(d *event.Denial) bool {
	select {
	case s.queue <- d:
		return true
	default:
	}
	for moved := s.moved.Load(); moved != s.stuck; moved = s.moved.Load() {
		patience := time.NewTimer(reportPatience)
		select {
		case s.queue <- d:
			patience.Stop()
			return true
		case <-patience.C:
			if moved == s.moved.Load() {
				s.stuck = moved
			}
		}
	}
	return false
}

// close waits until the last denial is reported and returns the Reporter's fault, if it had one.
func (s *reports) close() error {
	close(s.queue)
	for {
		select {
		case <-s.told:
		case <-s.done:
			return s.fault
		}
	}
}

// Words for what was done about a denial, as event.Denial.Action spells them.
const (
	actionWarn   = "warn"
	actionMute   = "mute"
	actionUnseen = "unseen"
)

// reportAll reports a verdict and whatever else the call may not do: a rename can be denied at both names, and who
// allows one must know of the other.
func (b *box) reportAll(t *tracer.Task, inv *syscalls.Invocation, v *verdict, errno syscall.Errno) {
	b.report(t, inv, v, errno)
	for i := range b.acc.N {
		var other verdict
		if i != v.index {
			b.judgeOne(i, &b.acc.List[i], &other)
		}
		if other.decision.Denied() && other.decision.Action != policy.Mute {
			b.report(t, inv, &other, errno)
		}
	}
}

// reportLoaded reports a program that the second look denies.
func (b *box) reportLoaded(t *tracer.Task, id *program.Identity, v *verdict) {
	d := b.newDenial(t, v)
	d.Call, d.Op = "execve", v.op.String()
	for i := range id.Names {
		if n := &id.Names[i]; n.How == program.Canonical || d.Path == "" && n.How == program.Typed {
			d.Path = string(n.Text)
		}
	}
	b.reports.send(d)
}

// report sends the event of a verdict. errno is 0 where the call goes on or the process is killed at its exec.
func (b *box) report(t *tracer.Task, inv *syscalls.Invocation, v *verdict, errno syscall.Errno) {
	b.reports.send(b.denial(t, inv, v, errno))
}

// denial builds the event of a verdict.
func (b *box) denial(t *tracer.Task, inv *syscalls.Invocation, v *verdict, errno syscall.Errno) *event.Denial {
	d := b.newDenial(t, v)
	if errno != 0 {
		d.Errno = unix.ErrnoName(errno)
	}
	d.Call, d.Flags = inv.Call.Name, access.FormatFlags(inv)
	if v.op != 0 { // else not even that could be told
		d.Op = v.op.String()
	}
	if v.index >= 0 && v.index < b.acc.N {
		a := &b.acc.List[v.index]
		if !a.Name.FD {
			d.Typed = string(a.Name.UnsafePath)
		}
		d.Path = string(a.Object.Path)
		d.Natural = b.naturalPermission(t, a, v.op)
		if v.op&(access.Connect|access.Bind) != 0 {
			b.addressOf(d, a)
		}
	}
	return d
}

// newDenial begins an event: who it was, and what decided.
func (b *box) newDenial(t *tracer.Task, v *verdict) *event.Denial {
	d := &event.Denial{
		Time:   time.Now(),
		Action: v.decision.Action.String(),
		PID:    t.Process.TGID,
		TID:    t.TID,
		Chain:  chain(t.Process),
		Why:    v.why,
	}
	if b.mode == WarnOnly {
		d.Action = actionWarn
	}
	d.Dir, _ = os.Readlink(fmt.Sprintf("/proc/%d/cwd", t.TID))
	if r := v.decision.Rule; r != nil {
		d.Rule = eventRule(r)
	}
	return d
}

func eventRule(r *policy.Rule) event.Rule {
	return event.Rule{
		Section: r.Section.String(),
		Action:  r.Action.String(),
		Text:    r.Text,
		Source:  r.Source,
		Line:    r.Line,
		Column:  r.Column,
	}
}

// maxChain bounds a report's ancestry; a build's is rarely deeper than twenty.
const maxChain = 32

// chain names a process and its ancestors up to the target. Ancestors that are gone have no name any more, and their
// numbers may be others': they are left out.
func chain(p *tracer.Process) []event.Process {
	var list []event.Process
	for a := p; a != nil && len(list) < maxChain; a = a.Parent {
		if a != p && a.Tasks == 0 {
			continue
		}
		name := processName(a.TGID)
		if name == "" && a == p {
			name = "?" // it was killed meanwhile, or cannot be looked at
		}
		if name != "" {
			list = append(list, event.Process{PID: a.TGID, Name: name})
		}
	}
	return list
}

// commLen is the longest name the kernel keeps for a task, without its NUL (TASK_COMM_LEN, linux/sched.h).
const commLen = 15

// processName is the task's name: for a script its own, not the interpreter's. A name that the kernel had to cut is
// completed from argv where that agrees.
func processName(pid int) string {
	dir := "/proc/" + strconv.Itoa(pid)
	comm, err := os.ReadFile(dir + "/comm")
	if err != nil {
		return ""
	}
	comm = bytes.TrimSuffix(comm, []byte{'\n'})
	if len(comm) < commLen {
		return string(comm)
	}
	argv, _ := os.ReadFile(dir + "/cmdline")
	for _, arg := range bytes.SplitN(argv, []byte{0}, 4) {
		if base := path.Base(string(arg)); len(base) > commLen && base[:commLen] == string(comm) {
			return base
		}
	}
	return string(comm)
}
