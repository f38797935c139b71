package syscalls

// taskCalls can act on other tasks, or on what others rely on to know this one.
var taskCalls = []Call{
	// Signals.
	{"kill", Task, args{PID, Signal}, ""},
	{"tkill", Task, args{PID, Signal}, ""},
	{"tgkill", Task, args{PID, PID, Signal}, ""},
	{"rt_sigqueueinfo", Task, args{PID, Signal, Pointer}, ""},
	{"rt_tgsigqueueinfo", Task, args{PID, PID, Signal, Pointer}, ""},
	{"pidfd_open", Task, args{PID, Uint}, ""},
	{"pidfd_send_signal", Task, args{FD, Signal, Pointer, Uint}, ""},
	// F_SETOWN and F_SETOWN_EX choose who gets SIGIO.
	{"fcntl", Task, args{FD, Int, Word}, ""},
	{"fcntl64", Task, args{FD, Int, Word}, ""},

	// Priorities and limits.
	{"setpriority", Task, args{Int, PID, Int}, ""},
	{"ioprio_set", Task, args{Int, PID, Int}, ""},
	{"sched_setaffinity", Task, args{PID, Uint, Pointer}, ""},
	{"sched_set_affinity", Task, args{PID, Uint, Pointer}, ""},
	{"sched_setattr", Task, args{PID, Pointer, Uint}, ""},
	{"sched_setparam", Task, args{PID, Pointer}, ""},
	{"sched_setscheduler", Task, args{PID, Int, Pointer}, ""},
	{"prlimit64", Task, args{PID, Int, Pointer, Pointer}, "core"},
	{"setrlimit", Task, args{Int, Pointer}, "core"}, // its own: RLIMIT_CORE lets the kernel write a file

	// Memory.
	{"process_vm_readv", Refused, args{PID, Pointer, Word, Pointer, Word, Word}, "vm_read"},
	{"process_mrelease", Task, args{FD, Uint}, ""},
	{"prctl", Task, args{Int, Word, Word, Word, Word}, "prctl_mm"}, // PR_SET_MM changes what /proc/PID says of its program

	// New tasks. The refusal is for CLONE_NEW*: a new user namespace gives the capabilities that the mount calls need.
	// s390 swaps the first two arguments of clone (CONFIG_CLONE_BACKWARDS2), others the last two.
	{"clone", Task, args{Word, Pointer, Pointer, Word, Word}, "userns"},
	{"unshare", Task, args{Word}, "userns"},
	{"fork", Harmless, args{}, ""},
	{"vfork", Harmless, args{}, ""},
}
