package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"sydbox/cmd/internal/console"
	"sydbox/policy"
	"sydbox/policy/program"
	"sydbox/sandbox"
)

// `sydbox check -- CMD ARG...` says what a command would become, and what the policy would decide, without running
// it. A checker follows it as far as it can be known beforehand: to the command behind a wrapper (checkcmd_wrap.go)
// and to those in the text of a shell (checkcmd_shell.go). Each is a finding.

// finding is what is known of one command.
type finding struct {
	parent, depth int
	by            string   // what starts it: "env starts", "sh runs"; empty for the command itself
	words         [][]byte // some may be open, see checkcmd_open.go
	file          string   // the path that is executed; empty if there is no exec or it is not known
	path          string   // where that leads
	verdict       verdict
	why           string // of a verdict that no rule gave, or what else is to be known
	id            *program.Identity
	decision      policy.ExecDecision
	lost          []policy.ExecMatch
	judged        bool // decision is valid
}

// verdict is what can be said of a command.
type verdict uint8

const (
	verdictAllowed verdict = iota
	verdictDenied
	verdictUnknown
	verdictNoExec // a builtin or a function of a shell
)

func (v verdict) String() string {
	return [...]string{"allow", "deny", "cannot say", "no exec"}[v]
}

// status is the exit status that a verdict means.
func (v verdict) status() int {
	switch v {
	case verdictDenied:
		return checkDenied
	case verdictUnknown:
		return checkUnknown
	}
	return checkAllowed
}

// Bounds of one check.
const (
	maxCheckDepth    = 16   // commands that start commands
	maxCheckCommands = 5000 // findings
)

// checker follows one command.
type checker struct {
	pol      *policy.Policy
	view     program.View
	cache    *program.Cache
	guesses  [][][]byte // what open words are tried with; see checkcmd_open.go
	guessed  bool
	findings []*finding
	full     bool // there were more than maxCheckCommands
}

// place is where and by what a command is started.
type place struct {
	parent, depth int
	by            string
	// path is the PATH that the command is looked up in; nil for this process's own.
	path *string
	// moved, pathless and foreign say why a relative path, a bare name or any name leads nobody knows where; empty if
	// it does not.
	moved, pathless, foreign string
	// bundle is the multi-call binary whose shell prefers its own applets; nil if there is none.
	bundle *finding
	// text: the command comes from a shell's text, so its environment is not known.
	text bool
}

// newChecker returns a checker for the policy. close gives its descriptors back.
func newChecker(pol *policy.Policy) (c *checker, closeView func(), err error) {
	view, err := sandbox.Programs()
	if err != nil {
		return nil, nil, err
	}
	return &checker{pol: pol, view: wholeNames{view}, cache: program.NewCache(time.Now)}, view.Close, nil
}

// wholeNames is a View of paths as the kernel sees them: none holds a NUL. Open words do.
type wholeNames struct{ program.View }

func (v wholeNames) Open(unsafePath []byte) (program.File, [][]byte, error) {
	if isOpen(unsafePath) {
		return nil, nil, os.ErrNotExist
	}
	return v.View.Open(unsafePath)
}

func (v wholeNames) Readlink(unsafePath []byte) ([]byte, error) {
	if isOpen(unsafePath) {
		return nil, os.ErrNotExist
	}
	return v.View.Readlink(unsafePath)
}

// add notes a finding; nil if there are too many.
func (c *checker) add(p place, words [][]byte) *finding {
	if len(c.findings) >= maxCheckCommands {
		c.full = true
		return nil
	}
	f := &finding{parent: p.parent, depth: p.depth, by: p.by, words: words}
	c.findings = append(c.findings, f)
	return f
}

// cannotSay notes a command, or what may hold commands, of which nothing is known.
func (c *checker) cannotSay(p place, words [][]byte, why string) {
	if f := c.add(p, words); f != nil {
		f.verdict, f.why = verdictUnknown, why
	}
}

// command judges a command and what it will start.
func (c *checker) command(p place, words [][]byte) {
	f := c.add(p, words)
	if f == nil {
		return
	}
	at := len(c.findings)
	if why := c.find(f, p); why != "" {
		f.verdict, f.why = verdictUnknown, why
		return
	}
	if runs := c.judge(f, p); !runs {
		return
	}
	if p.depth == maxCheckDepth {
		p.parent, p.depth = at, p.depth+1
		c.cannotSay(p, nil, "commands that start commands are nested too deep")
		return
	}
	c.follow(f, place{
		parent: at, depth: p.depth + 1, path: p.path, moved: p.moved, pathless: p.pathless, foreign: p.foreign,
		text: p.text,
	})
}

// find sets the file that a command's name leads to, or says why it cannot be known.
func (c *checker) find(f *finding, p place) (why string) {
	switch {
	case len(f.words) == 0:
		return "no command was given"
	case isOpen(f.words[0]):
		return "which command this is will be known only when it runs"
	case p.foreign != "":
		return p.foreign
	}
	name := string(f.words[0])
	slash := bytes.IndexByte(f.words[0], '/')
	switch {
	case p.depth > 0 && ofProcess(name):
		return "it depends on the process that executes it"
	case slash > 0 && p.moved != "":
		return p.moved
	case slash < 0 && p.bundle != nil && p.bundle.id.Inner(f.words[0]) != program.ByExec:
		if p.bundle.loaded() {
			return "it is an applet of a shell that a loader has loaded"
		}
		f.by += " its own"
		f.file = p.bundle.file
		return ""
	case slash < 0 && p.pathless != "":
		return p.pathless
	}
	var err error
	if p.path != nil {
		f.file, err = console.LookupIn(name, *p.path)
	} else {
		f.file, err = console.Lookup(name)
	}
	if err != nil {
		return err.Error()
	}
	if p.moved != "" && f.file[0] != '/' {
		return p.moved // PATH has a relative entry
	}
	return ""
}

// ofProcess says that a path means something else to each process.
func ofProcess(name string) bool {
	for _, prefix := range []string{"/proc/self/", "/proc/thread-self/", "/dev/fd/", "/dev/std"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// loaded says that a loader was run to load the program.
func (f *finding) loaded() bool {
	return slices.ContainsFunc(f.id.Names, func(n program.Name) bool { return n.How == program.Loader })
}

// judge identifies the program and asks the policy. runs says that it may run, so that what it starts matters.
func (c *checker) judge(f *finding, p place) (runs bool) {
	file, hops, err := c.view.Open([]byte(f.file))
	if err != nil {
		f.verdict, f.why = verdictUnknown, fmt.Sprintf("it cannot be opened: %v", err)
		return false
	}
	defer file.Close()
	f.path = string(file.Path())
	x := &program.Exec{Typed: []byte(f.file), File: file, Hops: hops, Argv: f.words}
	if !p.text {
		x.Env = environ()
	}
	f.id = c.cache.Identify(x, c.view, c.pol.Originals())
	f.decision, f.lost = c.pol.ExplainExec(f.id)
	open := openWords(f.words)
	f.judged = true
	switch {
	case f.id.Unknown != "" && open:
		f.verdict, f.why, f.judged = verdictUnknown, f.id.Unknown, false
	case open && !f.id.Fails && c.depends(x, f.decision.Denied()):
		f.verdict, f.judged = verdictUnknown, false
		f.why = "a rule may decide otherwise once " + openList(f.words) + " is known"
		return true
	case f.decision.Denied():
		f.verdict, f.why = verdictDenied, f.decision.Why
	case f.id.Fails:
		f.verdict, f.why = verdictUnknown, "the kernel will refuse it, as the steps say"
	case f.id.Unknown == "" && f.id.Final == (program.ID{}):
		f.verdict, f.why = verdictUnknown, "its interpreter is missing or cannot be opened"
	case formless(f.id):
		f.verdict, f.why = verdictUnknown, "the kernel will refuse it, unless binfmt_misc knows what it is"
	default:
		return true
	}
	return false
}

// formless says that a program is neither an ELF file nor a script.
func formless(id *program.Identity) bool {
	return slices.ContainsFunc(id.Steps, func(s program.Step) bool {
		return s.What == "file" && strings.HasPrefix(s.Note, "neither ELF")
	})
}

func environ() [][]byte {
	list := os.Environ()
	env := make([][]byte, len(list))
	for i, pair := range list {
		env[i] = []byte(pair)
	}
	return env
}

// worst is the verdict of all that was found.
func (c *checker) worst() verdict {
	worst := verdictAllowed
	for _, f := range c.findings {
		switch {
		case f.verdict == verdictDenied:
			return verdictDenied
		case f.verdict == verdictUnknown:
			worst = verdictUnknown
		}
	}
	if c.full {
		worst = verdictUnknown
	}
	return worst
}
