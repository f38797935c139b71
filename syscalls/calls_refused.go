package syscalls

// refusedCalls do what no rule can speak about, or would undo what the rules say. [syscalls] allow lifts them by the
// name in the last column.
var refusedCalls = []Call{
	// The tree of mounts is what paths are judged in.
	{"mount", Refused, args{String, Path, String, Word, Pointer}, "mount"},
	{"umount", Refused, args{Path}, "mount"},
	{"umount2", Refused, args{Path, Int}, "mount"},
	{"pivot_root", Refused, args{Path, Path}, "mount"},
	{"open_tree", Refused, args{Dirfd, Path, AtFlags}, "mount"},
	{"open_tree_attr", Refused, args{Dirfd, Path, AtFlags, Pointer, Word}, "mount"},
	{"move_mount", Refused, args{Dirfd, Path, Dirfd, Path, Uint}, "mount"},
	{"fsopen", Refused, args{String, Uint}, "mount"},
	{"fsconfig", Refused, args{FD, Uint, String, Pointer, Int}, "mount"},
	{"fsmount", Refused, args{FD, Uint, Uint}, "mount"},
	{"fspick", Refused, args{Dirfd, Path, Uint}, "mount"},
	{"mount_setattr", Refused, args{Dirfd, Path, AtFlags, Pointer, Word}, "mount"},
	{"setns", Refused, args{FD, Int}, "userns"}, // clone and unshare are refused by their flags

	// Ways to a file or an effect that pass no call that is judged.
	{"open_by_handle_at", Refused, args{FD, Pointer, OpenFlags}, "handles"},
	{"io_uring_setup", Refused, args{Uint, Pointer}, "io_uring"},
	{"io_uring_enter", Refused, args{FD, Uint, Uint, Uint, Pointer, Word}, "io_uring"},
	{"io_uring_register", Refused, args{FD, Uint, Pointer, Uint}, "io_uring"},
	{"clone3", Refused, args{Pointer, Word}, "clone3"}, // its flags are in memory; callers fall back to clone
	// A watch sees the names in use, and a mark can hold others up. fanotify_mark is of no use without a group.
	{"fanotify_init", Refused, args{Uint, Uint}, "fanotify"},
	{"fanotify_mark", Refused, args{FD, Uint, Word, Dirfd, Path}, "fanotify"}, // 32-bit: the mask takes two registers
	{"lookup_dcookie", Refused, args{Word, Pointer, Word}, "lookup_dcookie"},
	{"swapon", Refused, args{Path, Int}, "swap"},
	{"swapoff", Refused, args{Path}, "swap"},
	{"acct", Refused, args{Path}, "acct"},
	{"quotactl", Refused, args{Uint, Path, Uint, Pointer}, "quota"},
	{"quotactl_fd", Refused, args{FD, Uint, Uint, Pointer}, "quota"},

	// Other tasks.
	{"ptrace", Refused, args{Word, PID, Pointer, Pointer}, "ptrace"},
	{"pidfd_getfd", Refused, args{FD, FD, Uint}, "pidfd_getfd"},
	{"process_vm_writev", Refused, args{PID, Pointer, Word, Pointer, Word, Word}, "vm_write"},
	{"process_madvise", Refused, args{FD, Pointer, Word, Int, Uint}, "vm_write"},
	{"kcmp", Refused, args{PID, PID, Int, Word, Word}, "kcmp"},
	{"migrate_pages", Refused, args{PID, Word, Pointer, Pointer}, "move_pages"},
	{"move_pages", Refused, args{PID, Word, Pointer, Pointer, Pointer, Int}, "move_pages"},

	// Kernel services with a history of holes, or that stop the tracer from reading memory.
	{"bpf", Refused, args{Int, Pointer, Uint}, "bpf"},
	{"perf_event_open", Refused, args{Pointer, PID, Int, FD, Word}, "perf"},
	{"userfaultfd", Refused, args{Int}, "userfaultfd"},
	{"memfd_secret", Refused, args{Uint}, "memfd_secret"},
	{"add_key", Refused, args{String, String, Pointer, Word, Int}, "keys"},
	{"request_key", Refused, args{String, String, String, Int}, "keys"},
	{"keyctl", Refused, args{Int, Word, Word, Word, Word}, "keys"},

	// The machine.
	{"init_module", Refused, args{Pointer, Word, String}, "modules"},
	{"finit_module", Refused, args{FD, String, Int}, "modules"},
	{"delete_module", Refused, args{String, Uint}, "modules"},
	{"create_module", Refused, args{String, Word}, "modules"},
	{"query_module", Refused, args{String, Int, Pointer, Word, Pointer}, "modules"},
	{"kexec_load", Refused, args{Word, Word, Pointer, Word}, "kexec"},
	{"kexec_file_load", Refused, args{FD, FD, Word, String, Word}, "kexec"},
	{"reboot", Refused, args{Int, Int, Uint, Pointer}, "reboot"},
	{"sethostname", Refused, args{String, Int}, "hostname"},
	{"setdomainname", Refused, args{String, Int}, "hostname"},
	{"syslog", Refused, args{Int, Pointer, Int}, "syslog"},
	{"vhangup", Refused, args{}, "vhangup"},
	// What is to be done is in memory, where a filter cannot look, and ADJ_SETOFFSET sets the clock at will.
	{"adjtimex", Refused, args{Pointer}, "clock"},
	{"clock_adjtime", Refused, args{Int, Pointer}, "clock"},
	{"clock_adjtime64", Refused, args{Int, Pointer}, "clock"},
	{"settimeofday", Refused, args{Pointer, Pointer}, "clock"},
	{"stime", Refused, args{Pointer}, "clock"},
	{"clock_settime", Refused, args{Int, Pointer}, "clock"},
	{"clock_settime64", Refused, args{Int, Pointer}, "clock"},
	{"iopl", Refused, args{Uint}, "ports"},
	{"ioperm", Refused, args{Word, Word, Int}, "ports"},
	{"pciconfig_read", Refused, args{Word, Word, Word, Word, Pointer}, "ports"},
	{"pciconfig_write", Refused, args{Word, Word, Word, Word, Pointer}, "ports"},
	{"pciconfig_iobase", Refused, args{Word, Word, Word}, "ports"},
	{"rtas", Refused, args{Pointer}, "ports"}, // the firmware of POWER
	{"s390_pci_mmio_read", Refused, args{Word, Pointer, Word}, "ports"},
	{"s390_pci_mmio_write", Refused, args{Word, Pointer, Word}, "ports"},

	// What no current program needs.
	{"uselib", Refused, args{Path}, "obsolete"}, // maps a file's code without an exec
	{"_sysctl", Refused, args{Pointer}, "obsolete"},
	{"nfsservctl", Refused, args{Int, Pointer, Pointer}, "obsolete"},
	{"spu_create", Refused, args{Path, Uint, Mode, FD}, "obsolete"}, // makes a directory; Cell processors
	{"spu_run", Refused, args{FD, Pointer, Pointer}, "obsolete"},
	// ppc64: from then on memory would be read in the wrong order.
	{"switch_endian", Refused, args{}, "obsolete"},
	// mips: a call in the arguments of a call.
	{"syscall", Refused, args{Word, Word, Word, Word, Word, Word}, "obsolete"},
	// Numbers that were lent to code outside the kernel: what they do is not known.
	{"afs_syscall", Refused, args{}, "obsolete"},
	{"tuxcall", Refused, args{}, "obsolete"},
	{"security", Refused, args{}, "obsolete"},
	{"vserver", Refused, args{}, "obsolete"},
}
