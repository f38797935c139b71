package tracer

import (
	"math/bits"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// On a machine that is otherwise idle, where a task wakes up costs more than all that is done at its stop: on another CPU
// than the tracer's, which has gone to sleep meanwhile, and then the tracer's has when the next stop comes. So while one
// thing happens after the other in the tree (near.go), the tracer's thread stays on one CPU, and the tasks stay there too
// (residence.go, resident.go). Where they must not stay, a task that is resumed is at least woken up there: it may run
// nowhere else for the moment of its wake-up, and everywhere that it might before right after.
//
// What tasks could see or change of that has to stop, so that it happens where each has its own CPUs: the calls of
// seesCPUs, which the filter must trace (Options.Near). While one is under way, from its stop to its exit stop, no task
// stays or is drawn anywhere, because it may be about any. What a task makes while it is drawn has its one CPU until it is
// announced (spread). /proc/PID/status is not watched: there the one CPU can be read.

// maskWords is room for 1,024 CPUs, as in cpu_set_t. Machines with more fail with EINVAL and do without.
const maskWords = 1024 / 64

type cpuMask [maskWords]uint64

// nearer is what is needed to wake tasks up nearby.
type nearer struct {
	on     bool
	series series
	tasks  map[int]*Task
	// seers counts the tasks that are in a call that sees or sets CPUs.
	seers int
	// stays: the thread was restricted to cpu. own is where it may run otherwise.
	stays   bool
	cpu     uint32
	were    cpuMask // all that it ever was, of which a held task's may be an earlier one
	own     cpuMask
	ownSize uintptr
	mask    cpuMask // the task's own
	size    uintptr // how much of it the kernel uses

	// keeps: tasks may stay. residents counts those that do, now is the time of the last wait.
	keeps     bool
	residence residence
	residents int
	now       time.Time
	home      *cpuMask // the mask of the last one
	schedules scheduleFile
}

// begins notes that the task is let go into its call. If it sees CPUs, its exit stop is wanted.
func (n *nearer) begins(task *Task) {
	if !n.on || !seesCPUs(task.state.inv.Call) {
		return
	}
	n.disperse()
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

// seesCPUs says whether a call sees or sets on which CPUs tasks may run, or fails for one that may not run on all:
// SCHED_DEADLINE is for such tasks only (sched(7)).
func seesCPUs(call *syscalls.Call) bool {
	return call == callGetCPUs || call == callSetCPUs || call == callSetScheduling
}

var (
	callGetCPUs       = syscalls.ByName("sched_getaffinity")
	callSetCPUs       = syscalls.ByName("sched_setaffinity")
	callSetScheduling = syscalls.ByName("sched_setattr")
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
	n.were[n.cpu/64] |= here[n.cpu/64]
	n.stays = setCPUs(0, &here, n.ownSize)
	return n.stays
}

// roam lets this thread and the tasks run wherever they may.
func (n *nearer) roam() {
	n.disperse()
	if n.stays {
		n.stays = false
		_ = setCPUs(0, &n.own, n.ownSize) // to have more CPUs needs no right
	}
}

func only(cpu uint32) (mask cpuMask) {
	mask[cpu/64] = 1 << (cpu % 64)
	return mask
}

// draw is called before a task is resumed: it comes to stay, or is restricted to the CPU of this thread. For the latter
// it must be the last that is resumed before the thread waits, because others keep the thread busy: true if free has to be
// called once it runs.
func (n *nearer) draw(task *Task, last bool) bool {
	switch {
	case n.seers > 0:
		return false
	case !n.series.serial():
		n.parallel()
		return false
	case task.home != nil || !last && n.residents == 0 || !n.stay():
		return false
	}
	var ok bool
	if n.size, ok = cpusOf(task.TID, &n.mask); !ok || n.mask[n.cpu/64]&(1<<(n.cpu%64)) == 0 {
		return false
	}
	here := only(n.cpu)
	if here == n.mask || n.settles(task, &here) || !last {
		return false
	}
	n.remember()
	return setCPUs(task.TID, &here, n.size)
}

// remember keeps the mask of the task that loses it.
func (n *nearer) remember() {
	if n.home == nil || *n.home != n.mask {
		home := n.mask
		n.home = &home
	}
}

// free gives the task its CPUs back. If that fails it is gone.
func (n *nearer) free(tid int) { _ = setCPUs(tid, &n.mask, n.size) }

// born is told of a new task, whose creator stands at its event: it stays if that one does, or may run wherever it may.
func (n *nearer) born(parent, child *Task) {
	switch {
	case !n.on:
	case parent.home != nil:
		// The kernel made it with its creator's one CPU.
		child.home, child.ranKnown = parent.home, true
		n.residents++
	default:
		n.spread(parent.TID, child.TID)
	}
}

func (n *nearer) spread(parent, child int) {
	var mask, has cpuMask
	size, known := cpusOf(child, &has)
	if !known {
		return // it is gone
	}
	if _, ok := cpusOf(parent, &mask); !ok || parent == child {
		// Its creator is gone or not known, and may have been a resident, or drawn.
		if n.home == nil || !n.wereHome(&has) {
			return
		}
		mask = *n.home
	}
	if has != mask {
		_ = setCPUs(child, &mask, size)
	}
}

// wereHome says whether a mask is that of one CPU on which tasks have stayed.
func (n *nearer) wereHome(mask *cpuMask) bool {
	ones := 0
	for i, word := range mask {
		if word&^n.were[i] != 0 {
			return false
		}
		ones += bits.OnesCount64(word)
	}
	return ones == 1
}
