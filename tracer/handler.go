// Package tracer runs a program and all its descendants under ptrace(2) and calls a Handler at each stop that matters.
//
// It knows nothing of policies. One OS thread does everything that touches tracees: it starts the target, seizes it,
// waits, and carries out the Action a Handler returns. All Handler methods are called on that thread, one at a time.
//
// The life of a task: the shim of package launch is seized before it does anything, with every option set in the same
// call, so each descendant is attached by the kernel as it is made and stops before its first instruction. Until the
// first PTRACE_EVENT_EXEC all stops are the shim's own and nobody is asked. From then on the prefilter
// (SECCOMP_RET_TRACE) decides which calls stop; a call that does not concern the Handler costs nothing.
//
// What a stop is comes from the wait status and PTRACE_GET_SYSCALL_INFO alone, never from what was expected next. A
// ptrace request that fails with ESRCH means that the task is dying: it is forgotten when its wait status arrives. A
// request that fails in any other way kills the process: an error is not a verdict.
//
// A lock is taken only when a process begins or ends (Control), never at a stop.
package tracer

import (
	"math"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// Handler is told what tracees do and says what happens then. Its methods are called on the tracer's thread and must
// not block: every tracee that stops meanwhile waits.
//
// One that blocks on purpose, to keep the tree as it is (a breakpoint), may do so for as long as it likes: what has
// stopped stays, what does not stop goes on. Control works meanwhile: KillTree kills at once, and Death is called for
// all once the method has returned; Detach lets go then. The task itself may be killed: reading its memory is then
// ESRCH, and the Action has no effect. A signal from the terminal that comes meanwhile may reach tasks twice
// (PassSignals), as nobody sees them get it.
type Handler interface {
	// Syscall is called at a seccomp-stop, before the kernel runs the call.
	Syscall(t *Task, inv *syscalls.Invocation) Action
	// SyscallExit is called at the exit stop of a call whose Action asked for it.
	SyscallExit(t *Task, inv *syscalls.Invocation, result int64)
	// Followed is called at the entry of a call that the filter lets run freely, if the task is followed (Task.Follow).
	// inv.Call is nil for a number that the tables do not know. Give and Wait are impossible: they kill the process.
	Followed(t *Task, inv *syscalls.Invocation) Action
	// Exec is called at PTRACE_EVENT_EXEC: the new image is loaded and has not run one instruction. Only Continue,
	// KillProcess and KillTree are possible. launch is true for the target's own start.
	Exec(t *Task, launch bool) Action
	// Birth is called once for each new task before it runs its first instruction; for the target itself, just before
	// its Exec, with a nil parent. If a task is killed while it creates another, parent is the best guess: a task of
	// the process that the kernel names.
	Birth(parent, child *Task)
	// Death is called when a task is gone; status is its wait status. t.Process.Tasks is already decreased. A thread
	// whose TID an exec replaced by its leader's dies, with status 0, just before Exec is called for the leader's Task.
	Death(t *Task, status unix.WaitStatus)
}

// ActionKind is what the tracer does next with a task that stopped at a call.
type ActionKind uint8

// The actions. The zero value lets the call run.
const (
	Continue    ActionKind = iota
	Return                 // the call does not run; it returns Value (-errno or a result)
	Exit                   // the call does not run; the process exits with status Value
	KillProcess            // SIGKILL to the thread group
	KillTree               // SIGKILL to every tracee
	Give                   // the call does not run; it returns a new descriptor of the task for FD. See Task.Gives
	Wait                   // the call does not run; it returns what Do does, and the task waits. See Task.Gives
	As                     // Call runs in its place, with Args. Only for a seccomp-stop
)

// Action is a Handler's answer.
type Action struct {
	Kind ActionKind
	// Value is what the skipped call returns to the tracee: -errno or a result. Never -ERESTART*.
	Value int64
	// Exit asks for SyscallExit once the call returned. Only with Continue.
	Exit bool
	// Call is a call of the same ABI that runs instead, and Args its arguments: for one whose own lie in memory, which
	// another task could change before the kernel reads them. The filter is asked again, and what it refuses fails; where
	// it would stop the call runs. The task finds its registers as they were. Only with As.
	Call *syscalls.Call
	Args [6]uint64
	// FD is open in this process; the tracer owns it from now on, and closes it before the call returns to the task. The
	// task gets the lowest free number, or EMFILE. Only with Give.
	FD int
	// CloseOnExec sets that flag on the task's descriptor. Only with Give.
	CloseOnExec bool
	// Open, if not nil, is called once, on a goroutine of its own, to open what FD otherwise names; the call fails with
	// errno if that is not 0. It may wait: the task does so in the kernel and can be killed or interrupted. cancel is
	// closed when the task is gone or a signal interrupts it; Open must then return at once, with EINTR unless it has just
	// opened, which then holds good. Where it is interrupted the call fails with EINTR or starts over, as the signal's
	// action says (signal(7)), and if it does the Handler is asked anew. Only with Give.
	Open func(cancel <-chan struct{}) (fd int, errno syscall.Errno)
	// Do is called exactly once, on a goroutine of its own; the call returns its result, or fails if that is -errno.
	// cancel is as for Open: once it is closed Do must return soon, with -EINTR unless it has just done something,
	// which then holds good and is what the call returns. After -EINTR the call fails with EINTR or starts over, as the
	// signal's action says, and if it does the Handler is asked anew; after Interrupted it fails in any case. cancel is
	// closed from the start if the call could not be made to wait: Do may then release what it holds, and no more. Only
	// with Wait.
	Do func(cancel <-chan struct{}) int64
}

// Interrupted is what a Do returns for EINTR that no SA_RESTART undoes: that of a socket with a timeout (signal(7)).
const Interrupted = math.MinInt64

// Deny is the Action that makes the call fail with errno.
func Deny(errno syscall.Errno) Action { return Action{Kind: Return, Value: -int64(errno)} }

// Process is a thread group: the tasks that share an address space, descriptors (usually) and a fate.
type Process struct {
	TGID int
	// Parent is the process that created it, alive or not; nil for the target. That of a process that is gone is its
	// nearest ancestor that outlived it: a daemon's chain of ancestors does not grow for ever.
	Parent *Process
	// Attached: it ran already when the tracer came (Attach).
	Attached bool
	// Tasks counts its living threads; 0 means that the process is gone.
	Tasks int
	// Data is the Handler's.
	Data any
	// leaving counts the tasks that have come to their end and are not dead yet.
	leaving int
	// filtered: a task of it, or an ancestor's, has installed a filter of its own since the launch, or has tried to.
	filtered bool
	// files is nil for a process that shares its descriptor table with no other.
	files *fileTable
}

// Task is one kernel task (thread) that is traced.
type Task struct {
	TID     int
	Process *Process
	state   taskState
	leaving bool // it is at its end
	reaped  bool // its wait status was taken, and is still to be handled
	guessed bool // it was adopted: its creator may announce it yet (birth.go)
	watched bool // it was attached to: every call stops
	exits   bool // PTRACE_O_TRACEEXIT was set later
	sees    bool // it is in a call that sees or sets CPUs (near_unsafe.go)
	// home is where a resident may run otherwise (resident.go), nil for all others. ran is what it had had of its
	// CPU by the last look, if that is known.
	home     *cpuMask
	ran      scheduled
	ranKnown bool
	// giver is nil where Give does not work; gift is made at the first Give.
	giver *giver
	gift  *gift
}

// Gives says whether the Actions Give and Wait work for the task: the plan asked for a listener and its filter was made by
// WithGive, and the kernel gave one (5.9 or later, no other listener around this one). It is known from the target's
// Birth on and does not change. Either kills the process where this is false.
func (t *Task) Gives() bool { return t.giver != nil }

// Reaped says whether the task is gone, so that its TID may be another's by now, though Death was not called yet: other
// stops come first. A thread's TID can also be lost to an exec, which Exec tells of when the program is loaded.
func (t *Task) Reaped() bool { return t.reaped }

// Stopped says whether the task is still in the stop that the Handler is being asked about. Only SIGKILL takes it out of
// there, somebody's or that of another thread's exec (ptrace(2)).
//
// Precondition: this is the tracer's thread, and Options.Exits is not set, by which it would stop once more.
func (t *Task) Stopped() bool {
	_, errno := eventMessage(t.TID)
	return !t.reaped && errno != unix.ESRCH
}

// taskState is what the tracer itself knows of a task between two stops.
type taskState struct {
	// inv is the call that the task is in, if a stop announced it.
	inv syscalls.Invocation
	// wanted says what the exit stop of that call is for. While it is not nothing, the task is resumed by
	// PTRACE_SYSCALL.
	wanted exitReason
	// value is the result to set at the exit stop, for wantResult; spoilt that argument 0 then gets back fd.
	value  int64
	spoilt bool
	fd     uint64
	// args are the argument registers of a call that runs as another.
	args *[6]uint64
	// give is the Give that the task's call waits for.
	give giveState
	// sharer is what the call makes.
	sharer sharer
	// inside: the task is in a call, if it is watched.
	inside bool
	// follow is how many calls more the task is followed for.
	follow int
}

// exitReason says why an exit stop was asked for.
type exitReason uint8

const (
	wantNothing exitReason = iota
	wantExit               // the Handler's SyscallExit
	wantResult             // the call does nothing, and its result can only be set at the exit
	wantGift               // the call was given a descriptor, and something has to be put back (give.go)
	wantArgs               // the call ran as another, and its own arguments have to be put back (as.go)
	wantCPUs               // to know when the call is over (near_unsafe.go)
	wantOrder              // to see whether this kernel stops in the order of Linux 4.8 (order.go)
)
