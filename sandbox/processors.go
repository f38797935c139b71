package sandbox

import "runtime"

// fewestProcessors is how many of the Go scheduler's a run needs for its waits to be cheap (tracer/ticker_unsafe.go).
// They are no CPUs: more of them cost nothing.
const fewestProcessors = 4

// OwnProgram is for programs that do nothing but run commands: it makes room for the tracer's thread in the Go scheduler
// (runtime.GOMAXPROCS), which waits at less cost then. Call it before the first Start.
func OwnProgram() {
	if runtime.GOMAXPROCS(0) < fewestProcessors {
		runtime.GOMAXPROCS(fewestProcessors)
	}
}
