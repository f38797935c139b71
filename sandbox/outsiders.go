package sandbox

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Calls that act on a process by its number: a member of the tree may be meant, nobody else.
//
// A member is left to the kernel, which then does all that belongs to the call. The number is in a register, out of
// reach of other threads, and leads to the same process until the tracer has reaped it, which it cannot do while it
// is here; to be another's by the time the kernel looks, a few instructions after the task was let go, every number
// there is would have to be used up in between. A group is another matter, see signalGroup.
//
// None of this stops where a Landlock domain keeps signals inside (policy.FilterOptions), save priorities and limits.

// refusalOutsiders is the refusal that lifts all this.
const refusalOutsiders = "outsiders"

// taskCall judges one call.
type taskCall func(b *box, t *tracer.Task, inv *syscalls.Invocation) tracer.Action

var taskCalls = map[*syscalls.Call]taskCall{}

func init() {
	for name, judge := range map[string]taskCall{
		"kill":              (*box).kill,
		"tkill":             onArgument(actSignal, 0),
		"tgkill":            onArgument(actSignal, 1),
		"rt_sigqueueinfo":   onArgument(actSignal, 0),
		"rt_tgsigqueueinfo": onArgument(actSignal, 1),
		"pidfd_send_signal": (*box).pidfdSignal,
		"fcntl":             (*box).setOwner,
		"fcntl64":           (*box).setOwner,

		"setpgid":            (*box).joinGroup,
		"setpriority":        (*box).setPriority,
		"ioprio_set":         (*box).setPriority,
		"sched_setaffinity":  onArgument(actPriority, 0),
		"sched_set_affinity": onArgument(actPriority, 0),
		"sched_setattr":      onArgument(actPriority, 0),
		"sched_setparam":     onArgument(actPriority, 0),
		"sched_setscheduler": onArgument(actPriority, 0),
		"prlimit64":          onArgument(actLimit, 0),
	} {
		taskCalls[syscalls.ByName(name)] = judge
	}
}

// taskCallOf returns how a call that acts on a process is judged, nil for any other call.
func taskCallOf(inv *syscalls.Invocation) taskCall {
	if access.TakesLease(inv) {
		return nil // the one command of fcntl that is about the file
	}
	return taskCalls[inv.Call]
}

// onArgument judges a call that takes one process or thread, by the number in an argument. The kernel finds nobody under
// a negative one, and means the caller by 0 or nobody.
func onArgument(does act, arg int) taskCall {
	return func(b *box, t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
		return b.one(t, inv, does, int(inv.Int(arg)))
	}
}

// act is what a call does to a process, as reports call it (event.Denial.Op).
type act string

// The acts.
const (
	actSignal   act = "signal"
	actPriority act = "priority"
	actLimit    act = "limit"
)

// kill judges kill(2).
func (b *box) kill(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	pid, sig := int(inv.Int(0)), int(inv.Int(1))
	switch {
	case !validSignal(sig):
		return tracer.Action{} // EINVAL, and no effect, whoever is meant
	case pid > 0:
		return b.one(t, inv, actSignal, pid)
	case pid == -1:
		return b.signalAll(t, inv, sig)
	case pid == math.MinInt32:
		return tracer.Deny(unix.ESRCH) // kill(2): it has no positive counterpart
	}
	return b.signalGroup(t, inv, -pid, sig)
}

// setPriority judges setpriority and ioprio_set, which also take groups and all processes of a user.
func (b *box) setPriority(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	// PRIO_PROCESS, _PGRP and _USER count from 0, IOPRIO_WHO_* from 1.
	kind, who := int(inv.Int(0)), int(inv.Int(1))
	if inv.Call == callIoprioSet {
		kind--
	}
	switch kind {
	case unix.PRIO_PROCESS:
		return b.one(t, inv, actPriority, who)
	case unix.PRIO_PGRP:
		return b.changeGroup(t, inv, actPriority, who)
	case unix.PRIO_USER:
		return b.denyOutsider(t, inv, actPriority, event.Process{}, whyUser)
	}
	return tracer.Action{} // EINVAL
}

var callIoprioSet = syscalls.ByName("ioprio_set")

// setOwner judges fcntl(F_SETOWN), which says who gets the signals of a descriptor from now on: a process, or as a
// negative number a group. 0 does not stop.
func (b *box) setOwner(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	who := int(inv.Int(2))
	switch {
	case who > 0:
		return b.one(t, inv, actSignal, who)
	case who == math.MinInt32:
		return tracer.Action{} // EINVAL
	}
	return b.changeGroup(t, inv, actSignal, -who)
}

// one judges a call on the task with a number: a member's is the kernel's to do. An errno is that of the kernel.
func (b *box) one(t *tracer.Task, inv *syscalls.Invocation, does act, pid int) tracer.Action {
	if pid <= 0 {
		return tracer.Action{} // the caller itself, or nobody
	}
	switch b.namespaceOf(t) {
	case namespaceTheirs:
		if pid == initNumber && b.inner != nil && b.inner.home(t.TID) {
			return b.denyOutsider(t, inv, does, event.Process{PID: b.inside.Init, Name: processName(b.inside.Init)}, whyOutside)
		}
		return tracer.Action{} // everybody else in it was made by the tree, and nobody outside has a number there
	case namespaceForeign:
		return b.denyOutsider(t, inv, does, event.Process{PID: pid}, whyNamespace)
	}
	return b.counted(t, inv, does, pid)
}

// counted is one for a task by its number in the tracer's own PID namespace.
func (b *box) counted(t *tracer.Task, inv *syscalls.Invocation, does act, pid int) tracer.Action {
	if b.members.has(pid) {
		return tracer.Action{}
	}
	var target taskStatus
	errno := b.proc.status(pid, &target)
	switch {
	case errno == unix.ENOENT, errno == unix.ESRCH:
		// Nobody, or somebody whom a procfs mounted with hidepid hides even from the tracer.
		if unix.Kill(pid, 0) == unix.ESRCH {
			return tracer.Deny(unix.ESRCH)
		}
		return tracer.Deny(unix.EPERM)
	case errno != 0:
	case target.tracer == unix.Gettid():
		return tracer.Action{} // made a moment ago: its creator's event has not been seen yet
	case target.dead():
		return b.dead(t, does, pid, &target)
	}
	var from sender
	if errno == 0 && b.sender(t, &from) == 0 && !from.may(unix.Signal(0), pid, &target) {
		return tracer.Deny(unix.EPERM) // as without a sandbox
	}
	return b.denyOutsider(t, inv, does, event.Process{PID: pid, Name: processName(pid)}, whyOutside)
}

// dead answers for a process that has ended and whose parent has not asked how: the tracer has reaped a member by then,
// so who it was is not known any more. Nothing can be done to it, and the kernel takes signals for it gladly.
func (b *box) dead(t *tracer.Task, does act, pid int, target *taskStatus) tracer.Action {
	var from sender
	switch {
	case does != actSignal:
		return tracer.Deny(unix.ESRCH)
	case b.sender(t, &from) != 0, !from.may(unix.Signal(0), pid, target):
		return tracer.Deny(unix.EPERM)
	}
	return tracer.Action{Kind: tracer.Return}
}

// Reasons of denials.
const (
	whyOutside   = "it is not one of the sandbox's" + liftOutsiders
	whyMixed     = "not all of them are the sandbox's" + liftOutsiders
	whyUser      = "all processes of a user are more than the sandbox's" + liftOutsiders
	whyBorrowed  = "it has no name, and is not open for this" + liftOutsiders
	whyNamespace = "the caller is in a PID namespace that was not made in the sandbox" + liftOutsiders

	liftOutsiders = "; lift it with [syscalls] allow = [\"" + refusalOutsiders + "\"]"
)

// denyOutsider refuses a call and reports it.
func (b *box) denyOutsider(
	t *tracer.Task, inv *syscalls.Invocation, does act, target event.Process, why string,
) tracer.Action {
	v := verdict{decision: policy.Decision{Action: policy.Deny, Errno: unix.EPERM}, why: why}
	d := b.newDenial(t, &v)
	d.Op, d.Call, d.Flags, d.Target = string(does), inv.Call.Name, taskArguments(inv), target
	d.Rule = event.Rule{Section: "syscalls", Action: "deny", Text: refusalOutsiders, Source: "built in"}
	if b.mode == WarnOnly {
		b.reports.send(d)
		return tracer.Action{}
	}
	d.Errno = unix.ErrnoName(unix.EPERM)
	b.reports.send(d)
	return tracer.Deny(unix.EPERM)
}

// taskArguments writes the arguments that say who was meant, and the signal.
func taskArguments(inv *syscalls.Invocation) string {
	text := ""
	for i, kind := range inv.Call.Args {
		switch kind {
		case syscalls.Int, syscalls.PID, syscalls.FD, syscalls.Word:
			text += fmt.Sprintf(", %d", inv.Int(i))
		case syscalls.Signal:
			name := unix.SignalName(syscall.Signal(inv.Int(i)))
			if name == "" {
				name = fmt.Sprint(inv.Int(i))
			}
			text += ", " + name
		}
	}
	if text == "" {
		return text
	}
	return text[len(", "):]
}

// validSignal says whether a kernel could know a signal of that number; 0 only asks. MIPS has 128, all others 64.
func validSignal(sig int) bool { return sig >= 0 && (sig <= 64 || sig <= 128 && runtimeMIPS) }

var runtimeMIPS = strings.HasPrefix(runtime.GOARCH, "mips")
