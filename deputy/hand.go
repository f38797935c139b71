package deputy

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/syscalls"
)

// A task may put itself into a Landlock domain of its own, and what it may not do there the tracer must not do for it.
// A domain belongs to a thread and nothing takes it off, so such tasks have deputies on threads of their own: hands,
// which have put themselves under the same rulesets in the same order.
//
// The domain is for what the task asks for, not for how the tracer finds out: a thread in it may neither read
// /proc/TID/status, unless a rule happens to allow it, nor look into any process outside of it. So the tracer's thread,
// which waits meanwhile, does that.

// Hand is a Deputy on a thread that has restricted itself. It is used from the tracer's thread, which waits for it.
type Hand struct {
	jobs    chan *handJob
	replies chan handReply
	job     handJob
}

// handJob is what a hand is to do. do is nil for the call as such.
type handJob struct {
	tid    int
	do     socketDoer
	socket *Socket
	inv    *syscalls.Invocation
	pins   Pins
	acc    *access.Accesses
}

// handReply is either a piece of memory that the hand asks for or what came of the job.
type handReply struct {
	memory func(Memory) // nil: done
	out    Outcome
}

// NewHand starts a thread and puts it under the rulesets, the outermost first. They are descriptors of
// landlock_create_ruleset(2), which the caller keeps.
func NewHand(o Options, rulesets []int) (*Hand, error) {
	h := &Hand{jobs: make(chan *handJob), replies: make(chan handReply)}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its domain
		d, err := restricted(o, rulesets)
		ready <- err
		if err != nil {
			return
		}
		defer d.Close()
		mem := handMemory{h}
		d.onTracer = func(f func()) { mem.ask(func(Memory) { f() }) }
		for job := range h.jobs {
			h.replies <- handReply{out: job.run(d, mem)}
		}
	}()
	if err := <-ready; err != nil {
		return nil, err
	}
	return h, nil
}

func (j *handJob) run(d *Deputy, mem Memory) Outcome {
	if errno := d.Assume(j.tid); errno != 0 {
		return done(errno)
	}
	if j.do != nil {
		return d.onSocket(j.do, j.socket, call{inv: j.inv, mem: mem, pins: j.pins, acc: j.acc})
	}
	return d.Do(j.inv, mem, j.pins, j.acc)
}

// restricted makes a Deputy for the calling thread and restricts the thread.
func restricted(o Options, rulesets []int) (*Deputy, error) {
	d, err := New(o)
	if err != nil {
		return nil, err
	}
	d.rulesets = slices.Clone(rulesets)
	if err := restrict(rulesets); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// restrict puts the calling thread under rulesets.
func restrict(rulesets []int) error {
	// Landlock asks for it of everybody without CAP_SYS_ADMIN (landlock_restrict_self(2)). It is this thread's only.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl(PR_SET_NO_NEW_PRIVS): %w", err)
	}
	for _, fd := range rulesets {
		if _, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(fd), 0, 0); errno != 0 {
			return fmt.Errorf("landlock_restrict_self: %w", errno)
		}
	}
	return nil
}

// Do is Deputy.Do for task tid, after Assume. mem is only used on the calling thread: the kernel lets no thread look
// into a process of another domain than its own or one below, and the hand's is neither.
func (h *Hand) Do(tid int, inv *syscalls.Invocation, mem Memory, pins Pins, acc *access.Accesses) Outcome {
	return h.give(handJob{tid: tid, inv: inv, pins: pins, acc: acc}, mem)
}

// Connect is Deputy.Connect likewise, of a socket that the tracer's own Deputy has copied.
func (h *Hand) Connect(tid int, s *Socket, acc *access.Accesses, pins Pins) Outcome {
	return h.give(handJob{tid: tid, do: (*Deputy).connect, socket: s, pins: pins, acc: acc}, nil)
}

// Bind is Deputy.Bind likewise.
func (h *Hand) Bind(tid int, s *Socket, acc *access.Accesses, pins Pins) Outcome {
	return h.give(handJob{tid: tid, do: (*Deputy).bind, socket: s, pins: pins, acc: acc}, nil)
}

// Listen is Deputy.Listen likewise.
func (h *Hand) Listen(tid int, s *Socket, acc *access.Accesses, pins Pins) Outcome {
	return h.give(handJob{tid: tid, do: (*Deputy).listen, socket: s, pins: pins, acc: acc}, nil)
}

// Send is Deputy.Send likewise.
func (h *Hand) Send(tid int, s *Socket, inv *syscalls.Invocation, mem Memory, acc *access.Accesses, pins Pins) Outcome {
	return h.give(handJob{tid: tid, do: (*Deputy).send, socket: s, inv: inv, pins: pins, acc: acc}, mem)
}

// give has the hand do a job and lends it a hand itself meanwhile.
func (h *Hand) give(job handJob, mem Memory) Outcome {
	h.job = job
	h.jobs <- &h.job
	for r := range h.replies {
		if r.memory == nil {
			return r.out
		}
		r.memory(mem)
	}
	return Outcome{Kind: Done, Value: -int64(unix.EIO)} // never: replies is not closed
}

// Close ends the thread.
func (h *Hand) Close() { close(h.jobs) }

// handMemory has the tracer's thread read and write the tracee's memory.
type handMemory struct{ h *Hand }

func (m handMemory) ask(f func(Memory)) {
	done := make(chan struct{})
	m.h.replies <- handReply{memory: func(mem Memory) {
		defer close(done)
		f(mem)
	}}
	<-done
}

// asTracer runs f where it may look into the task.
func (d *Deputy) asTracer(f func()) {
	if d.onTracer == nil {
		f()
		return
	}
	d.onTracer(f)
}

// askForFile is readFrom for a hand.
func (d *Deputy) askForFile(dir int, name []byte) (text []byte, errno syscall.Errno) {
	d.onTracer(func() { text, errno = d.readHere(dir, name) })
	return text, errno
}

// askElsewhere is elsewhere for a hand.
func (d *Deputy) askElsewhere() (elsewhere bool) {
	d.onTracer(func() { elsewhere = d.elsewhereHere() })
	return elsewhere
}

// Read implements Memory.
func (m handMemory) Read(addr uint64, buf []byte) (errno syscall.Errno) {
	m.ask(func(mem Memory) { errno = mem.Read(addr, buf) })
	return errno
}

// ReadString implements Memory.
func (m handMemory) ReadString(addr uint64, buf []byte) (n int, errno syscall.Errno) {
	m.ask(func(mem Memory) { n, errno = mem.ReadString(addr, buf) })
	return n, errno
}

// Write implements Memory.
func (m handMemory) Write(addr uint64, buf []byte) (errno syscall.Errno) {
	m.ask(func(mem Memory) { errno = mem.Write(addr, buf) })
	return errno
}
