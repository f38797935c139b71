package sandbox

import (
	"fmt"

	"sydbox/tracer"
	"sydbox/tracer/launch"
)

// FaultError says that a mistake in this program ended a run, or kept a report from being made. Of a run that was
// ended, nothing is alive any more.
type FaultError struct {
	// Detail is what happened, with the stack of the goroutine where it did.
	Detail string
}

func (e *FaultError) Error() string { return "a mistake in the sandbox itself: " + e.Detail }

// runTracer is tracer.Run with a panic turned into a *FaultError: the tree is dead by then, and whoever started it can
// still finish the reports and say what happened.
func runTracer(plan *launch.Plan, h tracer.Handler, opt tracer.Options) (result *tracer.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &FaultError{Detail: fmt.Sprint(p)}
		}
	}()
	return tracer.Run(plan, provoke(h), opt)
}
