package policy

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"sydbox/syscalls"
)

// callGroups are the groups that [harden] deny_calls and keep_calls take, with the calls of every machine in them. Of a
// call that comes in several widths one name is enough: see sameCall.
var callGroups = sync.OnceValue(func() map[string][]string {
	groups := map[string][]string{}
	for name, calls := range map[string]string{
		"@aio":           "io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit",
		"@bpf":           "bpf",
		"@clock":         "adjtimex clock_adjtime clock_settime settimeofday stime",
		"@cpu-emulation": "modify_ldt subpage_prot switch_endian vm86",
		"@debug": "kcmp lookup_dcookie perf_event_open pidfd_getfd process_vm_readv process_vm_writev ptrace rtas " +
			"s390_runtime_instr sys_debug_setcontext",
		"@handles":  "name_to_handle_at open_by_handle_at",
		"@io_uring": "io_uring_enter io_uring_register io_uring_setup",
		"@keyring":  "add_key keyctl request_key",
		"@memlock":  "mlock mlock2 mlockall",
		"@module":   "create_module delete_module finit_module get_kernel_syms init_module query_module",
		"@mount": "chroot fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree open_tree_attr " +
			"pivot_root umount2",
		"@mqueue": "mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink",
		"@network": "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg " +
			"recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socket socketcall socketpair",
		"@numa": "get_mempolicy mbind migrate_pages move_pages set_mempolicy set_mempolicy_home_node",
		"@obsolete": "_sysctl afs_syscall bdflush break create_module ftime get_kernel_syms getpmsg gtty idle lock mpx " +
			"nfsservctl prof profil putpmsg query_module security sgetmask ssetmask stime stty sysfs tuxcall ulimit " +
			"uselib ustat vserver",
		"@priority": "ioprio_set nice sched_setattr sched_setparam sched_setscheduler setpriority",
		"@raw-io":   "ioperm iopl pciconfig_iobase pciconfig_read pciconfig_write s390_pci_mmio_read s390_pci_mmio_write",
		"@reboot":   "kexec_file_load kexec_load reboot",
		"@setid":    "setfsgid setfsuid setgid setgroups setregid setresgid setresuid setreuid setuid",
		"@splice":   "splice tee vmsplice",
		"@swap":     "swapoff swapon",
		"@sysv-ipc": "ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget",
	} {
		groups[name] = strings.Fields(calls)
	}
	return groups
})

// sameCall gives the one name that all names of a call have in common: what is denied under one of them is denied under
// all, or an i386 program would do by clock_settime64 what x86-64 calls clock_settime.
func sameCall(name string) string {
	if one, ok := otherNames[name]; ok {
		return one
	}
	for _, width := range []string{"_time64", "64", "32"} {
		if short, ok := strings.CutSuffix(name, width); ok && syscalls.ByName(short) != nil {
			return short
		}
	}
	return name
}

// otherNames are the names of one call that differ by more than a width at their end.
var otherNames = map[string]string{
	"_llseek": "lseek", "_newselect": "select", "arm_fadvise64_64": "fadvise64", "arm_sync_file_range": "sync_file_range",
	"fadvise64_64": "fadvise64", "fstatat64": "newfstatat", "mmap2": "mmap", "oldfstat": "fstat", "oldlstat": "lstat",
	"oldolduname": "uname", "oldstat": "stat", "olduname": "uname", "sigaction": "rt_sigaction",
	"sigpending": "rt_sigpending", "sigprocmask": "rt_sigprocmask", "sigreturn": "rt_sigreturn",
	"sigsuspend": "rt_sigsuspend", "sync_file_range2": "sync_file_range", "ugetrlimit": "getrlimit", "umount": "umount2",
	"vm86old": "vm86",
}

// needed are the calls by which a command is started, or that no program ends without: denied, nothing would run. The
// shim is a Go program, and executes the command when the filter is in force already.
var needed = strings.Fields(`close execve exit exit_group futex madvise mmap mprotect munmap nanosleep read restart_syscall
	rt_sigaction rt_sigprocmask rt_sigreturn sched_yield sigaltstack write`)

// stopped are denied by the tracer and not by the filter: the shim makes them as well when the filter is in force, to hand
// over the filter's listener and to put back its limit on open files.
var stopped = []string{"prlimit64", "sendmsg", "setrlimit"}

// multiplexed are the calls that some machines make through another one, by the number in its first argument
// (linux/net.h, linux/ipc.h). The kernel reads it as an int; of that of ipc the upper half is a version.
var multiplexed = map[string]struct {
	mask  uint64
	calls map[uint32]string
}{
	"socketcall": {int32Mask, map[uint32]string{
		1: "socket", 2: "bind", 3: "connect", 4: "listen", 5: "accept", 6: "getsockname", 7: "getpeername", 8: "socketpair",
		9: "send", 10: "recv", 11: "sendto", 12: "recvfrom", 13: "shutdown", 14: "setsockopt", 15: "getsockopt",
		16: "sendmsg", 17: "recvmsg", 18: "accept4", 19: "recvmmsg", 20: "sendmmsg",
	}},
	"ipc": {0xffff, map[uint32]string{
		1: "semop", 2: "semget", 3: "semctl", 4: "semtimedop", 11: "msgsnd", 12: "msgrcv", 13: "msgget", 14: "msgctl",
		21: "shmat", 22: "shmdt", 23: "shmget", 24: "shmctl",
	}},
}

// CallGroups returns the names of the groups, sorted, and CallGroup the calls of one.
func CallGroups() []string { return slices.Sorted(maps.Keys(callGroups())) }

// CallGroup returns the calls that a group names, sorted; nil if there is no such group. The slice is not to be changed.
func CallGroup(name string) []string { return callGroups()[name] }
