package record

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/event"
	"sydbox/tracer"
)

// Stopped is a process that is held at a breakpoint. Nothing of it runs meanwhile, and whatever else of the tree makes a
// call that is recorded waits too.
type Stopped struct {
	Break *Break
	// ID is its #N in the recording.
	ID, PID int
	// Program is what people call what it runs, Path the file; Argv are its arguments.
	Program, Path string
	Argv          []string
	Dir           string
	Env           []string
	// Reason says what has happened, without bytes that a terminal must not see.
	Reason string
}

// breaksOf are the breakpoints of one kind.
func (r *recorder) breaksOf(kind breakKind) (list []*Break) {
	for _, b := range r.cmd.Breaks {
		if b.kind == kind {
			list = append(list, b)
		}
	}
	return list
}

// sortBreaks puts the breakpoints in order, so that what cannot stop a run costs nothing.
func (r *recorder) sortBreaks() {
	for kind := range r.breaks {
		r.breaks[kind] = r.breaksOf(breakKind(kind))
	}
}

// halt holds a task until somebody says how it goes on.
func (r *recorder) halt(t *tracer.Task, p *process, b *Break, reason string) {
	if r.cmd.OnBreak == nil || r.givenUp {
		return
	}
	s := &Stopped{Break: b, ID: p.id, PID: p.pid, Reason: reason}
	if x := p.program; x != nil {
		s.Program, s.Path, s.Argv = programNames(x)[0], x.Path, x.Argv
	}
	s.Dir = readCwd(t.TID)
	s.Env = readList(entry(t.TID, "environ"))
	r.out.settle() // whoever looks at the recording meanwhile finds all of it
	goOn := make(chan bool, 1)
	go func() { goOn <- r.cmd.OnBreak(s) }()
	if !<-goOn {
		r.givenUp = true
		r.cmd.Interrupt()
	}
}

// breakAtExec stops what has become a program that a breakpoint waits for.
func (r *recorder) breakAtExec(t *tracer.Task, p *process, x *event.Executed) {
	for _, b := range r.breaks[breakExec] {
		if b.names(x) {
			r.halt(t, p, b, "it has become "+event.Quote(x.Path)+" and has not run anything of it")
			return
		}
	}
}

// breakAtUse stops who has used a file that a breakpoint waits for.
func (r *recorder) breakAtUse(t *tracer.Task, p *process, u *event.Used) {
	for _, kind := range [...]breakKind{breakOpen, breakWrite} {
		for _, b := range r.breaks[kind] {
			if b.uses(u) {
				r.halt(t, p, b, came(u.Call+" "+event.Quote(u.Path), u.Errno))
				return
			}
		}
	}
}

// came says what a call has come to.
func came(what, errno string) string {
	if errno != "" {
		return what + ": " + errno
	}
	return what
}

// breakAtEnd stops a process at its end, as long as it can be looked at.
func (r *recorder) breakAtEnd(t *tracer.Task, p *process, status unix.WaitStatus) {
	if status.Exited() && status.ExitStatus() == 0 {
		return
	}
	reason := "it ends with status " + strconv.Itoa(status.ExitStatus())
	if status.Signaled() {
		reason = "it is killed by " + signalName(status.Signal())
	}
	for _, b := range r.breaks[breakExit] {
		if p.program != nil && b.names(p.program) {
			r.halt(t, p, b, reason)
			return
		}
	}
	if len(r.breaks[breakFailure]) > 0 && !r.failed && r.matters(t, p) {
		r.failed = true
		r.halt(t, p, r.breaks[breakFailure][0], reason)
	}
}

// matters says whether a failure of a process is most likely one of the whole run: it is the command, or a build tool
// has started it. A shell that fails for a test's sake does not matter.
func (r *recorder) matters(t *tracer.Task, p *process) bool {
	if p.id == 1 {
		return true
	}
	parent := t.Process.Parent
	if parent == nil {
		return false
	}
	from, _ := parent.Data.(*process)
	if from == nil || from.program == nil {
		return false
	}
	for _, name := range programNames(from.program) {
		if buildTools[name] {
			return true
		}
	}
	// A program of Node's or Python's is known by its script, which may be called by its path.
	for _, word := range from.program.Argv[:min(len(from.program.Argv), 3)] {
		if base := word[strings.LastIndexByte(word, '/')+1:]; scriptTools[base] {
			return true
		}
	}
	return false
}

// buildTools start commands and fail when one of them does.
var buildTools = setOf(`make gmake remake bmake ninja samu n2 tup go cargo cmake ctest meson scons waf bazel buck2 dune
	npm npx yarn pnpm node-gyp gradle mvn ant rake stack cabal mix rebar3 dpkg-buildpackage debuild dh rpmbuild abuild
	makepkg ebuild jam b2 redo just task please shake`)

// scriptTools are those that run in an interpreter.
var scriptTools = setOf(`npm npm-cli.js npx yarn yarn.js pnpm pnpm.cjs node-gyp.js meson scons waf setup.py`)

func setOf(words string) map[string]bool {
	set := make(map[string]bool)
	for _, word := range strings.Fields(words) {
		set[word] = true
	}
	return set
}
