package tracer

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// On a machine that is otherwise idle, where the task wakes up costs more than all that is done at its stop: on another
// CPU than the tracer's, which has gone to sleep meanwhile, and then the tracer's has when the next stop comes. So a task
// that stops again and again while no other does is woken up on the CPU that the tracer is just about to leave: it may
// run nowhere else for the moment of its wake-up, and everywhere that it might before right after. Tasks that run side
// by side take turns in stopping, and stay where they are.
//
// The task may get the CPU before the tracer has given it the others back (it preempts it: sched(7)). What it could see or
// change then has to stop, so that it happens later: sched_getaffinity and sched_setaffinity, which the filter must trace
// (Options.Near). What it makes then has its one CPU until it is announced (spread). /proc/PID/status is not watched.

// maskWords is room for 1,024 CPUs, as in cpu_set_t. Machines with more fail with EINVAL and do without.
const maskWords = 1024 / 64

type cpuMask [maskWords]uint64

// nearer is what is needed to wake tasks up nearby.
type nearer struct {
	on bool
	// last is the task that stopped last, alone.
	last int
	mask cpuMask // the task's own
	size uintptr // how much of it the kernel uses
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

// draw restricts a stopped task to the CPU of this thread: false if that was not done, and there is nothing to put back.
func (n *nearer) draw(tid int) bool {
	if n.last != tid {
		n.last = tid
		return false
	}
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return false
	}
	size, ok := cpusOf(tid, &n.mask)
	if !ok || cpu >= 64*maskWords || n.mask[cpu/64]&(1<<(cpu%64)) == 0 {
		return false
	}
	n.size = size
	var here cpuMask
	here[cpu/64] = 1 << (cpu % 64)
	if here == n.mask {
		return false
	}
	return setCPUs(tid, &here, size)
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
