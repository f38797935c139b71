package tracer

import (
	"cmp"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/tracer/launch"
)

// tracer is one run. All of it belongs to the tracer's thread, except what Control and forwarder guard themselves.
type tracer struct {
	h       Handler
	exits   ExitHandler   // nil if h is none
	signals SignalHandler // the same
	opt     Options
	control *Control
	forward *forwarder  // nil unless PassSignals
	rest    *leftBehind // nil until the target has ended
	suspend *suspender  // the same
	plan    *launch.Plan
	shim    *launch.Shim
	watch   *watch // nil unless it was attached to
	giver   *giver // nil where Give does not work

	tasks    map[int]*Task
	root     *Task
	launched bool // the first PTRACE_EVENT_EXEC was seen
	// tellsSharers: the filter stops each call that makes a process with its creator's descriptor table.
	tellsSharers bool
	// tellsFilters: and each that installs a filter.
	tellsFilters bool
	// tellsABI: the filter's data say of which ABI a call is that stops.
	tellsABI bool
	result   Result
	err      error // ends the run

	// held are first stops of tasks whose birth was not announced yet; unborn are those that died before it was.
	held   map[int]unix.WaitStatus
	unborn map[int]struct{}
	// heldSince is when the first of the held came, or when they were last looked at.
	heldSince time.Time

	near   nearer
	pace   pace
	ticker ticker
	crowd  crowd
	batch  []report
	left   int // how many of the batch are not handled yet
	call   rawCall
	info   syscallInfo
	regs   arch.Regs
	// noInfo: there is no PTRACE_GET_SYSCALL_INFO; orderSeen: and the order of stops was found to be that of 4.8.
	noInfo, orderSeen bool
	status            unix.WaitStatus
}

// report is what one wait4 returned.
type report struct {
	pid int
	ws  unix.WaitStatus
}

func newTracer(h Handler, opt Options) *tracer {
	t := &tracer{
		h: h, opt: opt, control: opt.Control,
		tasks: map[int]*Task{}, held: map[int]unix.WaitStatus{}, unborn: map[int]struct{}{},
		batch: make([]report, 0, 64), noInfo: opt.NoSyscallInfo, near: nearer{on: opt.Near},
	}
	t.near.tasks, t.crowd.tasks = t.tasks, t.tasks
	t.crowd.from, t.crowd.deaf = cmp.Or(opt.crowdFrom, crowdFrom), opt.deaf
	t.exits, _ = h.(ExitHandler)
	t.signals, _ = h.(SignalHandler)
	if t.control == nil {
		t.control = NewControl()
	}
	return t
}

// loop handles stops until no child is left.
func (t *tracer) loop() error {
	for {
		wanted := t.forward.wants()
		more, err := t.collect(wanted != 0)
		if err != nil {
			return err
		}
		if t.detaching() {
			t.result.Detached = true
			return nil
		}
		for i, r := range t.batch {
			t.left = len(t.batch) - 1 - i
			if r.pid != 0 {
				t.dispatch(r.pid, r.ws)
			}
			if t.err != nil {
				return t.err
			}
		}
		t.forward.has(wanted)
		if !more {
			return t.finish()
		}
	}
}

// collect takes every stop that is there, and waits if there is none; more is false once there are no children left.
// All are taken before any is handled: the kernel looks at its list in a fixed order, and a tracee near its head that
// stops all the time would starve the others. With all it does not wait.
func (t *tracer) collect(all bool) (more bool, err error) {
	t.batch = t.batch[:0]
	t.crowd.counts(len(t.tasks), t.ticker.ready)
	if all || !t.pace.mayWait() {
		switch more, err := t.takeAll(all); {
		case err != nil:
			return false, err
		case !more:
			return false, nil
		}
		t.pace.took(len(t.batch))
		if all || len(t.batch) > 0 {
			return true, nil
		}
	}
	return t.wait()
}

// takeAll puts the stops that are there into the batch, in a crowd at first those of the tasks that are asked, and the
// others now and then, or if all are wanted; more is false if there are no children.
func (t *tracer) takeAll(all bool) (more bool, err error) {
	if t.crowd.on {
		t.gather()
		now := time.Now()
		if !all && !t.crowd.mustLook(now) {
			return true, nil
		}
		t.crowd.looked = now
	}
	for {
		pid, ws, errno := poll()
		if errno != unix.EINTR && t.crowd.on {
			t.crowd.found(pid)
		}
		switch {
		case errno == unix.EINTR:
		case errno == unix.ECHILD:
			return len(t.batch) > 0, nil
		case errno != 0:
			return false, errno
		case pid == 0:
			return true, nil
		default:
			t.add(pid, ws)
		}
	}
}

// wait waits for one stop.
func (t *tracer) wait() (more bool, err error) {
	for {
		if len(t.tasks) == 0 && len(t.held) > 0 {
			t.adoptAll() // whoever would announce them is gone
		}
		pid, ws, err := t.block()
		switch err {
		case nil:
			t.add(pid, ws)
			return true, nil
		case unix.EINTR:
			if t.watch != nil && t.control.detach.Load() || t.forward.wants() != 0 {
				return true, nil
			}
		case unix.ECHILD:
			return false, nil
		default:
			return false, err
		}
	}
}

// add puts a report into the batch. An exec replaces the task that had this TID: an earlier report of the same batch
// under it speaks of the former leader, which is no more, and answering it would resume the new program unseen.
func (t *tracer) add(pid int, ws unix.WaitStatus) {
	if event(ws) == unix.PTRACE_EVENT_EXEC {
		for i := range t.batch {
			if t.batch[i].pid == pid {
				t.batch[i].pid = 0
			}
		}
	}
	if task := t.tasks[pid]; task != nil && !ws.Stopped() {
		// The kernel may have given its number to somebody else before this report's turn comes.
		task.reaped = true
		if pid == task.Process.TGID {
			t.control.remove(pid)
		}
	}
	t.batch = append(t.batch, report{pid, ws})
}

// event is the PTRACE_EVENT_* of a stop, 0 if it is none. WaitStatus.TrapCause hides those of group-stops.
func event(ws unix.WaitStatus) int {
	if !ws.Stopped() {
		return 0
	}
	return int(uint32(ws) >> 16)
}

// dispatch handles one report.
func (t *tracer) dispatch(pid int, ws unix.WaitStatus) {
	task := t.tasks[pid]
	t.opt.Counts.report(ws, t.launched)
	if task != nil && t.near.on {
		t.near.series.saw(task)
		t.near.ends(task)
	}
	if t.crowd.on {
		t.crowd.saw(pid)
	}
	switch {
	case !ws.Stopped():
		t.gone(pid, task, ws)
	case task != nil && t.launched:
		t.stop(task, ws)
	case task != nil:
		t.shimStop(task, ws)
	case !t.launched:
		// A thread of the shim's runtime, made by its leader after it was seized; the exec will end it.
		t.pass(pid, ws)
	case event(ws) == unix.PTRACE_EVENT_EXIT:
		// It was killed before its announcement. Its creator may not live to make one as long as this task is not gone.
		delete(t.held, pid)
		t.pass(pid, ws)
	case t.watch != nil && event(ws) == unix.PTRACE_EVENT_EXEC:
		t.watchExec(pid)
	default:
		t.hold(pid, ws)
	}
}

// finish ends a run in which every child was reaped.
func (t *tracer) finish() error {
	// None is left over if the kernel reported each death, but the Handler must hear of all in any case.
	for _, task := range t.tasks {
		t.gone(task.TID, task, 0)
	}
	if t.root != nil {
		return errLost
	}
	return nil
}
