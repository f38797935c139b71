package policy

import (
	"slices"
	"sync"
	"syscall"

	"sydbox/syscalls"
)

// What a process could do to one outside the sandbox by its number: signal it, or change its priorities and limits. A
// filter knows neither the caller's number nor who belongs to the tree, so all but the plainest forms stop and the
// handler says who is meant. What has its target in memory, where another thread could change it after it was looked
// at, is refused without a stop.

// outsiders is the name of the refusal.
const outsiders = "outsiders"

// contents says whether a call can change what a file holds, by a name. It must not be one of an outsider's entries of
// /proc, whatever the rules say: they are its memory, name and limits, and the way to its nameless files.
func contents(call *syscalls.Call) bool {
	switch call.Name {
	case "open", "openat", "openat2", "creat", "truncate", "truncate64":
		return true
	}
	return false
}

// FilterOptions say what else than the filter holds a tree.
type FilterOptions struct {
	// SignalsScoped: a Landlock domain keeps all signals inside the tree (LANDLOCK_SCOPE_SIGNAL, Linux 6.12), so none of
	// the calls that send them need stop. Priorities and limits are not in its scope.
	SignalsScoped bool
	// FreeCalls leaves [harden] deny_calls out.
	FreeCalls bool
}

// signals are the conditions of a call that sends a signal whatever its arguments.
var signals = []condition{{refusal: outsiders, stop: true, signal: true}}

// towards are the conditions of a call that changes the process whose number is in an argument; 0 is the caller.
func towards(pid uint8) []condition {
	return []condition{{refusal: outsiders, stop: true, tests: tests(argIsNot(pid, 0))}}
}

// kindOrTowards is the same for calls that have what their number counts in the argument before it: processes or else
// groups and users, of which 0 is no answer: others are in the caller's group.
func kindOrTowards(process uint32) []condition {
	return []condition{
		{refusal: outsiders, stop: true, tests: tests(argIsNot(0, process))},
		{refusal: outsiders, stop: true, tests: tests(argIs(0, process), argIsNot(1, 0))},
	}
}

// Values of sys/resource.h, linux/ioprio.h, linux/prctl.h and asm-generic/fcntl.h.
const (
	prioProcess   = 0
	ioprioProcess = 1

	prSchedCore = 62

	fSetfl, fSetownEx, fSetdeleg = 4, 15, 1040
)

// tasks are the conditions of calls that act on other tasks, in every ABI.
var tasks = sync.OnceValue(func() map[string][]condition {
	return map[string][]condition{
		"kill":              signals,
		"tkill":             signals,
		"tgkill":            signals,
		"rt_sigqueueinfo":   signals,
		"rt_tgsigqueueinfo": signals,
		// pidfd_open is free: a directory of /proc serves as well, and no other free call takes either for more than looking.
		"pidfd_send_signal": signals,

		// The terminal stops and continues groups, and the kernel hangs up on them: who is in one can bring that on. 0 is a
		// group of one's own.
		"setpgid": {{refusal: outsiders, stop: true, tests: tests(argIsNot(1, 0))}},

		"setpriority":        kindOrTowards(prioProcess),
		"ioprio_set":         kindOrTowards(ioprioProcess),
		"sched_setaffinity":  towards(0),
		"sched_set_affinity": towards(0),
		"sched_setattr":      towards(0),
		"sched_setparam":     towards(0),
		"sched_setscheduler": towards(0),
		"prlimit64": {
			// Asking for the limit stays, and so does every other limit. Who asks and sets in one call must be told that it failed.
			{refusal: "core", tests: tests(argIs(1, rlimitCore), argIsNot64(2, 0), argIs64(3, 0))},
			{refusal: "core", errno: syscall.EPERM, tests: tests(argIs(1, rlimitCore), argIsNot64(2, 0))},
			{refusal: outsiders, stop: true, tests: tests(argIsNot(0, 0), argIsNot64(2, 0))},
		},
		// It tells where in its memory another process keeps what; the C library asks for its own list only.
		"get_robust_list": {{refusal: outsiders, tests: tests(argIsNot(0, 0))}},
		"prctl": {
			{refusal: "prctl_mm", tests: tests(argIs(0, prSetMM))},
			// It puts others, whole groups too, under a core scheduling cookie. EINVAL is what a kernel without it says (5.14).
			{refusal: outsiders, errno: syscall.EINVAL, tests: tests(argIs(0, prSchedCore))},
		},
	}
})

// ioNumbers are what fcntl and ioctl call the ways to SIGIO, and the requests that type into a terminal: they differ
// between machines (asm/fcntl.h, asm/ioctls.h, asm/sockios.h).
type ioNumbers struct {
	setown, async                 uint32 // of fcntl: F_SETOWN, O_ASYNC
	tiocsti, tioclinux            uint32
	fioasync, fiosetown, siocpgrp uint64 // of ioctl, type and number
}

var (
	ioGeneric = ioNumbers{8, 0x2000, 0x5412, 0x541c, 0x5452, 0x8901, 0x8902}
	ioPower   = ioNumbers{8, 0x2000, 0x5412, 0x541c, 0x667d, 0x8901, 0x8902}
	ioMIPS    = ioNumbers{24, 0x1000, 0x5472, 0x5483, 0x667d, 0x667c, 0x7308}
	ioSparc   = ioNumbers{6, 0x40, 0x80017472, 0x541c, 0x667d, 0x8901, 0x8902}
)

// fcntl are the conditions of fcntl and fcntl64. The kernel sends SIGIO, or whatever signal F_SETSIG names, to the
// owner of a descriptor. A terminal's is the group in its foreground unless there is another, so that asking for the
// signal is sending one to whoever sits there. F_SETOWN_EX has its owner in memory; EINVAL is what kernels before 2.6.32 say.
//
// Whoever changes a name in a directory with a delegation (F_SETDELEG, 6.19) waits for its holder, for three quarters
// of a minute by default, the tracer too. EINVAL is what older kernels say.
func (n *ioNumbers) fcntl() []condition {
	return []condition{
		{refusal: outsiders, stop: true, signal: true, tests: tests(argIs(1, n.setown), argIsNot(2, 0))},
		{refusal: outsiders, errno: syscall.EINVAL, signal: true, tests: tests(argIs(1, fSetownEx))},
		{refusal: outsiders, signal: true, tests: tests(argIs(1, fSetfl), argHas(2, n.async))},
		{refusal: outsiders, errno: syscall.EINVAL, tests: tests(argIs(1, fSetdeleg))},
	}
}

// ioctl are the conditions of ioctl.
func (n *ioNumbers) ioctl() []condition {
	list := terminalConditions(n.tiocsti, n.tioclinux)
	for _, request := range []uint64{n.fioasync, n.fiosetown, n.siocpgrp} {
		c := condition{refusal: outsiders, signal: true}
		c.tests = tests(syscalls.Test{Arg: 1, Mask: requestMask, Value: request})
		list = append(list, c)
	}
	return append(list, ioctlConditions()...)
}

// ioConditions are what both come to.
type ioConditions struct{ fcntl, ioctl []condition }

// conditions makes them when they are asked for.
func (n ioNumbers) conditions() func() *ioConditions {
	return sync.OnceValue(func() *ioConditions { return &ioConditions{n.fcntl(), n.ioctl()} })
}

var (
	genericIO, powerIO = ioGeneric.conditions(), ioPower.conditions()
	mipsIO, sparcIO    = ioMIPS.conditions(), ioSparc.conditions()
)

// ioOf returns those of the machine with an ELF number.
func ioOf(machine uint16) *ioConditions {
	const emSparc, emMIPS, emSparc32plus, emPPC, emPPC64, emSparcV9 = 2, 8, 18, 20, 21, 43
	switch {
	case machine == emMIPS:
		return mipsIO()
	case slices.Contains([]uint16{emSparc, emSparc32plus, emSparcV9}, machine):
		return sparcIO()
	case machine == emPPC, machine == emPPC64:
		return powerIO()
	}
	return genericIO()
}
