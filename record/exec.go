package record

import (
	"os"

	"sydbox/event"
	"sydbox/tracer"
)

// Exec tells of the program that a process has become.
func (r *recorder) Exec(t *tracer.Task, launch bool) tracer.Action {
	p := of(t)
	x := event.Executed{At: r.now(), ID: p.id, Typed: p.typed}
	if launch {
		x.Typed = r.cmd.Path
	}
	p.typed = ""
	x.Path, _ = os.Readlink(entry(p.pid, "exe"))
	x.Argv = readList(entry(p.pid, "cmdline"))
	p.exe, p.cwd = x.Path, readCwd(p.pid)
	x.Dir = p.cwd
	env := readEnvironment(p.pid)
	x.Set, x.Unset = env.against(p.env)
	p.env = env
	x.Stdio = stdioOf(p.pid)
	x.Script = scriptOf(&x)
	if x.Typed == x.Path {
		x.Typed = ""
	}
	x.Names = r.namesOf(t, p, &x)
	r.emit(&x)
	r.executed(t, p, &x)
	return tracer.Action{}
}

// scriptOf returns the script that the interpreter x.Path was started for.
func scriptOf(x *event.Executed) string { return "" }

// stdioOf says what descriptors 0, 1 and 2 are.
func stdioOf(pid int) (std [3]string) {
	for i, name := range [...]string{"fd/0", "fd/1", "fd/2"} {
		std[i], _ = os.Readlink(entry(pid, name))
	}
	return std
}
