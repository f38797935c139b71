package record

import (
	"strings"

	"sydbox/event"
	"sydbox/tracer"
)

// remember keeps up with what a call that succeeded has changed.
func (r *recorder) remember(t *tracer.Task, p *process, w *pending) {
	c := r.find.canon
	switch w.info.after {
	case afterEnter:
		p.cwd, p.moved = readCwd(t.TID), false
		if p.cwd != "" {
			w.used.Path = p.cwd
		}
	case afterRoot:
		p.apart = true
		c.flush()
	case afterMade:
		c.made(w.used.Path)
	case afterNew:
		c.moved(newName(&w.used))
	case afterGone:
		c.gone(w.used.Path)
		if w.directory {
			r.movedDir(w.used.Path)
		}
	case afterRename:
		c.moved(w.used.Path)
		c.moved(w.used.To)
		if w.directory || w.used.Flags != "" {
			r.movedDir(w.used.Path)
			r.movedDir(w.used.To)
		}
	case afterMount:
		c.flush()
		r.movedDir("/")
	}
}

// newName is the name that a call made.
func newName(u *event.Used) string {
	if u.Op == event.OpLink {
		return u.To
	}
	return u.Path
}

// movedDir is told of a directory that may have another name now: the processes in it are somewhere else.
func (r *recorder) movedDir(path string) {
	for p := range r.alive {
		if p.cwd == path || path == "/" || strings.HasPrefix(p.cwd, path) && p.cwd[len(path)] == '/' {
			p.moved = true
		}
	}
}

// workingDir returns the working directory of a process; empty if it has no name.
func (p *process) workingDir() string {
	if p.moved {
		p.cwd, p.moved = readCwd(p.pid), false
	}
	return p.cwd
}
