// Package launch starts the program that a tracer watches.
//
// A Go program cannot run its own code between fork and exec, so the target is started by a shim: this very executable,
// run again under another argv[0]. The shim blocks in a read before it does anything; once the parent has seized it, it
// gets a byte and the Plan, applies the plan to itself step by step and executes the target. Everything is decided and
// allocated in the parent; the shim only makes system calls. A step that fails is told over a close-on-exec socket;
// end of file there means that the target was executed. It is a socket because the filter's listener comes over it too.
//
//	parent                                shim
//	Plan.Start ── fork, exec self ──────► Init [in namespaces: inside.go; below an init of its own: init.go]
//	             ◄─────────────── byte ── "ready"
//	PTRACE_SEIZE
//	Shim.Go ───── byte, plan ───────────► mounts and covers, chdir, no_new_privs, capabilities, umask, descriptors,
//	                                      Landlock, filter
//	             ◄─ outcomes, listener ── what came of these; the listener if there is one
//	PTRACE_EVENT_EXEC ◄────────────────── execve(target)
//	Shim.Listener, Shim.Limit, Shim.Outcomes
//	Shim.Failure ◄─ record, only on failure
//
// The target gets what this process was given: limits, mask and dispositions of signals, terminal, group, session,
// umask, credentials. Two things the Go runtime changes at its start and keeps no record of: a signal among those that
// it handles itself (INT, TERM, HUP, QUIT, CHLD …) is not blocked in the target even if it was here, and of the signals
// that were ignored only INT and HUP still are.
//
// Thread rule: Start must run on the thread that will seize the shim, because only a parent may trace where Yama says
// so and because a tracer is a thread. In the shim everything happens on the main thread: filter and no_new_privs
// belong to a thread, and an execve from the leader keeps the pid's only seized task.
package launch

import (
	"os"

	"golang.org/x/sys/unix"

	"sydbox/tracer/landlock"
)

// Level says how much a primitive is wanted.
type Level uint8

// The levels.
const (
	Off       Level = iota // not asked for
	Preferred              // asked for; the start goes on without it
	Required               // the start fails without it
)

// Plan is how the target starts. It is not changed by anything here and may be used again.
type Plan struct {
	// Path is the file to execute; a relative one starts at Dir. Nothing is looked up in PATH.
	Path string
	// Args is the argument vector with the name first; it may be empty, as for execve(2).
	Args []string
	// Env is the environment; nil means empty.
	Env []string
	// Dir is the working directory; empty means the caller's.
	Dir string
	// Stdin, Stdout and Stderr become descriptors 0, 1 and 2; nil means /dev/null.
	Stdin, Stdout, Stderr *os.File
	// InheritFDs leaves the descriptors above 2 that this process got without close-on-exec open in the target, at
	// their numbers. Otherwise the target has 0, 1 and 2 only.
	InheritFDs bool
	// Descriptors, with InheritFDs, closes the inherited descriptors above 2 all the same, but for those in KeepFDs.
	Descriptors Level
	KeepFDs     []int
	// NoNewPrivs is prctl(2) PR_SET_NO_NEW_PRIVS. Without it only CAP_SYS_ADMIN may install a filter.
	NoNewPrivs Level
	// NoCore sets the soft RLIMIT_CORE to 0: the kernel writes no core file into a directory where the target crashes.
	NoCore bool
	// Filter is the seccomp program that the target and all its descendants run under; nil means none.
	Filter []unix.SockFilter
	// Listener asks for the descriptor on which Notify verdicts of Filter are answered: see Shim.Listener. The start
	// goes on without it where the kernel does not give one.
	Listener bool
	// Landlock is the domain that the target and all its descendants are put into; nil means none.
	Landlock *landlock.Ruleset
	// LandlockLevel says whether the start goes on where that fails, which Shim.Outcomes then tells.
	LandlockLevel Level
	// Network says whether the target gets a network namespace to itself, with nothing in it but a loopback interface.
	// What came of it says Shim.Network. Without CAP_SYS_ADMIN it takes a user namespace as well: see Network.
	Network Level
	// Users, PIDs, IPC, UTS and Mounts say the same of the other kinds of namespaces; Shim.Inside says what came of them.
	// A PID namespace comes with an init (init.go), and with a mount namespace /proc is one of its own.
	Users, PIDs, IPC, UTS, Mounts Level
	// OuterProc leaves /proc as it is all the same.
	OuterProc bool
	// ReadOnly are paths where nothing can be changed, and Hide those that have something empty in their place, in a mount
	// namespace, which they take; MountLevel says how much that is wanted.
	//
	// Root, if not empty, is all that the target has in its root directory, at the same names, with a minimal /dev, a
	// /tmp of its own and /proc. The working directory must lie in one of them.
	ReadOnly, Hide, Root []string
	MountLevel           Level
	// Drop are capabilities that neither the target nor its descendants can have, a bit for each number of
	// linux/capability.h. In a user namespace they have none at all.
	Drop uint64
	// DropAll drops every capability.
	DropAll Level
	// Umask is the target's, if SetUmask says so; otherwise it has the caller's.
	Umask    uint32
	SetUmask bool
	// Limits are upper bounds of what each process may use: see Limit.
	Limits []Limit
	// SelfPath is what is executed as the shim: this program. Empty means /proc/self/exe, which is the right inode even
	// after an upgrade or a deletion.
	SelfPath string
}

// DefaultSelfPath is the SelfPath of a Plan that names none.
const DefaultSelfPath = "/proc/self/exe"

func (p *Plan) selfPath() string {
	if p.SelfPath == "" {
		return DefaultSelfPath
	}
	return p.SelfPath
}
