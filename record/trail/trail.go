// Package trail is a recording as it is asked: the processes of a tree, what each did, and in which order.
//
// Read takes what syd-trace wrote (docs/schema.md). A recording that was cut off (a crash, a full disk) is read up to
// there, and says so. A Trail does not change after Read; it may be used from any goroutine.
package trail

import (
	"math"
	"time"

	"sydbox/event"
)

// Trail is one recording.
type Trail struct {
	Head *event.Recording
	// Finish is the last line; nil if the recording was cut off.
	Finish *event.Finished
	// Procs are the processes in the order of their birth; Procs[0] is #1. See Proc for one by its number.
	Procs []*Proc
	// Uses, Reaches, Asks, Signals and Hints are in the order in which they were recorded.
	Uses    []Use
	Reaches []Reach
	Asks    []Ask
	Signals []Signal
	Hints   []Hint
	// Cut says why the recording could not be read to its end; nil if it was.
	Cut error
	// Skipped counts lines of types that this program does not know.
	Skipped int
	// Lines counts what was read.
	Lines int
}

// Proc is one process.
type Proc struct {
	ID       int // its #N
	PID      int
	Parent   *Proc // nil for the command and for what was attached to
	Children []*Proc
	Attached bool
	// Born and Died are nanoseconds since the start; Died is 0 if its end was not seen.
	Born, Died int64
	// Dir is the working directory it was born in.
	Dir string
	// Execs are the programs it became, in order; none if it was a fork that stayed what its parent was.
	Execs []*Exec
	// End is nil if its end was not seen.
	End *event.Ended
	// Said is the end of what it wrote to descriptor 2, SaidCut how much is missing before that. Lost is what it wrote there
	// while that was /dev/null.
	Said    string
	SaidCut int64
	Lost    string
	// inherited is what its parent was when it was born.
	inherited *Exec
	// Uses are indexes into Trail.Uses, Reaches into Trail.Reaches: what it did itself.
	Uses    []int32
	Reaches []int32
}

// Exec is one program that a process became.
type Exec struct {
	event.Executed
	Proc *Proc
	// Until is when the process became something else, or ended; 0 if that was not seen.
	Until  int64
	before *Exec // the program that the environment changes against; nil: Head.Env
}

// Use is something that a process did with a path. See event.Used.
type Use struct {
	event.Used
	Proc *Proc
	// Exec is the program that did it: the process's own last, or what it was forked from; nil if that was not seen.
	Exec *Exec
}

// Reach is a call on an address.
type Reach struct {
	event.Reached
	Proc *Proc
	Exec *Exec
}

// Ask is a question for a name.
type Ask struct {
	event.Asked
	Proc *Proc
}

// Signal is a signal; To or From is nil where it is not of the tree.
type Signal struct {
	event.Signalled
	To, From *Proc
}

// Hint is a source of differences between runs.
type Hint struct {
	event.Hinted
	Proc *Proc
}

// Proc returns the process with a number; nil if there is none.
func (t *Trail) Proc(id int) *Proc {
	if id < 1 || id > len(t.Procs) {
		return nil
	}
	return t.Procs[id-1]
}

// Root returns the command's process; nil if the recording has no process at all.
func (t *Trail) Root() *Proc { return t.Proc(1) }

// Length is how long the recording is, to the last thing it tells of.
func (t *Trail) Length() time.Duration { return time.Duration(t.last()) }

// Program is what the process was at the end: its own last program, or the one it was forked from; nil if neither was
// seen.
func (p *Proc) Program() *Exec { return p.At(math.MaxInt64) }

// At is the program that the process was at a time.
func (p *Proc) At(at int64) *Exec {
	if e := p.at(at); e != nil {
		return e
	}
	return p.inherited
}

func (p *Proc) at(at int64) (e *Exec) {
	for _, x := range p.Execs {
		if x.At > at {
			break
		}
		e = x
	}
	return e
}

// Failed says whether the process ended with a status other than 0 or by a signal. False if its end was not seen.
func (p *Proc) Failed() bool { return p.End != nil && (p.End.Exit != 0 || p.End.Signal != "") }

// CPU is the time it took itself, without its children.
func (p *Proc) CPU() time.Duration {
	if p.End == nil {
		return 0
	}
	return time.Duration(p.End.User + p.End.System)
}

// Chain returns the process and its ancestors up to the command.
func (p *Proc) Chain() (chain []*Proc) {
	for ; p != nil; p = p.Parent {
		chain = append(chain, p)
	}
	return chain
}
