package tracer

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// On a machine that is otherwise idle, where a task wakes up costs more than all that is done at its stop: on another CPU
// than the tracer's, which has gone to sleep meanwhile, and then the tracer's has when the next stop comes. So while one
// thing happens after the other in the tree (near.go), the tracer's thread stays on one CPU, and a task that it resumes is
// woken up there: the task may run nowhere else for the moment of its wake-up, and everywhere that it might before right
// after. Then the kernel moves it when there is reason to.
//
// The task may get the CPU before the tracer has given it the others back (it preempts it: sched(7)). What it could see or
// change then has to stop, so that it happens later: sched_getaffinity and sched_setaffinity, which the filter must trace
// (Options.Near). And while such a call is under way, from its stop to its exit stop, no task is drawn anywhere, because it
// may be about any. What a task makes then has its one CPU until it is announced (spread). /proc/PID/status is not watched.

// maskWords is room for 1,024 CPUs, as in cpu_set_t. Machines with more fail with EINVAL and do without.
const maskWords = 1024 / 64

type cpuMask [maskWords]uint64

// nearer is what is needed to wake tasks up nearby.
type nearer struct {
	on     bool
	series series
	// seers counts the tasks that are in a call that sees or sets CPUs.
	seers int
	// stays: the thread was restricted to cpu. own is where it may run otherwise.
	stays   bool
	cpu     uint32
	own     cpuMask
	ownSize uintptr
	mask    cpuMask // the task's own
	size    uintptr // how much of it the kernel uses
}

// begins notes that the task is let go into its call. If it sees CPUs, its exit stop is wanted.
func (n *nearer) begins(task *Task) {
	if !n.on || !seesCPUs(task.state.inv.Call) {
		return
	}
	if task.state.wanted == wantNothing {
		task.state.wanted = wantCPUs
	}
	if !task.sees {
		task.sees = true
		n.seers++
	}
}

// ends notes that the task has stopped again, or is no more: whatever call it was in is over, or begins anew with a stop.
func (n *nearer) ends(task *Task) {
	if task.sees {
		task.sees = false
		n.seers--
	}
}

// seesCPUs says whether a call sees or sets on which CPUs tasks may run.
func seesCPUs(call *syscalls.Call) bool { return call == callGetCPUs || call == callSetCPUs }

var (
	callGetCPUs = syscalls.ByName("sched_getaffinity")
	callSetCPUs = syscalls.ByName("sched_setaffinity")
)

// cpusOf reads on which CPUs a task may run, and how many bytes of the mask the kernel uses.
func cpusOf(tid int, mask *cpuMask) (size uintptr, ok bool) {
	size, _, errno := unix.RawSyscall(unix.SYS_SCHED_GETAFFINITY, uintptr(tid), unsafe.Sizeof(*mask),
		uintptr(unsafe.Pointer(mask)))
	return size, errno == 0
}

func setCPUs(tid int, mask *cpuMask, size uintptr) bool {
	_, _, errno := unix.RawSyscall(unix.SYS_SCHED_SETAFFINITY, uintptr(tid), size, uintptr(unsafe.Pointer(mask)))
	return errno == 0
}

// stay keeps this thread where it is, which it does already if nothing else was said since.
func (n *nearer) stay() bool {
	if n.stays {
		return true
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&n.cpu)), 0, 0); errno != 0 {
		return false
	}
	var ok bool
	if n.ownSize, ok = cpusOf(0, &n.own); !ok || n.cpu >= 64*maskWords || n.own == only(n.cpu) {
		n.on = false // there is one CPU, or too many
		return false
	}
	here := only(n.cpu)
	n.stays = setCPUs(0, &here, n.ownSize)
	return n.stays
}

// roam lets this thread run wherever it may.
func (n *nearer) roam() {
	if n.stays {
		n.stays = false
		_ = setCPUs(0, &n.own, n.ownSize) // to have more CPUs needs no right
	}
}

func only(cpu uint32) (mask cpuMask) {
	mask[cpu/64] = 1 << (cpu % 64)
	return mask
}

// draw restricts a stopped task to the CPU of this thread: false if that was not done, and there is nothing to put back.
func (n *nearer) draw(tid int) bool {
	if n.seers > 0 {
		return false
	}
	if !n.series.serial() {
		n.roam()
		return false
	}
	if !n.stay() {
		return false
	}
	var ok bool
	if n.size, ok = cpusOf(tid, &n.mask); !ok || n.mask[n.cpu/64]&(1<<(n.cpu%64)) == 0 {
		return false
	}
	here := only(n.cpu)
	return here != n.mask && setCPUs(tid, &here, n.size)
}

// free gives the task its CPUs back. If that fails it is gone.
func (n *nearer) free(tid int) { _ = setCPUs(tid, &n.mask, n.size) }

// spread lets a new task run wherever its creator may, which stands at its event.
func (n *nearer) spread(parent, child int) {
	if !n.on {
		return
	}
	var mask, has cpuMask
	size, ok := cpusOf(parent, &mask)
	if _, known := cpusOf(child, &has); ok && known && has != mask {
		_ = setCPUs(child, &mask, size) // or it is gone
	}
}
