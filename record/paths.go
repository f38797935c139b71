package record

import (
	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// path looks at a call that names a file.
func (r *recorder) path(t *tracer.Task, p *process, inv *syscalls.Invocation) tracer.Action {
	r.slow.Task(t.TID, t.Process.TGID)
	if errno := access.Describe(inv, t, r.slow, &r.acc); errno != 0 || r.acc.N == 0 {
		return tracer.Action{} // there is no path, or none that can be read
	}
	if r.acc.List[0].Op == 0 {
		return tracer.Action{} // a look at a descriptor
	}
	w := r.wait(t, inv)
	r.fill(p, inv, &w.used)
	if inv.Call.Class == syscalls.Exec {
		p.typed = w.used.Typed
		if p.typed == "" {
			p.typed = w.used.Path
		}
	}
	if r.injects() {
		if errno := r.inject(p, &w.used); errno != 0 {
			w.used.At, w.used.Errno, w.used.Injected = r.now(), unix.ErrnoName(errno), true
			r.tell(t, p, &w.used)
			r.forget(t)
			return tracer.Deny(errno)
		}
	}
	return tracer.Action{Exit: true}
}

// happened tells of a call that has its result.
func (r *recorder) happened(t *tracer.Task, p *process, w *pending, result int64) {
	w.used.At, w.used.Errno = r.now(), errnoName(result)
	if w.used.Op == event.OpExec && w.used.Errno == "" {
		return // Exec told of it
	}
	if w.used.Op == event.OpEnter && w.used.Errno == "" {
		p.cwd = readCwd(p.pid)
	}
	r.tell(t, p, &w.used)
}

// tell writes a use.
func (r *recorder) tell(t *tracer.Task, p *process, u *event.Used) {
	r.judge(p, u)
	r.emit(u)
	r.used(t, p, u)
}

// fill says what the described call does.
func (r *recorder) fill(p *process, inv *syscalls.Invocation, u *event.Used) {
	a := &r.acc.List[0]
	*u = event.Used{
		ID: p.id, Op: opOf(inv, &r.acc), Path: string(a.Object.Path), Call: inv.Call.Name, Flags: access.FormatFlags(inv),
		Kind: kindOf(a.Object.Kind),
	}
	if !a.Name.FD {
		u.Typed = string(a.Name.UnsafePath)
	}
	if u.Path == "" {
		u.Path = u.Typed
	}
	if u.Typed == u.Path {
		u.Typed = ""
	}
	switch {
	case r.acc.N > 1:
		u.To = string(r.acc.List[1].Object.Path)
	}
}

// opOf names what a call does.
func opOf(inv *syscalls.Invocation, acc *access.Accesses) string {
	a := &acc.List[0]
	switch inv.Call.Name {
	case "chdir", "fchdir", "chroot":
		return event.OpEnter
	case "rename", "renameat", "renameat2":
		return event.OpRename
	case "link", "linkat":
		return event.OpLink
	case "symlink", "symlinkat":
		return event.OpSymlink
	}
	switch op := a.Op; {
	case op&access.Exec != 0:
		return event.OpExec
	case op&access.Create != 0:
		return event.OpMake
	case op&access.Delete != 0:
		return event.OpDelete
	case op&access.Attr != 0:
		return event.OpAttr
	case op&access.Write != 0:
		return event.OpWrite
	case op&access.Read != 0 && a.Object.Kind == access.Directory:
		return event.OpList
	case op&access.Read != 0:
		return event.OpRead
	}
	return event.OpLook
}

// kindOf names a kind as lines do.
func kindOf(k access.Kind) string {
	switch k {
	case access.Directory:
		return "dir"
	case access.Symlink:
		return "link"
	case access.FIFO:
		return "fifo"
	case access.Socket:
		return "socket"
	case access.CharDevice, access.BlockDevice:
		return "device"
	}
	return ""
}

// changes are the calls that change what a process sees, and how each is looked at.
var changes = map[*syscalls.Call]func(*recorder, *tracer.Task, *process, *syscalls.Invocation) tracer.Action{}
