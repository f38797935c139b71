package record

import (
	"bytes"
	"math/bits"

	"golang.org/x/sys/unix"

	"sydbox/event"
	"sydbox/tracer"
)

// spent is what a process used up.
type spent struct {
	known             bool
	user, system, rss int64
	// read and written are what its threads have moved so far; unknown: the kernel does not count it.
	read, written int64
	unknown       bool
}

// Exiting reads what a task used up: it is gone when Death comes. What wait4 tells has the children's mixed in.
func (r *recorder) Exiting(t *tracer.Task, status unix.WaitStatus) {
	p := of(t)
	if p == nil {
		return
	}
	r.addIO(p, t.TID, 1)
	if !t.Process.Ending() {
		return
	}
	p.spent.known = true
	user, system := cpuTimes(p.pid)
	p.spent.user += user
	p.spent.system += system
	r.proc.of(t.TID)
	p.spent.rss = 1024 * number(r.proc.read("status"), "VmHWM:")
	r.leaving(t, p, status)
}

// forgive takes out what the shim used up before it became the command.
func (r *recorder) forgive(p *process) {
	user, system := cpuTimes(p.pid)
	p.spent.user, p.spent.system = -user, -system
	r.addIO(p, p.pid, -1)
}

// addIO adds what a thread has read and written: read of its own entry, because the process's has that of dead threads
// and of children that were waited for as well (wait_task_zombie in kernel/exit.c).
func (r *recorder) addIO(p *process, tid int, sign int64) {
	r.proc.of(tid)
	r.proc.name = append(r.proc.name, "task/"...)
	r.proc.name = append(append(r.proc.name, r.proc.name[len("/proc/"):r.proc.base]...), "io"...)
	text := r.proc.read(string(r.proc.name[r.proc.base:]))
	if len(text) == 0 {
		p.spent.unknown = true // without CONFIG_TASK_IO_ACCOUNTING there is no such file
		return
	}
	p.spent.read += sign * number(text, "rchar:")
	p.spent.written += sign * number(text, "wchar:")
}

// into fills in an end.
func (s *spent) into(e *event.Ended) {
	e.ReadBytes, e.WriteBytes = -1, -1
	if !s.known {
		return
	}
	e.User, e.System, e.MaxRSS = max(s.user, 0), max(s.system, 0), s.rss
	if !s.unknown {
		e.ReadBytes, e.WriteBytes = max(s.read, 0), max(s.written, 0)
	}
}

// number is the number in the line of that name, 0 if there is none.
func number(text []byte, name string) (n int64) {
	i := bytes.Index(text, []byte(name))
	if i < 0 || i > 0 && text[i-1] != '\n' {
		return 0
	}
	for _, c := range bytes.TrimLeft(text[i+len(name):], " \t") {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

// cpuTimes returns the CPU time of a process, all threads together. The scheduler's sum is exact; how much of it was
// spent in the kernel is counted in ticks on most machines, so it is shared out in their proportion, as the kernel does
// for getrusage(2).
func cpuTimes(pid int) (user, system int64) {
	total := cpuClock(pid, clockSched)
	inUser, both := cpuClock(pid, clockUser), cpuClock(pid, clockBoth)
	switch {
	case both <= 0 || inUser >= both:
		return total, 0
	case inUser <= 0:
		return 0, total
	}
	high, low := bits.Mul64(uint64(total), uint64(inUser))
	share, _ := bits.Div64(high%uint64(both), low, uint64(both))
	return int64(share), total - int64(share)
}

// The clocks of a process are numbered by its PID (clock_getres(2), MAKE_PROCESS_CPUCLOCK in
// include/linux/posix-timers_types.h).
const (
	clockBoth  = 0
	clockUser  = 1
	clockSched = 2
)

func cpuClock(pid, which int) int64 {
	var ts unix.Timespec
	if unix.ClockGettime(int32(^pid<<3|which), &ts) != nil {
		return 0
	}
	return ts.Nano()
}
