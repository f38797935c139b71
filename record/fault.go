package record

import (
	"fmt"

	"sydbox/tracer"
	"sydbox/tracer/launch"
)

// FaultError says that a mistake in the recorder ended a run. Nothing of the tree is alive any more; what was recorded
// until then is written.
type FaultError struct {
	// Detail is what happened, with the stack of the goroutine where it did.
	Detail string
}

func (e *FaultError) Error() string { return "a mistake in the recorder itself: " + e.Detail }

// runTracer is tracer.Run with a panic turned into a *FaultError.
func runTracer(plan *launch.Plan, h tracer.Handler, opt tracer.Options) (result *tracer.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &FaultError{Detail: fmt.Sprint(p)}
		}
	}()
	return tracer.Run(plan, h, opt)
}
