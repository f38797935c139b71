package record

import (
	"slices"

	"sydbox/arch"
	"sydbox/event"
	"sydbox/tracer"
)

// What ran already when the recorder came. It is told of first, as it is known from /proc: a birth and a program for each
// process. Nobody knows which restrictions it has put on itself, so its results are always the kernel's own: it is
// apart, and what it starts is too. That costs nothing here: without a prefilter every call stops at its end anyway.

// Attach returns the Cmd that records processes that run already, and all that they have started and will. Interrupt
// lets go of them and finishes the recording. None of them may be a child of this process.
func Attach(pids ...int) *Cmd { return &Cmd{Attach: pids, control: tracer.NewControl()} }

// runAttached is Run for them. The error is a *tracer.AttachError if one cannot be traced.
func (c *Cmd) runAttached(r *recorder) (*Result, error) {
	c.out = newSink(c.Out)
	r.out = c.out
	head := r.head()
	head.Attached = c.Attach
	r.emit(head)
	if err := r.begin(c); err != nil {
		c.out.close()
		return nil, err
	}
	options := tracer.Options{Control: c.control, Dumpable: true, Exits: true}
	result, err := tracer.Attach(c.Attach, r, options, filter(arch.Native()))
	if err != nil {
		c.out.close()
		return nil, err
	}
	r.left = nil
	for p := range r.alive {
		r.ending(p)
		r.tellRepeats(p)
		r.left = append(r.left, p.id)
	}
	slices.Sort(r.left)
	result.Root = 0 // there is no command
	return r.finish(result)
}

// found tells of a process that ran already.
func (r *recorder) found(p *process, born *event.Born) {
	p.apart, p.breeds = true, true
	p.cwd = readCwd(p.pid)
	born.Dir, born.Attached = p.cwd, true
	r.emit(born)
	r.proc.of(p.pid)
	x := event.Executed{At: born.At, ID: p.id, Dir: p.cwd, Path: r.loaded(p), Argv: list(r.proc.read("cmdline"))}
	env := r.envs.of(r.proc.read("environ"))
	x.Set, x.Unset = env.against(p.env)
	p.env, p.exe = env, x.Path
	x.Stdio = r.stdio()
	if x.Path == "" {
		return // it is about to be gone
	}
	r.emit(&x)
	p.program = &event.Executed{Path: x.Path, Argv: x.Argv}
}

// stop ends a run: what was attached to is let go, anything else is killed.
func (c *Cmd) stop() {
	if c.Attach != nil {
		c.control.Detach()
		return
	}
	c.control.KillTree()
}
