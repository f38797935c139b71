package record

import (
	"strconv"

	"golang.org/x/sys/unix"

	"sydbox/access/talk"
	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// What a process writes to descriptor 2 is read from its memory as the call begins. How much of it the kernel takes is
// not asked: that would cost a second stop, and nearly always it takes all.

// said is the end of what a process has written to descriptor 2.
type said struct {
	at    int64
	total int64
	tail  []byte // at most twice tailMost: its end counts
	lost  bool   // it went to /dev/null
}

// tailMost is how much of what a process says is kept, buffersMost how many buffers of one call are read.
const (
	tailMost    = 16 << 10
	buffersMost = 64
)

var (
	callWrite  = syscalls.ByName("write")
	callWritev = syscalls.ByName("writev")
	callDup2   = syscalls.ByName("dup2")
	callDup3   = syscalls.ByName("dup3")
	callClose  = syscalls.ByName("close")
)

// says looks at a call that writes to descriptor 2.
func (r *recorder) says(t *tracer.Task, p *process, inv *syscalls.Invocation) tracer.Action {
	r.hears(t, p, inv)
	return r.talks(t, p, inv)
}

// hears reads what a call writes.
func (r *recorder) hears(t *tracer.Task, p *process, inv *syscalls.Invocation) {
	lost := !r.unheard && isNull(t.TID, int(inv.Int(0)))
	if p.said != nil && p.said.lost != lost {
		r.tellSaid(p)
	}
	if p.said == nil {
		p.said = &said{lost: lost}
	}
	p.said.at = r.now()
	if inv.Call == callWrite {
		p.said.add(t, inv.Pointer(1), inv.Args[2])
		return
	}
	word := uint64(inv.ABI.PointerSize)
	for i := range min(inv.Args[2], buffersMost) {
		var iov [2]uint64
		if !talk.ReadWords(t, inv, inv.Pointer(1)+2*word*i, iov[:]) {
			return
		}
		p.said.add(t, iov[0], iov[1])
	}
}

// isNull says whether a task's descriptor is /dev/null: nobody has read what was written there.
func isNull(tid, fd int) bool {
	const null = 1<<8 | 3 // null(4)
	var stat unix.Stat_t
	err := unix.Stat("/proc/"+strconv.Itoa(tid)+"/fd/"+strconv.Itoa(fd), &stat)
	return err == nil && stat.Mode&unix.S_IFMT == unix.S_IFCHR && stat.Rdev == null
}

// add reads the end of a buffer.
func (s *said) add(t *tracer.Task, addr, length uint64) {
	if length > 1<<31-1 {
		return // more than one call writes (write(2), MAX_RW_COUNT)
	}
	skip := length - min(length, tailMost)
	n := int(length - skip)
	room := s.room(n)
	if t.Read(addr+skip, room) != 0 {
		return
	}
	s.total += int64(length)
	if skip > 0 { // what is kept must be one piece
		s.tail = append(s.tail[:0], room...)
		return
	}
	s.tail = s.tail[:len(s.tail)+n]
}

// room returns a place for n bytes behind the tail.
func (s *said) room(n int) []byte {
	have := len(s.tail)
	if have+n > 2*tailMost {
		kept := copy(s.tail, s.tail[max(0, have-tailMost):])
		s.tail, have = s.tail[:kept], kept
	}
	if cap(s.tail) < have+n {
		grown := make([]byte, have, min(max(2*(have+n), 512), 2*tailMost))
		copy(grown, s.tail)
		s.tail = grown
	}
	return s.tail[have : have+n]
}

// A shell's own echo that says something on descriptor 2 (`echo … >&2`) makes 1 a copy of it and writes there. So who does
// that is followed until 1 is something else again; an exec ends it too.

// divertedCalls is how many calls of such a thread are looked at: a shell makes a handful.
const divertedCalls = 128

// divertClause is for a dup2(2, 1).
var divertClause = syscalls.Clause{
	Tests:   []syscalls.Test{{Arg: 0, Mask: 1<<32 - 1, Value: 2}, {Arg: 1, Mask: 1<<32 - 1, Value: 1}},
	Verdict: stop,
}

// diverts follows a task that makes its descriptor 1 a copy of 2.
func (r *recorder) diverts(t *tracer.Task, p *process, inv *syscalls.Invocation) tracer.Action {
	action := r.talks(t, p, inv)
	p.diverted = true
	t.Follow(max(divertedCalls, followedCalls*min(len(p.talks), 1)))
	return action
}

// saysOnward looks at a call of a task that is followed, as diverts has it.
func (r *recorder) saysOnward(t *tracer.Task, p *process, inv *syscalls.Invocation) {
	if !p.diverted || inv.Call == nil {
		return
	}
	switch inv.Call {
	case callWrite, callWritev:
		if inv.Int(0) == 1 {
			r.hears(t, p, inv)
		}
	case callDup2, callDup3:
		p.diverted = inv.Int(1) != 1
	case callClose:
		p.diverted = inv.Int(0) != 1
	}
}

// line is what is told of it; nil if nothing was written.
func (s *said) line(id int) *event.Said {
	if s == nil || s.total == 0 {
		return nil
	}
	text := s.tail[max(0, len(s.tail)-tailMost):]
	return &event.Said{At: s.at, ID: id, Text: string(text), Cut: s.total - int64(len(text)), Lost: s.lost}
}

// tellSaid writes what a process has said since the last time.
func (r *recorder) tellSaid(p *process) {
	if line := p.said.line(p.id); line != nil {
		r.emit(line)
	}
	p.said = nil
}
