// Package tracer runs a program and all its descendants under ptrace(2) and calls a Handler at each stop that matters.
//
// It knows nothing of policies. One OS thread does everything that touches tracees: it starts the target, seizes it,
// waits, and carries out the Action a Handler returns. All Handler methods are called on that thread, one at a time.
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
	// Exec is called at PTRACE_EVENT_EXEC: the new image is loaded and has not run one instruction. Only Continue, KillProcess
	// and KillTree are possible. launch is true for the target's own start.
	Exec(t *Task, launch bool) Action
	// Birth is called once for each new task before it runs its first instruction.
	Birth(parent, child *Task)
	// Death is called when a task is gone; status is its wait status. t.Process.Tasks is already decreased.
	Death(t *Task, status unix.WaitStatus)
}

// ActionKind is what the tracer does next with a task that stopped at a call.
type ActionKind uint8

// The actions. The zero value lets the call run.
const (
	Continue    ActionKind = iota
	Return                 // the call does not run; it returns Value (-errno or a result)
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
