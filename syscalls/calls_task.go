package syscalls

// taskCalls can act on other tasks, or on what others rely on to know this one.
var taskCalls = []Call{
	// Signals.
	{"kill", Task, args{PID, Signal}, "outsiders"},
	{"tkill", Task, args{PID, Signal}, "outsiders"},
	{"tgkill", Task, args{PID, PID, Signal}, "outsiders"},
	{"rt_sigqueueinfo", Task, args{PID, Signal, Pointer}, "outsiders"},
	{"rt_tgsigqueueinfo", Task, args{PID, PID, Signal, Pointer}, "outsiders"},
	{"pidfd_open", Task, args{PID, Uint}, ""},
	{"pidfd_send_signal", Task, args{FD, Signal, Pointer, Uint}, "outsiders"},
	// F_SETOWN and F_SETOWN_EX choose who gets SIGIO.
	{"fcntl", Task, args{FD, Int, Word}, "outsiders"},
	{"fcntl64", Task, args{FD, Int, Word}, "outsiders"},

	// Priorities and limits.
	{"setpriority", Task, args{Int, PID, Int}, "outsiders"},
	{"ioprio_set", Task, args{Int, PID, Int}, "outsiders"},
	{"sched_setaffinity", Task, args{PID, Uint, Pointer}, "outsiders"},
	{"sched_set_affinity", Task, args{PID, Uint, Pointer}, "outsiders"},
	{"sched_setattr", Task, args{PID, Pointer, Uint}, "outsiders"},
	{"sched_setparam", Task, args{PID, Pointer}, "outsiders"},
	{"sched_setscheduler", Task, args{PID, Int, Pointer}, "outsiders"},
	{"prlimit64", Task, args{PID, Int, Pointer, Pointer}, "core"},
	{"setrlimit", Task, args{Int, Pointer}, "core"}, // its own: RLIMIT_CORE lets the kernel write a file

	// Memory.
	{"process_vm_readv", Refused, args{PID, Pointer, Word, Pointer, Word, Word}, "vm_read"},
	{"process_mrelease", Refused, args{FD, Uint}, "vm_write"},
	{"prctl", Task, args{Int, Word, Word, Word, Word}, "prctl_mm"}, // PR_SET_MM changes what /proc/PID says of its program

	// New tasks. The refusal is for CLONE_NEW*: a new user namespace gives the capabilities that the mount calls need.
	// s390 swaps the first two arguments of clone (CONFIG_CLONE_BACKWARDS2), others the last two.
	{"clone", Task, args{Word, Pointer, Pointer, Word, Word}, "userns"},
	{"unshare", Task, args{Word}, "userns"},
	{"fork", Harmless, args{}, ""},
	{"vfork", Harmless, args{}, ""},
}
