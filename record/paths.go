package record

import (
	"hash/maphash"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// path looks at a call that names a file.
func (r *recorder) path(t *tracer.Task, p *process, inv *syscalls.Invocation) tracer.Action {
	r.find.turnTo(t, p)
	if errno := access.Describe(inv, t, &r.find, &r.acc); errno != 0 || r.acc.N == 0 {
		return tracer.Action{} // there is no path, or none that can be read
	}
	if r.acc.List[0].Op == 0 {
		return tracer.Action{} // a look at a descriptor
	}
	info := infoOf(inv.Call)
	errno, sure := r.predict(inv, &info)
	if sure && !r.verifies && !r.injects() {
		r.foretold(t, p, inv, &info, errno)
		return tracer.Action{}
	}
	w := r.wait(t, inv)
	w.info, w.directory = info, r.find.names[0].mode&unix.S_IFMT == unix.S_IFDIR
	w.sure, w.expected = sure, errno
	r.fill(t, p, inv, &info, &w.used)
	if inv.Call.Class == syscalls.Exec {
		p.typed, p.found = w.used.Typed, w.used.Path
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

// foretold tells of a call whose result is certain.
func (r *recorder) foretold(t *tracer.Task, p *process, inv *syscalls.Invocation, info *callInfo, errno unix.Errno) {
	counts := info.guess != guessMissing
	var key repeatKey
	if counts {
		n := &r.find.names[0]
		args := uint64(errno) << 32
		if info.flags >= 0 {
			args |= uint64(inv.Uint(int(info.flags)))
		}
		key = repeatKey{call: inv.Call, name: maphash.Bytes(seed, n.abs), args: args, changes: r.find.canon.changes}
		if p.again(r, &key) {
			return
		}
	}
	r.fill(t, p, inv, info, &r.line)
	r.line.At, r.line.Errno = r.now(), errnoName(-int64(errno))
	r.tell(t, p, &r.line)
	if counts {
		p.note(r, &key, &r.line)
	}
}

// happened tells of a call that has its result.
func (r *recorder) happened(t *tracer.Task, p *process, w *pending, result int64) {
	w.used.At, w.used.Errno = r.now(), errnoName(result)
	if r.verifies {
		r.verify(w, result)
	}
	if w.used.Op == event.OpExec && w.used.Errno == "" {
		return // Exec told of it
	}
	if w.used.Errno == "" {
		r.remember(t, p, w)
	}
	if w.used.Op != event.OpLook {
		r.tell(t, p, &w.used)
		return
	}
	key := repeatKey{call: w.call, name: hashOf(&w.used), changes: r.find.canon.changes}
	if !p.again(r, &key) {
		r.tell(t, p, &w.used)
		p.note(r, &key, &w.used)
	}
}

// tell writes a use.
func (r *recorder) tell(t *tracer.Task, p *process, u *event.Used) {
	r.judge(p, u)
	r.emit(u)
	r.used(t, p, u)
}

// fill says what the described call does.
func (r *recorder) fill(t *tracer.Task, p *process, inv *syscalls.Invocation, info *callInfo, u *event.Used) {
	a := &r.acc.List[0]
	*u = event.Used{ID: p.id, Op: info.op, Path: string(r.find.names[0].path), Call: inv.Call.Name}
	u.Kind, u.Flags = kindOf(a.Object.Kind), r.flagsOf(inv)
	if u.Op == "" {
		u.Op = opOf(a)
	}
	if !a.Name.FD {
		if u.Path == "" || string(a.Name.UnsafePath) != u.Path {
			u.Typed = string(a.Name.UnsafePath)
		}
		if u.Path == "" {
			u.Path = r.asFarAs(t, &a.Name)
		}
		if u.Path == u.Typed {
			u.Typed = ""
		}
	}
	switch {
	case info.op == event.OpSymlink:
		if n, errno := t.ReadString(inv.Pointer(0), r.text[:]); errno == 0 {
			u.To = string(r.text[:n])
		}
	case r.acc.N > 1:
		u.To = string(r.find.names[1].path)
		if u.To == "" {
			u.To = string(r.acc.List[1].Name.UnsafePath)
		}
	}
	if u.Op == event.OpMake && u.Kind == "" {
		u.Kind = madeKind(inv, a)
	}
}

// asFarAs is the path of a name that leads nowhere that has one: below a directory that was removed.
func (r *recorder) asFarAs(t *tracer.Task, n *access.Name) string {
	typed := string(n.UnsafePath)
	if strings.HasPrefix(typed, "/") {
		return typed
	}
	r.proc.of(t.TID)
	entry := "cwd"
	if n.Dirfd != unix.AT_FDCWD {
		entry = "fd/" + strconv.Itoa(int(n.Dirfd))
	}
	base := strings.TrimSuffix(string(r.proc.readlink(entry)), deleted)
	if base == "" || typed == "" {
		return base + typed
	}
	return base + "/" + typed
}

// madeKind is what a call makes.
func madeKind(inv *syscalls.Invocation, a *access.Access) string {
	switch {
	case inv.Call == callMkdir || inv.Call == callMkdirat:
		return kindOf(access.Directory)
	case a.Mode&unix.S_IFMT != 0:
		return kindOf(kindOfMode(a.Mode))
	}
	return ""
}

var callMkdir, callMkdirat = syscalls.ByName("mkdir"), syscalls.ByName("mkdirat")

// opOf names what is done with an object.
func opOf(a *access.Access) string {
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
