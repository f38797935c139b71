// Package record runs a command and everything it starts and writes down what they do: package event has the lines.
// Nothing is refused and nothing is changed.
//
//	func main() {
//		sandbox.Init() // first: the same program is re-executed as the shim that starts the command
//		cmd := record.Command("make", "check")
//		cmd.Out = file
//		result, err := cmd.Run()
//	}
//
// The recorder is a handler of package tracer. Each call that names a file, a program or an address stops before the
// kernel runs it. What a call that only looks comes to is asked of the kernel by the recorder itself, on the same name
// and with the same rights; all others stop again when they have happened, and their result is the kernel's own.
package record

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"sydbox/tracer"
)

// Wait says when a run is over.
type Wait uint8

// What to wait for.
const (
	WaitAll  Wait = iota // the whole tree
	WaitRoot             // the command; what is left of the tree is then killed
)

// Cmd is a command to record, shaped like os/exec.Cmd. It is used once.
type Cmd struct {
	// Path is the file to execute; Args holds the arguments with the name first.
	Path string
	Args []string
	// Env is the command's environment; nil means the caller's.
	Env []string
	// Dir is its working directory; empty means the caller's.
	Dir string
	// Stdin, Stdout and Stderr become its descriptors 0, 1 and 2: nil is /dev/null.
	Stdin, Stdout, Stderr *os.File
	// Attach are processes that run already: they and what descends from them are recorded, in place of a command.
	Attach []int
	// InheritFDs leaves inherited descriptors above 2 open in the command (make's job server).
	InheritFDs bool
	// PassSignals passes SIGINT, SIGQUIT, SIGTERM and SIGHUP on to the command when they were sent to this process alone.
	PassSignals bool
	WaitFor     Wait
	// Left, if not nil, is told who is waited for if processes go on for some seconds after the command has ended: their
	// PIDs. It is called at most once, on a goroutine of its own, and not after Run has returned.
	Left func(pids []int)
	// SelfPath is what is executed as the shim; empty means /proc/self/exe.
	SelfPath string

	// Tool is what the first line calls the recorder: its name and version.
	Tool string
	// Out gets the recording: whole lines, many at a time, from one goroutine, none later than a fifth of a second after
	// it was known. If it fails the run goes on, and Run returns its first error. nil throws the recording away.
	Out io.Writer

	cmdExtras // hooks.go: policies, injected errors, breakpoints

	control     *tracer.Control
	out         *sink
	interrupted atomic.Bool
	lookErr     error
	// verification, if set, compares predicted results with the kernel's. For tests.
	verification *verification
}

// Result is how a run ended.
type Result struct {
	// Root is the wait status of the command.
	Root unix.WaitStatus
	// Processes and Lines are how many there are in the recording.
	Processes, Lines int
	// Interrupted: Interrupt ended the run.
	Interrupted bool
}

// Command returns the Cmd that records the program name. A name without a slash is looked up in PATH as os/exec does;
// the error comes from Run.
func Command(name string, args ...string) *Cmd {
	found := exec.Command(name, args...)
	return &Cmd{Path: found.Path, Args: found.Args, control: tracer.NewControl(), lookErr: found.Err}
}

// Interrupt ends the run: the tree is killed, or let go if it was attached to, and what is known by then is written. It
// may be called from any goroutine, at any time.
func (c *Cmd) Interrupt() {
	c.interrupted.Store(true)
	c.stop()
}

// Signal sends a signal to the command, or to what is left of the tree once the command is gone.
func (c *Cmd) Signal(sig unix.Signal) error { return c.control.Signal(sig) }

// errUsed says that a Cmd was run twice.
var errUsed = errors.New("record: the command was already run")
