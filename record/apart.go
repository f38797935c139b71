package record

import (
	"bytes"
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"

	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// A process is apart once it, or an ancestor, may see other files than the recorder or see them with other rights. Then
// every call takes an exit stop, and names are looked up through the process's eyes.

// changes are the calls that set a process apart, and how each is looked at before it runs.
var changes = func() map[*syscalls.Call]func(*recorder, *tracer.Task, *process, *syscalls.Invocation) tracer.Action {
	m := map[*syscalls.Call]func(*recorder, *tracer.Task, *process, *syscalls.Invocation) tracer.Action{
		syscalls.ByName("clone"):          (*recorder).clone,
		syscalls.ByName("clone3"):         (*recorder).clone3,
		syscalls.ByName("unshare"):        (*recorder).unshare,
		syscalls.ByName("io_uring_setup"): (*recorder).uring,
	}
	for name := range special {
		call := syscalls.ByName(name)
		if call == nil || m[call] != nil {
			continue
		}
		if bytes.HasPrefix([]byte(name), []byte("set")) && name != "setns" || name == "capset" {
			m[call] = (*recorder).setsRights
		} else {
			m[call] = (*recorder).restricts
		}
	}
	return m
}()

// restricts is for the calls that set a process apart if they succeed: filters, Landlock, setns.
func (r *recorder) restricts(t *tracer.Task, p *process, inv *syscalls.Invocation) tracer.Action {
	r.wait(t, inv).then = func(r *recorder, t *tracer.Task, p *process, result int64) {
		if errnoName(result) == "" {
			p.apart = true
		}
	}
	return tracer.Action{Exit: true}
}

// setsRights is for those that change user, groups and capabilities. Programs often set what they have already.
func (r *recorder) setsRights(t *tracer.Task, p *process, inv *syscalls.Invocation) tracer.Action {
	r.wait(t, inv).then = func(r *recorder, t *tracer.Task, p *process, _ int64) { r.compareRights(t.TID, p) }
	return tracer.Action{Exit: true}
}

// compareRights sets a process apart whose rights are not the recorder's.
func (r *recorder) compareRights(tid int, p *process) {
	if !bytes.Equal(rightsOf(tid), r.rights) {
		p.apart = true
	}
}

// rightsOf returns the lines of /proc/TID/status that say what a task may do; nil if it is gone.
func rightsOf(tid int) []byte {
	status, err := os.ReadFile(entry(tid, "status"))
	if err != nil {
		return nil
	}
	var rights []byte
	for line := range bytes.Lines(status) {
		name, _, _ := bytes.Cut(line, []byte(":"))
		switch string(name) {
		case "Uid", "Gid", "Groups", "CapPrm", "CapEff":
			rights = append(rights, line...)
		}
	}
	return rights
}

// unshare is for a thread that gets something of its own. A descriptor table makes no difference here.
func (r *recorder) unshare(t *tracer.Task, p *process, inv *syscalls.Invocation) tracer.Action {
	if inv.Args[0]&^unix.CLONE_FILES == 0 {
		return tracer.Action{}
	}
	return r.restricts(t, p, inv)
}

// clone is for children in other namespaces, or with the same working directory for ever, and for those that want not
// to be traced: they would run under the filter, where what stops fails with ENOSYS if nobody traces (seccomp(2)). They
// are.
func (r *recorder) clone(t *tracer.Task, p *process, inv *syscalls.Invocation) tracer.Action {
	i := cloneFlags(inv.ABI)
	flags := inv.Args[i]
	p.kinship(flags)
	if flags&unix.CLONE_UNTRACED == 0 {
		return tracer.Action{}
	}
	action := tracer.Action{Kind: tracer.As, Call: inv.Call, Args: inv.Args}
	action.Args[i] = flags &^ unix.CLONE_UNTRACED
	return action
}

// clone3 is clone with its flags in memory, where they cannot be changed: one that asks for CLONE_UNTRACED is answered
// as by a kernel before 5.3, which C libraries are prepared for.
func (r *recorder) clone3(t *tracer.Task, p *process, inv *syscalls.Invocation) tracer.Action {
	var word [8]byte
	if t.Read(inv.Pointer(0), word[:]) != 0 {
		return tracer.Action{}
	}
	flags := binary.NativeEndian.Uint64(word[:])
	p.kinship(flags)
	if flags&unix.CLONE_UNTRACED != 0 {
		return tracer.Deny(unix.ENOSYS)
	}
	return tracer.Action{}
}

// kinship notes what the children of a process may have otherwise than it has. It holds for all that follow: which of
// them a call makes is not known for sure.
func (p *process) kinship(flags uint64) {
	if flags&(newSpaces|emptySpace) != 0 {
		p.breeds = true
	}
	if flags&unix.CLONE_FS != 0 && flags&unix.CLONE_THREAD == 0 {
		p.breeds, p.apart = true, true
	}
}

// uring is for io_uring: what is done through it is not seen.
func (r *recorder) uring(t *tracer.Task, p *process, inv *syscalls.Invocation) tracer.Action {
	r.wait(t, inv).then = func(r *recorder, _ *tracer.Task, p *process, result int64) {
		if errnoName(result) == "" {
			r.emit(&event.Hinted{At: r.now(), ID: p.id, What: "io_uring", Call: "io_uring_setup"})
		}
	}
	return tracer.Action{Exit: true}
}
