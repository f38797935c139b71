package ask

import (
	"fmt"
	"strconv"
	"strings"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// Process names a process in JSON.
type Process struct {
	ID      int        `json:"process"`
	Program show.Bytes `json:"program"`
}

// processAt names a process as what it was at a time.
func processAt(p *trail.Proc, at int64) Process {
	return Process{ID: p.ID, Program: show.Bytes(p.At(at).Name())}
}

// String is how tables name it: "cc1 #77".
func (p Process) String() string { return show.Q(string(p.Program)) + " #" + strconv.Itoa(p.ID) }

// chainAt is a process and its ancestors, each as what it was at that time.
func chainAt(p *trail.Proc, at int64) (chain []Process) {
	for _, q := range p.Chain() {
		chain = append(chain, processAt(q, at))
	}
	return chain
}

// chainLine is a chain as a line: "cc1 #77 < gcc #76 < make #3".
func chainLine(chain []Process) string {
	names := make([]string, len(chain))
	for i, p := range chain {
		names[i] = p.String()
	}
	return strings.Join(names, " < ")
}

// Number finds the process that a person means by "#77" or "77".
func Number(t *trail.Trail, typed string) (*trail.Proc, error) {
	id, err := strconv.Atoi(strings.TrimPrefix(typed, "#"))
	if err != nil {
		return nil, fmt.Errorf("%s is no number of a process; they look like '#77', and syd-trace tree shows them",
			show.Q(typed))
	}
	if p := t.Proc(id); p != nil {
		return p, nil
	}
	if len(t.Procs) == 0 {
		return nil, fmt.Errorf("there is no process #%d: the recording has none at all", id)
	}
	return nil, fmt.Errorf("there is no process #%d: the recording has #1 to #%d", id, len(t.Procs))
}

// outcome is how a process ended, for people: "ok", "exit 2", "SIGSEGV (core dumped)", "not ended".
func outcome(p *trail.Proc) string {
	switch {
	case p.End == nil:
		return "not ended"
	case p.End.Signal != "" && p.End.Core:
		return show.Q(p.End.Signal) + " (core dumped)"
	case p.End.Signal != "":
		return show.Q(p.End.Signal)
	case p.End.Exit != 0:
		return "exit " + strconv.Itoa(p.End.Exit)
	}
	return "ok"
}

// lifetime is how long a process lived, as far as the recording tells.
func lifetime(t *trail.Trail, p *trail.Proc) int64 {
	if p.End == nil {
		return max(int64(t.Length())-p.Born, 0)
	}
	return max(p.Died-p.Born, 0)
}

// commandOf is what a process ran, as words of a shell; for a fork that stayed what it was, that of its parent.
func commandOf(p *trail.Proc) string {
	if line := p.Program().CommandLine(); line != "" {
		return line
	}
	return "?"
}

// isFork says that a process became no program of its own.
func isFork(p *trail.Proc) bool { return len(p.Execs) == 0 }

// within says whether p is q or below it.
func within(p, q *trail.Proc) bool {
	for ; p != nil; p = p.Parent {
		if p == q {
			return true
		}
	}
	return false
}
