package trail

import (
	"path"
	"strconv"
	"strings"

	"sydbox/event"
	"sydbox/sandbox/report"
)

// Name is what people call the program: the applet of a multi-call binary, a script's name, or else that of the file as
// it was run: "gcc", though the file is x86_64-linux-gnu-gcc-12. It is raw.
func (e *Exec) Name() string {
	switch {
	case e == nil:
		return "?"
	case len(e.Names) > 0:
		return e.Names[0]
	case e.Script != "":
		return path.Base(e.Script)
	case e.Typed != "" && !strings.HasPrefix(e.Typed, "/proc/"): // not /proc/self/exe
		return path.Base(e.Typed)
	}
	return path.Base(e.Path)
}

// Name is its program's.
func (p *Proc) Name() string { return p.Program().Name() }

// String is how every table names a process: "cc1 #77". It is safe on a terminal.
func (p *Proc) String() string {
	if p == nil {
		return "?"
	}
	return event.Quote(p.Name()) + " #" + strconv.Itoa(p.ID)
}

// Line is the chain of a process as a line: "cc1 #77 < gcc #76 < make #3". It is safe on a terminal.
func (p *Proc) Line() string {
	var b strings.Builder
	for i, q := range p.Chain() {
		if i > 0 {
			b.WriteString(" < ")
		}
		b.WriteString(q.String())
	}
	return b.String()
}

// CommandLine is the arguments as words of a shell. It is safe on a terminal, and can be pasted.
func (e *Exec) CommandLine() string {
	if e == nil {
		return ""
	}
	words := make([]string, len(e.Argv))
	for i, w := range e.Argv {
		words[i] = report.ShellQuote(w)
	}
	return strings.Join(words, " ")
}

// Environ is the whole environment of a program, "NAME=value", in no particular order.
func (t *Trail) Environ(e *Exec) []string {
	if e == nil {
		return t.Head.Env
	}
	var chain []*Exec
	for ; e != nil; e = e.before {
		chain = append(chain, e)
	}
	env := append([]string(nil), t.Head.Env...)
	for i := len(chain) - 1; i >= 0; i-- {
		env = change(env, chain[i].Set, chain[i].Unset)
	}
	return env
}

// change applies what an exec changed.
func change(env, set, unset []string) []string {
	gone := make(map[string]bool, len(set)+len(unset))
	for _, name := range unset {
		gone[name] = true
	}
	for _, s := range set {
		name, _, _ := strings.Cut(s, "=")
		gone[name] = true
	}
	kept := make([]string, 0, len(env)+len(set))
	for _, s := range env {
		if name, _, _ := strings.Cut(s, "="); !gone[name] {
			kept = append(kept, s)
		}
	}
	return append(kept, set...)
}

// Before is the program whose environment e started from; nil for the command, which started from Head.Env.
func (e *Exec) Before() *Exec { return e.before }
