package record

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/event"
	"sydbox/pathres"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// recorder is the tracer's Handler: it turns stops into lines. Everything in it belongs to the tracer's thread; only
// what the sink was given leaves it.
type recorder struct {
	recorderExtras

	cmd   *Cmd
	start time.Time
	out   *sink
	find  finder
	slow  *pathres.Resolver // find's
	// native is this machine's own ABI; rights are the recorder's, as rightsOf says.
	native *arch.ABI
	rights []byte
	// verifies: every call takes an exit stop, and what was predicted is compared.
	verifies bool

	// procs counts processes; alive are those that live.
	procs int
	alive map[*process]struct{}
	// left are those that lived on when the command had ended.
	left []int
	root unix.WaitStatus

	// waiting has what is to be told of each task's call once it has happened; spare are those that are not in use.
	waiting map[int]*pending
	spare   []*pending

	// Reused at each stop.
	acc  access.Accesses
	line event.Used
	text [access.PathMax]byte
	proc proc
	std  [3]string
	// loadedAs is what the kernel loaded last.
	loadedAs fileID
	envs     environments
	// tables are places for repeats that no process uses.
	tables []*repeats
}

// now is the time since the start, as lines have it.
func (r *recorder) now() int64 { return int64(time.Since(r.start)) }

// emit writes a line. e may be used again when it returns.
func (r *recorder) emit(e event.Event) { r.out.add(e) }

// of returns what is known of a task's process.
func of(t *tracer.Task) *process {
	p, _ := t.Process.Data.(*process)
	return p
}

// Birth numbers a new process; its threads are only counted.
func (r *recorder) Birth(parent, child *tracer.Task) {
	if p := of(child); p != nil {
		p.threads++
		r.joined(child, p)
		return
	}
	r.procs++
	p := &process{id: r.procs, pid: child.Process.TGID, threads: 1}
	child.Process.Data = p
	r.alive[p] = struct{}{}
	born := event.Born{At: r.now(), ID: p.id, PID: p.pid}
	if from := r.creator(child); from != nil {
		p.inherit(from)
		born.Parent = from.id
	}
	if parent == nil {
		p.env = r.envs.first(r.cmd.Env)
		p.cwd = readCwd(p.pid)
		born.Dir = p.cwd
	}
	if child.Process.Attached {
		r.found(p, &born)
		return
	}
	r.emit(&born)
}

// flagsOf names the flags of a call. Those of most calls are the same few.
func (r *recorder) flagsOf(inv *syscalls.Invocation) string { return access.FormatFlags(inv) }

// Death ends a process with its last thread.
func (r *recorder) Death(t *tracer.Task, status unix.WaitStatus) {
	r.forget(t)
	p := of(t)
	if p == nil {
		return
	}
	if t.TID == p.pid {
		p.status = status // that of the process: wait(2) shows nobody another thread's
	}
	if t.Process.Tasks > 0 {
		return
	}
	r.ending(p)
	r.tellRepeats(p)
	e := event.Ended{At: r.now(), ID: p.id, Threads: p.threads}
	p.spent.into(&e)
	if p.status.Signaled() {
		e.Signal, e.Core = unix.SignalName(p.status.Signal()), p.status.CoreDump()
	} else {
		e.Exit = p.status.ExitStatus()
	}
	r.emit(&e)
	r.ended(p, &e)
	delete(r.alive, p)
	if p.id == 1 {
		r.root = p.status
		for other := range r.alive {
			r.left = append(r.left, other.id)
		}
	}
}

// Syscall looks at a call before it runs.
func (r *recorder) Syscall(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	p := of(t)
	action, mine := r.called(t, p, inv)
	if mine {
		if action.Exit {
			r.wait(t, inv).hooked = true
		}
		return action
	}
	if s := changes[inv.Call]; s != nil {
		return s(r, t, p, inv)
	}
	return r.path(t, p, inv)
}

// SyscallExit looks at what came of a call.
func (r *recorder) SyscallExit(t *tracer.Task, inv *syscalls.Invocation, result int64) {
	w := r.waiting[t.TID]
	if w == nil || w.call != inv.Call {
		return
	}
	p := of(t)
	switch {
	case w.hooked:
		r.returned(t, p, inv, result)
	case w.then != nil:
		w.then(r, t, p, result)
	default:
		r.happened(t, p, w, result)
	}
	r.forget(t)
}

// Followed passes on what a followed task does.
func (r *recorder) Followed(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	return r.followed(t, of(t), inv)
}

// pending is a call whose result is waited for.
type pending struct {
	call *syscalls.Call
	info callInfo
	used event.Used // all that is known before it happens
	// directory: the object is one. sure and expected are what was predicted.
	directory, sure bool
	expected        syscall.Errno
	// hooked: returned is to be told; then is called instead of happened.
	hooked bool
	then   func(r *recorder, t *tracer.Task, p *process, result int64)
}

// wait makes room for what is known of a task's call.
func (r *recorder) wait(t *tracer.Task, inv *syscalls.Invocation) *pending {
	w := r.waiting[t.TID]
	if w == nil {
		if n := len(r.spare); n > 0 {
			w, r.spare = r.spare[n-1], r.spare[:n-1]
		} else {
			w = new(pending)
		}
		r.waiting[t.TID] = w
	}
	*w = pending{call: inv.Call}
	return w
}

// forget drops what was known of a task's call.
func (r *recorder) forget(t *tracer.Task) {
	if w := r.waiting[t.TID]; w != nil {
		delete(r.waiting, t.TID)
		r.spare = append(r.spare, w)
	}
}

// errnoName names the errno of a result, "" if it is none.
func errnoName(result int64) string {
	if result >= 0 || result < -4095 {
		return ""
	}
	errno := syscall.Errno(-result)
	if name := unix.ErrnoName(errno); name != "" {
		return name
	}
	return errno.Error()
}
