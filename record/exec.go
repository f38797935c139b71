package record

import (
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/event"
	"sydbox/tracer"
)

// Exec tells of the program that a process has become. It has not run an instruction, so what is read is what the
// kernel has loaded.
func (r *recorder) Exec(t *tracer.Task, launch bool) tracer.Action {
	p := of(t)
	r.forget(t)
	r.tellRepeats(p)
	r.proc.of(p.pid)
	x := event.Executed{At: r.now(), ID: p.id, Typed: p.typed}
	p.cwd, p.moved = string(r.proc.readdir("cwd")), false
	x.Dir = p.cwd
	if launch {
		x.Typed, p.found = r.cmd.Path, r.launched(p)
		r.forgive(p)
		r.proc.of(p.pid)
	}
	if x.Typed == "" {
		x.Typed = p.found
	}
	x.Path = r.loaded(p)
	x.Argv = list(r.proc.read("cmdline"))
	env := r.envs.of(r.proc.read("environ"))
	x.Set, x.Unset = env.against(p.env)
	p.env = env
	x.Stdio = r.stdio()
	x.Script = r.script(p, x.Path)
	p.exe, p.typed, p.found = x.Path, "", ""
	if x.Typed == x.Path {
		x.Typed = ""
	}
	x.Names = r.namesOf(t, p, &x)
	r.emit(&x)
	r.executed(t, p, &x)
	return tracer.Action{}
}

// launched is the path of the command, which the shim executed unseen.
func (r *recorder) launched(p *process) string {
	var n access.Name
	n.UnsafePath, n.Dirfd, n.Follow = []byte(r.cmd.Path), unix.AT_FDCWD, true
	if len(n.UnsafePath) == 0 {
		return ""
	}
	m := &r.find.names[0]
	r.find.turnTo(nil, p)
	if !r.find.fast(m, &n) {
		return r.cmd.Path
	}
	return string(m.path)
}

// loaded returns the file that the kernel has loaded, and sets p apart if that gives it other rights than it had.
func (r *recorder) loaded(p *process) string {
	text := r.proc.readlink("exe")
	var st unix.Stat_t
	if stat(r.proc.path("exe"), &st) == 0 && st.Mode&(unix.S_ISUID|unix.S_ISGID) != 0 {
		r.compareRights(p.pid, p)
	}
	r.loadedAs = fileID{uint64(st.Dev), st.Ino}
	if string(text) == p.found {
		return p.found
	}
	if path, gone := strings.CutSuffix(string(text), deleted); gone && path == p.found {
		return path
	}
	if string(text) == p.exe {
		return p.exe
	}
	return string(text)
}

// fileID tells files apart.
type fileID struct{ dev, ino uint64 }

// script returns the file that was executed, if that is another than what the kernel has loaded: then the kernel has
// found an interpreter for it, by its first line or by binfmt_misc.
func (r *recorder) script(p *process, loaded string) string {
	if p.found == "" || p.found == loaded {
		return ""
	}
	var st unix.Stat_t
	if errno := stat(append([]byte(p.found), 0), &st); errno != 0 || (fileID{uint64(st.Dev), st.Ino}) == r.loadedAs {
		return ""
	}
	return p.found
}
