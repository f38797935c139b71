package tracer

import "golang.org/x/sys/unix"

// shortest is the shortest time slice that the kernel gives (__setparam_fair), in nanoseconds. A stop takes less.
const shortest = 100_000

// shortSlice asks the kernel for short time slices for the calling thread, which may be had for the asking
// (sched_setattr(2), sched_runtime of SCHED_OTHER and SCHED_BATCH; Linux 6.12). It gets no more of a CPU by that, but
// where all are busy it gets it sooner: else it waits for the end of somebody's slice, some milliseconds long, and with it
// the task that has stopped. Older kernels have no slices to choose, and say 0; SCHED_IDLE keeps what it has.
//
// Precondition: the thread is locked, and will start no process that is to have ordinary slices.
func shortSlice() {
	attr, err := unix.SchedGetAttr(0, 0)
	if err == nil && (attr.Policy == unix.SCHED_NORMAL || attr.Policy == unix.SCHED_BATCH) && attr.Runtime > shortest {
		attr.Runtime = shortest
		_ = unix.SchedSetAttr(0, attr, 0)
	}
}
