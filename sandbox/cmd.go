// Package sandbox runs a command and everything it starts under a policy.
//
//	func main() {
//		sandbox.Init() // first: the same program is re-executed as the shim that starts the target
//		p, err := policy.Load(sandbox.Host(), policy.Options{})
//		…
//		cmd := sandbox.CommandContext(ctx, p, "make", "install")
//		err = cmd.Run()
//	}
//
// It turns the tracer's stops into decisions and decisions into actions: stop → arch → syscalls → access → policy →
// decision → tracer.
package sandbox

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"sydbox/event"
	"sydbox/policy"
	"sydbox/tracer"
)

// Mode says what a denial does.
type Mode uint8

// The modes.
const (
	Enforce  Mode = iota // what the policy denies does not happen
	WarnOnly             // everything happens; what would be denied is reported
)

// Wait says when a run is over.
type Wait uint8

// What to wait for.
const (
	WaitAll  Wait = iota // the whole tree
	WaitRoot             // the command; what is left of the tree is then killed
)

// Level says how much a hardening primitive is wanted.
type Level uint8

// The levels.
const (
	Off Level = iota
	Preferred
	Required
)

// Reporter is told of denials, in order, on a goroutine of its own.
type Reporter interface {
	Denied(d *event.Denial)
}

// Cmd is a command to run in a sandbox, shaped like os/exec.Cmd. It is used once.
type Cmd struct {
	// Policy decides. It must not be nil.
	Policy *policy.Policy
	// Path is the file to execute; Args holds the arguments with the name first.
	Path string
	Args []string
	// Env is the target's environment; nil means the caller's.
	Env []string
	// Dir is its working directory; empty means the caller's.
	Dir string
	// Stdin, Stdout and Stderr are as in os/exec: nil is /dev/null, an *os.File is handed over as it is.
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	Mode       Mode
	WaitFor    Wait
	NoNewPrivs Level
	// Timeout, if not 0, ends the run after that time: see Grace.
	Timeout time.Duration
	// Grace, if not 0, sends SIGTERM to the tree first, and kills it that much later.
	Grace time.Duration
	// Output, if not 0, is how many bytes of standard output and error, together, are passed on. What is beyond is
	// dropped, and counted by OutputCut. Both are pipes to the target then.
	Output uint64
	// SelfPath is what is executed as the shim; empty means /proc/self/exe.
	SelfPath string
	// PassSignals passes SIGINT, SIGQUIT, SIGTERM and SIGHUP on to the target when they were sent to this process alone.
	PassSignals bool
	// InheritFDs leaves inherited descriptors above 2 open in the target (make's job server).
	InheritFDs bool
	// KeepDumpable leaves this process as it is. Otherwise it is not dumpable while it runs anything: processes of the
	// same user, the sandbox's among them, can then read neither its memory nor its environment.
	KeepDumpable bool
	// Counts, if not nil, counts the stops of the tree. It is not to be touched before Wait has returned.
	Counts *tracer.Counts
	// KeepSIGCHLD lets os/signal.Notify hear of SIGCHLD while anything runs. Otherwise it has its default action meanwhile,
	// which is all that os/exec needs and costs less.
	KeepSIGCHLD bool
	// Reporter is told of denials; nil means nobody is.
	Reporter Reporter
	// Left, if not nil, is told who is waited for if processes go on for some seconds after the command has ended: their
	// PIDs. It is called at most once, on a goroutine of its own, and not after Wait has returned.
	Left func(pids []int)
	// Hardened, if not nil, is told what came of each primitive of hardening before the target runs its first
	// instruction, or which one kept it from being started. The target waits for it.
	Hardened func([]event.Primitive)

	ctx     context.Context
	lookErr error
	run     *run
}

// run is what a started command has.
type run struct {
	control  *tracer.Control
	reports  *reports
	inForce  *InForce // settled before Start returns
	std      *stdStreams
	timedOut atomic.Bool

	// Written by the tracer's goroutine before ended is closed.
	ended  chan struct{}
	result *tracer.Result
	err    error
}
