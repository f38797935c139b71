package tracer

import (
	"maps"
	"slices"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// StopKind is what a report of wait4 was about.
type StopKind uint8

// The kinds, which together are all that wait4 reported.
const (
	StartStop   StopKind = iota // anything of the shim's, up to and with the exec that makes it the target
	SeccompStop                 // a call that the filter stops
	EntryStop                   // the entry of a call of a followed task
	ExitStop                    // the exit of a call
	ExecStop                    // PTRACE_EVENT_EXEC
	BirthStop                   // PTRACE_EVENT_FORK, VFORK and CLONE, of the creator
	FirstStop                   // PTRACE_EVENT_STOP without a stop signal: a new task's first, or the end of a group-stop
	SignalStop                  // a signal-delivery-stop
	GroupStop                   // a group-stop
	EndStop                     // PTRACE_EVENT_EXIT
	Death                       // no stop: a task is gone
	stopKinds
)

// String returns the kind as a word.
func (k StopKind) String() string { return stopNames[k] }

var stopNames = [stopKinds]string{
	"start", "seccomp", "entry", "exit", "exec", "birth", "first", "signal", "group", "end", "death",
}

// Outcome is what became of a call at its seccomp-stop.
type Outcome uint8

// The outcomes.
const (
	Ran      Outcome = iota // the kernel ran it
	Watched                 // the kernel ran it and the task stopped at its exit
	Returned                // it was given a result
	Given                   // it was given a descriptor
	Waited                  // it waited for its result
	Replaced                // another call ran in its place
	Killed                  // its process ended
	outcomes
)

// String returns the outcome as a word.
func (o Outcome) String() string { return outcomeNames[o] }

var outcomeNames = [outcomes]string{"ran", "watched", "returned", "given", "waited", "replaced", "killed"}

// Counts says how often a tree stopped, and why. The zero value is ready; it belongs to the tracer's thread until the
// run is over.
type Counts struct {
	// Stops counts the reports of each kind.
	Stops [stopKinds]uint64
	// calls has a row for each call that was asked about. The map grows at the first stop of a call, and never again.
	calls map[*syscalls.Call]*[outcomes]uint64
}

// CallCount is what became of the stops of one call.
type CallCount struct {
	Name     string
	Outcomes [outcomes]uint64
}

// Total is how often it stopped.
func (c *CallCount) Total() (n uint64) {
	for _, k := range c.Outcomes {
		n += k
	}
	return n
}

// Calls are the calls that stopped, the most frequent first. Seccomp-stops that nobody was asked about are in Stops
// alone: of unknown calls, and of calls that begin anew after a signal.
func (c *Counts) Calls() []CallCount {
	list := make([]CallCount, 0, len(c.calls))
	for call, row := range maps.All(c.calls) {
		list = append(list, CallCount{call.Name, *row})
	}
	slices.SortFunc(list, func(a, b CallCount) int {
		switch m, n := a.Total(), b.Total(); {
		case m > n || m == n && a.Name < b.Name:
			return -1
		default:
			return 1
		}
	})
	return list
}

// report counts what wait4 returned. It means nothing to nil, as the others.
func (c *Counts) report(ws unix.WaitStatus, launched bool) {
	if c != nil {
		c.Stops[kindOf(ws, launched)]++
	}
}

// entry says that the stop which was reported as an exit is an entry: the wait status does not tell.
func (c *Counts) entry() {
	if c != nil {
		c.Stops[ExitStop]--
		c.Stops[EntryStop]++
	}
}

// asked counts what a Handler answered about a call.
func (c *Counts) asked(call *syscalls.Call, action *Action) {
	if c != nil {
		c.add(call, outcomeOf(action))
	}
}

func (c *Counts) add(call *syscalls.Call, o Outcome) {
	row := c.calls[call]
	if row == nil {
		if c.calls == nil {
			c.calls = map[*syscalls.Call]*[outcomes]uint64{}
		}
		row = new([outcomes]uint64)
		c.calls[call] = row
	}
	row[o]++
}

// kindOf takes each stop of a call for an exit.
func kindOf(ws unix.WaitStatus, launched bool) StopKind {
	if !launched {
		return StartStop
	}
	if !ws.Stopped() {
		return Death
	}
	switch event(ws) {
	case unix.PTRACE_EVENT_SECCOMP:
		return SeccompStop
	case unix.PTRACE_EVENT_EXEC:
		return ExecStop
	case unix.PTRACE_EVENT_FORK, unix.PTRACE_EVENT_VFORK, unix.PTRACE_EVENT_CLONE:
		return BirthStop
	case unix.PTRACE_EVENT_EXIT:
		return EndStop
	case unix.PTRACE_EVENT_STOP:
		if stops(ws.StopSignal()) {
			return GroupStop
		}
		return FirstStop
	}
	if ws.StopSignal() == syscallSignal {
		return ExitStop
	}
	return SignalStop
}

func outcomeOf(a *Action) Outcome {
	switch a.Kind {
	case Continue:
		if a.Exit {
			return Watched
		}
		return Ran
	case Return:
		return Returned
	case Give:
		return Given
	case Wait:
		return Waited
	case As:
		return Replaced
	}
	return Killed // by a signal, or by an exit that it did not ask for
}
