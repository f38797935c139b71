package sandbox

import (
	"sydbox/access"
	"sydbox/policy"
)

// Names of features that something depends on.
const (
	featurePtrace    = "ptrace"
	featureSeccomp   = "seccomp"
	featureOrder     = "stop order"
	featureRegisters = "registers"
	featureInfo      = "call description"
	featureChange    = "call rewriting"
	featureMemory    = "memory"
	featureWriting   = "memory, writing"
	featureNNP       = "no_new_privs"
	featureGive      = "handover"
	featureGetfd     = "pidfd_getfd"
	featureOpenat2   = "openat2"
	featureAccess    = "faccessat2"
	featureLandlock  = "landlock"
	featureScope     = "signal scope"
	featurePorts     = "landlock ports"
	featureNames     = "abstract scope"
	featurePaths     = "unix path wall"
	featureUDP       = "landlock udp"
	featureNamespace = "network namespace"
	featureDiag      = "sock_diag"
	featureUnixDiag  = "unix_diag"
	featureHear      = "socket filter"
	featureLook      = "other users' tasks"
	featureRights    = "others' rights"
	featureDrop      = "capabilities"
	featureMounts    = "mount namespace"
	featurePIDs      = "pid namespace"
	featureIPC       = "ipc namespace"
	featureUTS       = "uts namespace"
	featureProc      = "private /proc"
	featureSetattr   = "mount_setattr"
	featureLimits    = "limits"
	featureUsers     = "user namespace"
	featureWindows   = "no way to Windows"
)

// table is every feature there is, one value each: the command, its JSON, its exit status and docs/kernels.md all show
// this. Nothing here is read by what runs a command, which tries for itself; the probes are the same calls.
func table() []Feature {
	list := startFeatures()
	list = append(list, fileFeatures()...)
	list = append(list, networkFeatures()...)
	list = append(list, spaceFeatures()...)
	return append(list, aroundFeatures()...)
}

// always wants a feature whatever the policy says.
func always(level Level) func(*policy.Policy) Level {
	return func(*policy.Policy) Level { return level }
}

// startFeatures are what nothing runs without, and what may stand in for them.
func startFeatures() []Feature {
	const remedyTrace = "allow ptrace of one's own children: kernel.yama.ptrace_scope 0 or 1; in a container " +
		"CAP_SYS_PTRACE or a seccomp profile that lets ptrace through (docker run --cap-add SYS_PTRACE); no strace " +
		"-f, gdb or sydbox around"
	const remedyKernel = "use Linux 4.8 or later"
	return []Feature{
		{Name: featurePtrace, Since: "3.8",
			Probe:   "a child is seized (PTRACE_SEIZE) with PTRACE_O_EXITKILL and all other options",
			Use:     "every task is followed from its first instruction, and dies with sydbox",
			Without: "sydbox does not start", Promise: PromiseNone, Remedy: remedyTrace,
			wanted: always(Required), try: (*tries).ptrace},
		{Name: featureSeccomp, Since: "3.5",
			Probe:   "a seized child installs a filter with SECCOMP_RET_TRACE, and stops at a call",
			Use:     "calls that no rule can deny never stop; what reaches around rules is refused",
			Without: "sydbox does not start", Promise: PromiseNone,
			Remedy: "use a kernel with CONFIG_SECCOMP_FILTER, and let seccomp(2) through in the container's seccomp profile",
			wanted: always(Required), try: (*tries).filter},
		{Name: featureOrder, Since: "4.8",
			Probe:   "the first stop behind that one is looked at: it must be the call's exit, not its entry",
			Use:     "a number that the tracer changes is filtered again",
			Without: "sydbox does not start; where registers tell it late, the run ends at its first call that can tell",
			Promise: PromiseNone, Remedy: remedyKernel,
			wanted: always(Required), try: (*tries).order},
		{Name: featureRegisters, Since: "2.6.34",
			Probe:   "a call that stopped is read, skipped and given a result that the child then has",
			Use:     "calls are read, refused and answered",
			Without: "sydbox does not start", Promise: PromiseNone,
			Remedy: "let ptrace(2) through whole in the container's seccomp profile, and use no emulator of a kernel",
			wanted: always(Required), try: (*tries).registers},
		{Name: featureInfo, Since: "5.3",
			Probe: "PTRACE_GET_SYSCALL_INFO is asked about a call that stopped",
			Use:   "the kernel says which call it is, of which ABI, and whether it begins or ends",
			Without: "that is read from registers, their length, and what sydbox's filter says of x86 calls; of a process " +
				"that has installed a filter of its own from the instruction and /proc/PID/syscall, and a 64-bit x86 " +
				"call of which these do not agree, or of a task that /proc does not show to sydbox, kills its process; " +
				"syd-trace misses what a shell itself says (echo >&2) and the names that programs ask for",
			Promise: PromiseSame, Remedy: "sydbox loses nothing but speed; Linux 5.3 or later has it",
			try: (*tries).info},
		{Name: featureChange, Since: "6.16",
			Probe: "a call that stopped is described to the kernel as it is (PTRACE_SET_SYSCALL_INFO)",
			Use: "on riscv64 the first argument of a call is changed: a process that turns out to be a denied applet ends " +
				"with status 126",
			Without: "on riscv64 that process is killed, and so is one whose own filter kills for unknown calls, where a call " +
				"is answered that did not stop; other machines change registers",
			Promise: PromiseSame, Remedy: "on riscv64 use Linux 6.16 or later; elsewhere nothing is lost",
			try: (*tries).change},
		{Name: featureMemory, Since: "3.2",
			Probe:   "the child's memory is read by process_vm_readv(2), /proc/PID/mem and PTRACE_PEEKDATA; any one will do",
			Use:     "names and addresses are read from where a call says they are",
			Without: "calls that name a file or an address fail; where only the latter two are had, each reading takes longer",
			Promise: PromiseStricter,
			Remedy:  "let process_vm_readv(2) through in the container's seccomp profile, or add CAP_SYS_PTRACE",
			wanted:  always(Required), try: (*tries).memory},
		{Name: featureWriting, Since: "3.2",
			Probe:   "the child's memory is written by process_vm_writev(2)",
			Use:     "calls that the tracer does for a task and that fill memory: looks at files, sendmmsg",
			Without: "these calls fail where rules judge them", Promise: PromiseStricter,
			Remedy: "let process_vm_writev(2) through in the container's seccomp profile",
			wanted: func(p *policy.Policy) Level {
				if p.Polices(access.Stat) || p.PolicesNetwork() {
					return Preferred
				}
				return Off
			}, try: (*tries).writing},
		{Name: featureNNP, Since: "3.5",
			Probe:   "PR_SET_NO_NEW_PRIVS is set on a thread",
			Use:     "set-user-ID programs have no power; without it only CAP_SYS_ADMIN may install a filter",
			Without: "sydbox does not start, unless this is root and [harden] no_new_privs says \"preferred\" or \"off\"",
			Promise: PromiseNone, Remedy: "let prctl(2) through in the container's seccomp profile",
			wanted: func(p *policy.Policy) Level { return levelOf(p) }, try: (*tries).noNewPrivs},
	}
}

// fileFeatures are for calls that name files, and for the wall around them.
func fileFeatures() []Feature {
	return []Feature{
		{Name: featureGive, Since: "5.9",
			Probe: "a thread installs a filter with a listener (SECCOMP_FILTER_FLAG_NEW_LISTENER), which is asked about " +
				"SECCOMP_IOCTL_NOTIF_ADDFD",
			Use: "opens: the tracer opens what it judged and hands the descriptor over; connecting and sending: the " +
				"task waits while the tracer does it",
			Without: "opens are looked at again when they have happened (level \"detects\"); calls on sockets that " +
				"have to wait are left to the kernel, and looked at afterwards if they connect to the internet",
			Promise: PromiseFewer,
			Remedy: "use Linux 5.9 or later, without a sandbox around this one that has a listener itself; [harden] " +
				"pinning = \"required\" does not start without",
			wanted: wantsPinnedOpens, try: func(*tries) (bool, string) { return probeHandover() }},
		{Name: featureGetfd, Since: "5.6",
			Probe: "this process borrows a descriptor of its own by pidfd_open(2) and pidfd_getfd(2)",
			Use:   "sockets, file flags and inotify watches: the tracer works on a copy of the task's own descriptor",
			Without: "sockets cannot be copied at all: calls on them are judged by what they say and left to the " +
				"kernel, which looks number and address up again; an address is the tree's (`bound`) if all that hears " +
				"there by any protocol is; a server on any address is denied where it may be heard on this machine only " +
				"(`local`), and sending datagrams from a socket that is neither bound nor connected; file flags and " +
				"watches are left to the kernel too; before 5.14 a descriptor that another task shares, or has, is " +
				"reopened by /proc/PID/fd if the rules allow its file, whatever it may do already; syd-trace learns of " +
				"connections what the calls say, and no names",
			Promise: PromiseFewer,
			Remedy: "use Linux 5.6 or later; let pidfd_getfd(2) through in the container's seccomp profile (or add " +
				"CAP_SYS_PTRACE)",
			wanted: wantsSockets, try: func(*tries) (bool, string) { return probeGetfd() }},
		{Name: featureOpenat2, Since: "5.6", Probe: "the root is opened by openat2(2)",
			Use:     "many components of a path are walked in one call",
			Without: "they are walked one by one", Promise: PromiseSame,
			Remedy: "nothing is lost but speed; Linux 5.6 or later has it",
			try:    func(*tries) (bool, string) { return probeOpenat2() }},
		{Name: featureAccess, Since: "5.8", Probe: "the root is asked about by faccessat2(2)",
			Use:     "access(2) is answered by the tracer where rules judge looking at files",
			Without: "some such calls are judged and left to the kernel, which looks the name up again", Promise: PromiseFewer,
			Remedy: "use Linux 5.8 or later",
			wanted: func(p *policy.Policy) Level { return preferredIf(p.Polices(access.Stat)) },
			try:    func(*tries) (bool, string) { return probeAccess() }},
		{Name: featureLandlock, Since: "5.13", Probe: "landlock_create_ruleset(2) says which version it is, and a " +
			"thread is put into a domain",
			Use: "a second wall below the rules: no write outside what they could allow, no look into outsiders' processes",
			Without: "the rules stand alone; the environment and memory of other processes of the same user can be " +
				"read through /proc unless a rule denies it",
			Promise: PromiseFewer,
			Remedy: "use Linux 5.13 or later with CONFIG_SECURITY_LANDLOCK, boot with landlock in lsm=, let " +
				"landlock_create_ruleset(2) through in the container's seccomp profile; [harden] landlock = \"required\" " +
				"does not start without",
			wanted: func(p *policy.Policy) Level { return levelNamed(p.Landlock()) },
			try:    func(*tries) (bool, string) { return probeLandlock() }},
		{Name: featureScope, Since: "6.12", Probe: "the version of Landlock, and its errata",
			Use:     "signals to processes outside are stopped by the kernel",
			Without: "each signal to another process stops and is judged", Promise: PromiseSame,
			Remedy: "nothing is lost but speed; Linux 6.12 or later has it",
			try:    func(*tries) (bool, string) { return probeScope() }},
	}
}

// levelNamed reads a level of [harden].
func levelNamed(name string) Level {
	switch name {
	case "required":
		return Required
	case "preferred":
		return Preferred
	}
	return Off
}

func preferredIf(wanted bool) Level {
	if wanted {
		return Preferred
	}
	return Off
}

// wantsPinnedOpens says how much a policy wants opens, and calls on sockets that wait, to be pinned: as policesOpens
// and beginCarrying ask for it.
func wantsPinnedOpens(p *policy.Policy) Level {
	if p.Lifted(refusalOutsiders) && !p.Polices(access.Read|access.Write|access.Create) && !p.PolicesNetwork() {
		return Off
	}
	return levelNamed(p.Pinning())
}

// wantsSockets says the same of calls on sockets.
func wantsSockets(p *policy.Policy) Level {
	level := levelNamed(p.Pinning())
	if level == Required && !p.PolicesNetwork() {
		return Preferred
	}
	return level
}
