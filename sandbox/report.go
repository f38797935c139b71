package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"path"
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
// denied faster than the Reporter writes waits for it, so that no denial is lost and memory stays bounded.
type reports struct {
	queue  chan *event.Denial
	told   chan struct{} // one value after each denial, if somebody waits for it
	done   chan struct{}
	denied atomic.Int64
}

const (
	// reportQueue is how many denials may wait for the Reporter.
	reportQueue = 1024
	// reportGrace is how long a denied call waits for its report, so that on a terminal the reason comes before the
	// program's own complaint. A Reporter that is stuck delays a call by no more.
	reportGrace = 50 * time.Millisecond
)

func newReports(r Reporter) *reports {
	s := &reports{
		queue: make(chan *event.Denial, reportQueue),
		told:  make(chan struct{}, reportQueue+1),
		done:  make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		for d := range s.queue {
			if r != nil {
				r.Denied(d)
			}
			s.told <- struct{}{}
		}
	}()
	return s
}

// send hands a denial over and waits a little for it to be told.
func (s *reports) send(d *event.Denial) {
	if d.Action != actionWarn && d.Action != actionMute {
		s.denied.Add(1)
	}
	for len(s.told) > 0 { // of denials that nobody waited for any more
		<-s.told
	}
	s.queue <- d
	grace := time.NewTimer(reportGrace)
	defer grace.Stop()
	select {
	case <-s.told:
	case <-grace.C:
	}
}

// close waits until the last denial is reported.
func (s *reports) close() {
	close(s.queue)
	for {
		select {
		case <-s.told:
		case <-s.done:
			return
		}
	}
}

// Words for what was done about a denial, as event.Denial.Action spells them.
const (
	actionWarn = "warn"
	actionMute = "mute"
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

// report builds the event of a verdict and sends it. errno is 0 where the call goes on or the process is killed at exec.
func (b *box) report(t *tracer.Task, inv *syscalls.Invocation, v *verdict, errno syscall.Errno) {
	d := b.newDenial(t, v)
	if errno != 0 {
		d.Errno = unix.ErrnoName(errno)
	}
	d.Call, d.Flags, d.Op = inv.Call.Name, access.FormatFlags(inv), v.op.String()
	if v.index >= 0 && v.index < b.acc.N {
		a := &b.acc.List[v.index]
		if !a.Name.FD {
			d.Typed = string(a.Name.UnsafePath)
		}
		d.Path = string(a.Object.Path)
		d.Natural = b.naturalPermission(t, a, v.op)
	}
	b.reports.send(d)
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

// chain names a process and its ancestors up to the target. Ancestors that are gone have no name any more and are
// left out.
func chain(p *tracer.Process) []event.Process {
	var list []event.Process
	for ; p != nil && len(list) < maxChain; p = p.Parent {
		if name := processName(p.TGID); name != "" {
			list = append(list, event.Process{PID: p.TGID, Name: name})
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
