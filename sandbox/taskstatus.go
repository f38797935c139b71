package sandbox

import (
	"bytes"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/tracer"
)

// taskStatus is what /proc/TID/status says of a task (proc_pid_status(5)), in the tracer's namespaces.
type taskStatus struct {
	state     byte // 0 if it was not told
	tgid      int
	parent    int // the process that waits for it; 0 if that is not in the tracer's PID namespace
	tracer    int // the thread that traces it
	threads   int
	innermost int // its number in its own PID namespace
	group     int // its process group's number there; 0 if the group is of outside
	uid, euid uint32
	suid      uint32
	caps      uint64 // effective
}

// unknownID is nobody's (uid_t)-1.
const unknownID = ^uint32(0)

// status reads it. ENOENT or ESRCH if there is no such task. What is missing counts as nothing: no capabilities,
// nobody's identity.
func (p *procfs) status(tid int, s *taskStatus) syscall.Errno {
	text, errno := p.read(tid, "status")
	if errno != 0 {
		return errno
	}
	s.parse(text)
	return 0
}

func (s *taskStatus) parse(text []byte) {
	*s = taskStatus{uid: unknownID, euid: unknownID, suid: unknownID}
	for len(text) > 0 {
		line := text
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			return // cut off
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			continue
		}
		value := bytes.TrimSpace(line[colon+1:])
		switch string(line[:colon]) {
		case "State":
			if len(value) > 0 {
				s.state = value[0]
			}
		case "Tgid":
			s.tgid = int(nextNumber(&value, 10))
		case "PPid":
			s.parent = int(nextNumber(&value, 10))
		case "TracerPid":
			s.tracer = int(nextNumber(&value, 10))
		case "Threads":
			s.threads = int(nextNumber(&value, 10))
		case "Uid":
			s.uid, s.euid = uint32(nextNumber(&value, 10)), uint32(nextNumber(&value, 10))
			s.suid = uint32(nextNumber(&value, 10))
		case "NSpid":
			for len(value) > 0 {
				s.innermost = int(nextNumber(&value, 10))
			}
		case "NSpgid":
			for len(value) > 0 {
				s.group = int(nextNumber(&value, 10))
			}
		case "CapEff":
			s.caps = nextNumber(&value, 16)
		}
	}
}

// nextNumber takes the first number off a list. The kernel wrote it, so it is one.
func nextNumber(list *[]byte, base uint64) (n uint64) {
	text := *list
	for len(text) > 0 && text[0] != '\t' && text[0] != ' ' {
		digit := uint64(text[0] - '0')
		if 'a' <= text[0] && text[0] <= 'f' {
			digit = uint64(text[0]-'a') + 10
		}
		n = n*base + digit
		text = text[1:]
	}
	*list = bytes.TrimLeft(text, "\t ")
	return n
}

// dead says that the whole process has ended. A first thread that has ended has a number for as long as others run.
func (s *taskStatus) dead() bool { return (s.state == 'Z' || s.state == 'X') && s.threads <= 1 }

// namespace is whose numbers a task gives.
type namespace uint8

const (
	namespaceOwn     namespace = iota // the tracer's
	namespaceTheirs                   // those of a PID namespace that the tree made, or was born into
	namespaceForeign                  // those of another, which a task was able to join: root, with "userns" lifted
)

// namespaceOf looks into which PID namespace a task is. There is only one unless the tree was born into its own, or a
// refusal is lifted.
func (b *box) namespaceOf(t *tracer.Task) namespace {
	switch {
	case b.inner != nil:
		if b.ownRights() == 0 && b.inner.home(t.TID) {
			return namespaceTheirs
		}
		if !b.carrier.options.UserNamespaces {
			return namespaceForeign // it cannot be: its entry in /proc is closed, or gone
		}
	case !b.carrier.options.UserNamespaces:
		return namespaceOwn
	}
	switch {
	case b.ownRights() != 0:
		return namespaceForeign
	case b.proc.same(t.TID, "ns/pid"):
		return namespaceOwn
	}
	var its, other [64]byte
	name, errno := b.proc.readlink(t.TID, "ns/pid", its[:])
	if errno != 0 {
		return namespaceForeign
	}
	// Who makes a PID namespace has a child that is its process 1, without which nobody lives in it.
	for tid := range b.members.tasks {
		var s taskStatus
		if b.proc.status(tid, &s) != 0 || s.innermost != 1 {
			continue
		}
		if at, errno := b.proc.readlink(tid, "ns/pid", other[:]); errno == 0 && string(at) == string(name) {
			return namespaceTheirs
		}
	}
	return namespaceForeign
}

// ownRights gives the tracer's thread its own rights back, which those of a task may have taken the place of.
func (b *box) ownRights() syscall.Errno {
	if b.carrier.deputy == nil {
		return 0
	}
	if errno := b.carrier.deputy.Own(); errno != 0 {
		return unix.EPERM
	}
	return 0
}
