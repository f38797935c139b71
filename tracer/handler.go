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
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// Handler is told what tracees do and says what happens then. Its methods are called on the tracer's thread and must
// not block: every tracee that stops meanwhile waits.
type Handler interface {
	// Syscall is called at a seccomp-stop, before the kernel runs the call.
	Syscall(t *Task, inv *syscalls.Invocation) Action
	// SyscallExit is called at the exit stop of a call whose Action asked for it.
	SyscallExit(t *Task, inv *syscalls.Invocation, result int64)
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
)

// Action is a Handler's answer.
type Action struct {
	Kind ActionKind
	// Value is what the skipped call returns to the tracee: -errno or a result. Never -ERESTART*.
	Value int64
	// Exit asks for SyscallExit once the call returned. Only with Continue.
	Exit bool
}

// Deny is the Action that makes the call fail with errno.
func Deny(errno syscall.Errno) Action { return Action{Kind: Return, Value: -int64(errno)} }

// Process is a thread group: the tasks that share an address space, descriptors (usually) and a fate.
type Process struct {
	TGID   int
	Parent *Process // the process that created it, alive or not; nil for the target
	// Tasks counts its living threads; 0 means that the process is gone.
	Tasks int
	// Data is the Handler's.
	Data any
}

// Task is one kernel task (thread) that is traced.
type Task struct {
	TID     int
	Process *Process
	state   taskState
}

// taskState is what the tracer itself knows of a task between two stops.
type taskState struct {
	// inv is the call that the task is in, if a stop announced it.
	inv syscalls.Invocation
	// wanted says what the exit stop of that call is for. While it is not nothing, the task is resumed by
	// PTRACE_SYSCALL.
	wanted exitReason
	// value is the result to set at the exit stop, for wantResult.
	value int64
}

// exitReason says why an exit stop was asked for.
type exitReason uint8

const (
	wantNothing exitReason = iota
	wantExit               // the Handler's SyscallExit
	wantResult             // the call was skipped where registers are unknown: its result can only be set at the exit
	wantOrder              // to see whether this kernel stops in the order of Linux 4.8 (order.go)
)
