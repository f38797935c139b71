package main

import (
	"errors"
	"syscall"

	"sydbox/cmd/internal/console"
	"sydbox/sandbox"
	"sydbox/tracer/launch"
)

// ending is how a run ended.
type ending struct {
	status int
	signal syscall.Signal // that killed the command; 0 if none did
	err    error          // to be told; nil for an end that the command chose
}

// endingOf reads what sandbox.Cmd.Run returned.
func endingOf(err error) ending {
	var (
		exit    *sandbox.ExitError
		refused *launch.ExecError
		denied  *sandbox.DeniedError
		fault   *sandbox.FaultError
	)
	switch {
	case err == nil:
		return ending{}
	case errors.As(err, &exit) && exit.Status.Signaled():
		sig := exit.Status.Signal()
		return ending{status: console.StatusSignal + int(sig), signal: sig}
	case errors.As(err, &exit):
		return ending{status: exit.Status.ExitStatus()}
	case errors.Is(err, sandbox.ErrTimeout):
		return ending{status: console.StatusTimeout, err: err}
	case errors.As(err, &denied):
		return ending{status: console.StatusCannotRun, err: err}
	case errors.As(err, &refused):
		return ending{status: console.StatusCannotRun, err: console.ExplainExec(refused)}
	case errors.As(err, &fault):
		return ending{status: console.StatusFailed, err: explainFault(err)}
	}
	return ending{status: console.StatusFailed, err: err}
}

// explainFault says whose mistake it is and what to do with it.
func explainFault(err error) error {
	return console.WithHints(err,
		"this is a bug in sydbox, not in the command or the policy; nothing of the command is left running",
		"please report it with all of the above and what sydbox --version says")
}
