package record

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Signals are told of as they are delivered, but for those that say that a child has ended: that is told anyway. SIGKILL
// is never delivered in a way that can be seen, so calls that send it are; and so are calls that send any signal to a
// process outside of the tree.

var (
	callKill       = syscalls.ByName("kill")
	callTkill      = syscalls.ByName("tkill")
	callTgkill     = syscalls.ByName("tgkill")
	callPidfd      = syscalls.ByName("pidfd_send_signal")
	callQueue      = syscalls.ByName("rt_sigqueueinfo")
	callQueueGroup = syscalls.ByName("rt_tgsigqueueinfo")
)

// signalArg is the argument with the signal.
var signalArg = map[*syscalls.Call]uint8{
	callKill: 1, callTkill: 1, callTgkill: 2, callPidfd: 1, callQueue: 1, callQueueGroup: 2,
}

// signalRow says when a call that sends a signal is looked at. Signal 0 is a question, and SIGURG to a thread is how Go
// interrupts its own.
func signalRow(row *syscalls.Row, call *syscalls.Call) {
	for _, sig := range []unix.Signal{0, unix.SIGURG, unix.SIGCHLD} {
		row.Clauses = append(row.Clauses, syscalls.Clause{
			Tests: []syscalls.Test{{Arg: signalArg[call], Mask: 1<<32 - 1, Value: uint64(sig)}},
		})
	}
	row.Else = stop
}

// Signal tells of a signal that is delivered to a task. from is who sent it; 0 for the kernel.
func (r *recorder) Signal(t *tracer.Task, sig unix.Signal, from int) {
	p := of(t)
	if p == nil || sig == unix.SIGCHLD || sig == unix.SIGURG {
		return
	}
	line := event.Signalled{At: r.now(), ID: p.id, Signal: signalName(sig), PID: from}
	if sender := r.living(from); sender != nil {
		line.From = sender.id
	}
	r.emit(&line)
}

// sending is a call that sends a signal out of the tree.
type sending struct {
	sig unix.Signal
	pid int
}

// kills looks at a call that sends a signal.
func (r *recorder) kills(t *tracer.Task, p *process, inv *syscalls.Invocation) (action tracer.Action) {
	sig := unix.Signal(inv.Int(int(signalArg[inv.Call])))
	pid := r.target(t, p, inv)
	if pid == 0 || pid == -1 {
		return action
	}
	if pid > 0 {
		if to := r.living(pid); to != nil {
			r.killed(p, to, sig)
			return action
		}
	} else if members := r.group(-pid); len(members) > 0 {
		for _, to := range members {
			r.killed(p, to, sig)
		}
		return action
	}
	if p.sending == nil {
		p.sending = make(map[int]sending)
	}
	p.sending[t.TID] = sending{sig: sig, pid: pid}
	action.Exit = true
	return action
}

// killed tells of a SIGKILL within the tree, before it is sent: who sends it to itself does not come back.
func (r *recorder) killed(p, to *process, sig unix.Signal) {
	if sig == unix.SIGKILL {
		r.emit(&event.Signalled{At: r.now(), ID: to.id, Signal: signalName(sig), From: p.id, PID: p.pid})
	}
}

// sent tells of a signal that went out of the tree.
func (r *recorder) sent(t *tracer.Task, p *process, result int64) {
	s, waits := p.sending[t.TID]
	delete(p.sending, t.TID)
	if waits && result == 0 {
		r.emit(&event.Signalled{At: r.now(), Signal: signalName(s.sig), From: p.id, PID: s.pid})
	}
}

// target says to whom a call sends a signal: the process, the negative number of a group; 0 if that cannot be told, as
// in a PID namespace of the task's own, where numbers mean others.
func (r *recorder) target(t *tracer.Task, p *process, inv *syscalls.Invocation) int {
	if inv.Call == callPidfd {
		return pidOf(t.TID, inv.Int(0))
	}
	if r.pidSpace == "" {
		r.pidSpace, _ = os.Readlink("/proc/self/ns/pid")
	}
	if theirs, err := os.Readlink(entry(p.pid, "ns/pid")); err != nil || theirs != r.pidSpace {
		return 0
	}
	pid := int(inv.Int(0))
	switch {
	case inv.Call == callTkill:
		return threadGroup(pid)
	case pid == 0 && inv.Call == callKill:
		own, err := unix.Getpgid(p.pid)
		if err != nil {
			return 0
		}
		return -own
	}
	return pid
}

// living returns the process of the tree with a PID; nil if there is none.
func (r *recorder) living(pid int) *process {
	if pid <= 0 {
		return nil
	}
	for p := range r.alive {
		if p.pid == pid {
			return p
		}
	}
	return nil
}

// group lists the processes of the tree that are in a group.
func (r *recorder) group(id int) (members []*process) {
	for p := range r.alive {
		if own, err := unix.Getpgid(p.pid); err == nil && own == id {
			members = append(members, p)
		}
	}
	return members
}

// pidOf is the process that a descriptor of a task refers to (pidfd_open(2)); 0 if it is none.
func pidOf(tid int, fd int32) int {
	return numberIn("/proc/"+strconv.Itoa(tid)+"/fdinfo/"+strconv.Itoa(int(fd)), "Pid:")
}

// threadGroup is the process of a thread; 0 if there is none.
func threadGroup(tid int) int { return numberIn("/proc/"+strconv.Itoa(tid)+"/status", "Tgid:") }

// numberIn returns the number behind a word of a file in /proc; 0 if there is none.
func numberIn(name, word string) int {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, is := strings.CutPrefix(line, word); is {
			n, _ := strconv.Atoi(strings.TrimSpace(rest))
			return max(n, 0)
		}
	}
	return 0
}

// signalName names a signal, also those that have only a number.
func signalName(sig unix.Signal) string {
	if name := unix.SignalName(sig); name != "" {
		return name
	}
	const realTime = 34 // SIGRTMIN, as glibc counts (signal(7))
	if sig >= realTime && sig <= 64 {
		return "SIGRTMIN+" + strconv.Itoa(int(sig)-realTime)
	}
	return "signal " + strconv.Itoa(int(sig))
}
