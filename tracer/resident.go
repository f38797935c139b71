package tracer

import (
	"golang.org/x/sys/unix"
)

// A resident is a task that was given the one CPU of the tracer's thread and keeps it from stop to stop: its home is the
// mask that it has otherwise. Its children are born as residents. All lose that at once (disperse): when the tree does two
// things side by side, when somebody waits for the CPU, when a call looks at CPUs.

// start is called before the target runs. Each task must be able to leave again, so this process must have a right to the
// tasks whoever they become (sched_setaffinity(2)): the same user, which only CAP_SETUID could change, or CAP_SYS_NICE.
// And to stay the kernel must say for how long tasks have waited (CONFIG_SCHED_INFO).
func (n *nearer) start(ticks bool) {
	n.on = n.on && mayMove()
	if n.on && ticks {
		n.keeps = n.schedules.counted()
	}
}

func mayMove() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var caps [2]unix.CapUserData
	if err := unix.Capget(&header, &caps[0]); err != nil {
		return false
	}
	has := func(set uint32, capability int) bool { return set&(1<<capability) != 0 }
	return has(caps[0].Effective, unix.CAP_SYS_NICE) || !has(caps[0].Permitted, unix.CAP_SETUID)
}

// settles makes a task a resident, if it may be one: here has the tracer's CPU, n.mask is the task's.
func (n *nearer) settles(task *Task, here *cpuMask) bool {
	if !n.keeps || n.series.strangers > 0 && n.residents == 0 || !n.residence.may(n.now, n.residents) {
		return false
	}
	if !setCPUs(task.TID, here, n.size) {
		return false
	}
	if n.residents == 0 {
		n.residence.begin(n.now)
	}
	n.remember()
	task.home, task.ranKnown = n.home, false
	n.residents++
	return true
}

// leaves is told of a task that is dead. Its parent can still ask for its CPUs until it has waited for it.
func (n *nearer) leaves(task *Task) {
	if task.home != nil {
		n.dismiss(task)
	}
}

// release gives a resident its own CPUs back, unless somebody else has given it others meanwhile.
func (n *nearer) release(task *Task) {
	var has cpuMask
	if size, ok := cpusOf(task.TID, &has); ok && n.wereHome(&has) {
		_ = setCPUs(task.TID, task.home, size) // or it is gone
	}
	task.home = nil
}

// replaces is told of a thread that has executed a program and has the leader's TID now: the CPUs are the thread's.
func (n *nearer) replaces(leader, thread *Task) {
	leader.home, thread.home = thread.home, leader.home
	leader.ranKnown, thread.ranKnown = false, false
}

// disperse releases all.
func (n *nearer) disperse() {
	if n.residents == 0 {
		return
	}
	for _, task := range n.tasks {
		if task.home != nil {
			n.release(task)
		}
	}
	n.residents = 0
}

// parallel is told that things happen side by side in the tree.
func (n *nearer) parallel() {
	if n.residents > 0 {
		if n.series.strangers < strangerMost {
			return // a pipeline, perhaps
		}
		n.residence.disturbed(n.now)
	}
	n.roam()
}

// look is called before each wait. From time to time it asks the kernel how the residents get along.
func (n *nearer) look() {
	if n.residents == 0 || !n.residence.due(n.now) {
		return
	}
	passed, many := n.residence.passed(n.now), n.residents > mostResidents
	var sum demand
	for tid, task := range n.tasks {
		if task.home == nil {
			continue
		}
		now, ok := n.schedules.read(tid)
		if !ok {
			// It has just executed a program as a thread, and has another TID; or /proc hides it (hidepid, proc(5)); or this
			// process has too many files. What it wants is not known, so none stays for a while.
			n.residence.disturbed(n.now)
			n.roam()
			return
		}
		if task.ranKnown {
			// Time that it waited is counted when it has ended, and may be longer.
			waited := min(now.waited-task.ran.waited, passed)
			sum.waited += waited
			sum.wanted += min(waited+now.ran-task.ran.ran, passed)
			if many && now == task.ran {
				n.dismiss(task) // it sleeps, and makes no stop that would cost anything
				continue
			}
		}
		task.ran, task.ranKnown = now, true
	}
	switch {
	case n.residents > mostResidents:
		n.residence.parallel(n.now)
		n.roam()
	case n.residence.ends(n.now, sum):
		n.roam()
	}
}

// dismiss releases one, and leaves the others where they are.
func (n *nearer) dismiss(task *Task) {
	n.release(task)
	n.residents--
}
