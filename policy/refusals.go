package policy

import (
	"slices"
	"syscall"
)

// Refusal is something that no program in the sandbox may do, whatever the rules on files and addresses say, because
// it reaches around them or because no rule could speak about it. The filter answers at once, without a stop. A
// program that can do without the thing goes on without it: that is what Errno is chosen for.
type Refusal struct {
	// Name is what [syscalls] allow lifts it by.
	Name string
	// Errno is what the calls return; where single arguments need another one, a condition of the call has it.
	Errno syscall.Errno
	// Fixed refusals cannot be lifted: without them nothing else holds.
	Fixed bool
	// Why is what the refusal protects, and so what lifting it costs.
	Why string
	// Breaks is what does not work with it.
	Breaks string
}

// Refusals has every refusal, sorted by name.
var Refusals = []Refusal{
	{Name: "acct", Errno: syscall.EPERM,
		Why:    "acct lets the kernel append to a file whenever a process ends",
		Breaks: "process accounting"},
	{Name: "bpf", Errno: syscall.EPERM,
		Why:    "bpf loads programs into the kernel, where no rule reaches them",
		Breaks: "bpftool, bpftrace, tests of BPF libraries"},
	{Name: "clock", Errno: syscall.EPERM,
		Why: "the clock belongs to the whole machine; adjtimex says in memory whether it reads or sets, so " +
			"that a filter cannot tell them apart",
		Breaks: "setting the time; NTP programs that only ask for the state of the clock"},
	{Name: "clone3", Errno: syscall.ENOSYS,
		Why: "clone3 has its flags in memory, where a filter cannot see the ones that \"userns\" and " +
			"\"untraced\" refuse: lifting it lifts \"userns\" too, and a child made with CLONE_UNTRACED fails " +
			"every call that would be judged",
		Breaks: "CLONE_INTO_CGROUP and set_tid; C libraries fall back to clone"},
	{Name: "core", Errno: 0, // pretends success: programs that set the limit to 0 insist on it
		Why: "a core file is written by the kernel into the directory where a program crashes, which no call " +
			"asks for: the limit is 0 at the start and stays there",
		Breaks: "core files: ulimit -c and setrlimit have no effect; handlers in /proc/sys/kernel/core_pattern are not affected"},
	{Name: "devices", Errno: syscall.EPERM,
		Why:    "a device node gives access to the hardware behind it, wherever the node lies",
		Breaks: "mknod of devices, as debootstrap does it; fakeroot is not affected"},
	{Name: "disks", Errno: syscall.EPERM,
		Why: "these ioctls change a whole disk or file system through a descriptor that was opened for reading, or " +
			"send it commands of its own",
		Breaks: "losetup, dmsetup, mdadm, resizing and trimming file systems, nvme, sg and hdparm tools"},
	{Name: "fanotify", Errno: syscall.EPERM,
		Why:    "fanotify sees, and can hold up, what other programs do with files",
		Breaks: "fatrace, virus scanners; inotify works"},
	{Name: "handles", Errno: syscall.EPERM,
		Why: "open_by_handle_at opens a file without a path that a rule could judge; so do some ioctls of XFS, and those " +
			"of other file systems that take paths, or read a whole one",
		Breaks: "user-space NFS servers, backup programs that keep file handles, btrfs send"},
	{Name: "hostname", Errno: syscall.EPERM,
		Why:    "the host name belongs to the whole machine",
		Breaks: "hostname NAME"},
	{Name: "io_uring", Errno: syscall.ENOSYS,
		Why: "io_uring opens, connects and writes without a system call that could be stopped: lifting it " +
			"lifts every rule",
		Breaks: "nothing that falls back to plain calls, which nearly all users of io_uring do (libuv, QEMU, " +
			"PostgreSQL)"},
	{Name: "kcmp", Errno: syscall.EPERM,
		Why:    "kcmp tells about the kernel objects of other processes",
		Breaks: "CRIU; Mesa and systemd do without"},
	{Name: "kexec", Errno: syscall.EPERM,
		Why:    "kexec replaces the kernel",
		Breaks: "kexec-tools"},
	{Name: "keys", Errno: syscall.ENOSYS,
		Why:    "key rings are shared with the user's other sessions and are no files that a rule could name",
		Breaks: "keyctl, Kerberos caches of type KEYRING (libkrb5 falls back to files), e4crypt, fscrypt"},
	{Name: "lookup_dcookie", Errno: syscall.EPERM,
		Why:    "lookup_dcookie tells paths that were never asked for",
		Breaks: "OProfile up to 0.9"},
	{Name: "memfd_secret", Errno: syscall.ENOSYS,
		Why:    "the tracer cannot read secret memory, so that a path in it could not be judged",
		Breaks: "programs that hide keys from the kernel; they fall back to mlock"},
	{Name: "modules", Errno: syscall.EPERM,
		Why:    "a module is part of the kernel",
		Breaks: "insmod, modprobe"},
	{Name: "mount", Errno: syscall.EPERM,
		Why:    "rules name paths, and mounts change what paths lead to",
		Breaks: "mount, bubblewrap, unshare -m, FUSE file systems, tests of container tools"},
	{Name: "move_pages", Errno: syscall.EPERM,
		Why:    "moving the pages of others slows them down at will",
		Breaks: "migratepages; a process may move its own (process number 0)"},
	{Name: "net_admin", Errno: syscall.EPERM,
		Why: "CAP_NET_ADMIN and CAP_NET_RAW change routes, redirect and make up packets, so that an address that was judged leads " +
			"elsewhere: root loses them at the start where [connect] or [bind] police something",
		Breaks: "ip, iptables and tc that change something, tcpdump, ping where it needs raw sockets; without root nothing"},
	{Name: "notify", Errno: syscall.EPERM,
		Why: "a listener's answer to a call comes before the tracer's stop and can hide any call from it: " +
			"lifting it lifts every rule",
		Breaks: "supervisors of their own with SECCOMP_FILTER_FLAG_NEW_LISTENER; plain seccomp filters work"},
	{Name: "obsolete", Errno: syscall.ENOSYS,
		Why:    "calls that no present program uses, some of which are other calls in disguise",
		Breaks: "uselib of libc4, sysctl(2), spufs"},
	{Name: "outsiders", Errno: syscall.EPERM,
		Why: "signals, priorities, limits and files below /proc/PID reach processes outside the sandbox, the tracer among " +
			"them, which could be made to do what the sandbox may not: lifting it lets a program stop, kill or slow down " +
			"every process of its user, and sydbox itself",
		Breaks: "a program that signals its parent or its group where those are outside (kill -0 $PPID fails), or joins another " +
			"group of theirs (setpgid); renice -u and -g; delegations of files (F_SETDELEG); without the signal scope of Linux " +
			"6.12 also O_ASYNC and F_SETOWN_EX, and who gets a signal sent to a group or a pidfd sees it as sent by sigqueue(3)"},
	{Name: "perf", Errno: syscall.EPERM,
		Why:    "perf events observe other processes, and the kernel's part of them has a history of holes",
		Breaks: "perf, rr; benchmarks that count cycles fall back to the clock"},
	{Name: "personality", Errno: syscall.EPERM,
		Why: "other personalities map page 0, make all readable memory executable or change what calls do; " +
			"PER_LINUX32, UNAME26 and ADDR_NO_RANDOMIZE are free",
		Breaks: "setarch -X, -Z and foreign execution domains; setarch -R and linux32 work"},
	{Name: "pidfd_getfd", Errno: syscall.EPERM,
		Why:    "it takes descriptors out of other processes, outsiders' too",
		Breaks: "CRIU, container managers"},
	{Name: "ports", Errno: syscall.EPERM,
		Why:    "port and PCI access is access to every device",
		Breaks: "hwclock --directisa, X servers without KMS, flashrom"},
	{Name: "prctl_mm", Errno: syscall.EPERM,
		Why: "PR_SET_MM changes what /proc/PID/exe and cmdline say, by which a program is judged and named in " +
			"reports",
		Breaks: "CRIU; systemd's process titles are not updated"},
	{Name: "ptrace", Errno: syscall.EPERM,
		Why: "a tracer changes what its tracee does after it was judged and could reach outsiders; members " +
			"have a tracer already, and there can only be one",
		Breaks: "gdb, strace, LeakSanitizer (set ASAN_OPTIONS=detect_leaks=0), sandboxes that trace"},
	{Name: "quota", Errno: syscall.EPERM,
		Why:    "quotas belong to a whole file system",
		Breaks: "quotaon, setquota, and asking for a quota"},
	{Name: "reboot", Errno: syscall.EPERM,
		Why:    "reboot ends everything",
		Breaks: "reboot, and turning Ctrl-Alt-Del off"},
	{Name: "routing", Errno: syscall.EPERM,
		Why: "source routes, routing headers, flow labels that have one, and sockets bound to an interface (IP_OPTIONS, " +
			"IPV6_RTHDR, IPV6_FLOWLABEL_MGR, SO_BINDTODEVICE …) send what has a permitted address elsewhere first; joining a " +
			"multicast group (ENODEV) tells the network which one, and TCP_FASTOPEN_CONNECT (ENOPROTOOPT) connects later than " +
			"it is judged; refused where [connect] or [bind] police something",
		Breaks: "traceroute -g, ping -I with the name of an interface, DHCP clients, mDNS and other multicast"},
	{Name: "sockets", Errno: syscall.EAFNOSUPPORT,
		Why: "rules speak about internet and unix addresses; other families, raw sockets and protocols that " +
			"connect by other means than connect (SCTP, MPTCP) reach out past them, and AF_ALG, AF_PACKET and " +
			"others have a history of holes",
		Breaks: "packet capture, VM sockets, Bluetooth, CAN, kernel crypto (users fall back), netlink other than " +
			"route (ss, iptables, udev events), SCTP; Go's MPTCP falls back to TCP; ping uses ICMP datagrams " +
			"where the kernel allows it"},
	{Name: "swap", Errno: syscall.EPERM,
		Why:    "swapon makes a file part of the machine's memory",
		Breaks: "swapon, swapoff"},
	{Name: "syslog", Errno: syscall.EPERM,
		Why:    "the kernel's log tells about the machine, and can be cleared",
		Breaks: "dmesg --clear, dmesg for users who may not read /dev/kmsg; syslog(3) is another thing and works"},
	{Name: "tiocsti", Errno: syscall.EPERM,
		Why: "TIOCSTI and TIOCLINUX type into the terminal: the shell that started the sandbox would run it; TIOCCONS takes " +
			"what is written to the console",
		Breaks: "csh's completion, mailx's ~h prompt; kernels since 6.2 can do without it as well"},
	{Name: "untraced", Errno: syscall.EPERM, Fixed: true,
		Why:    "CLONE_UNTRACED and CLONE_PTRACE make children that their tracer is not told of",
		Breaks: "nothing known"},
	{Name: "userfaultfd", Errno: syscall.EPERM,
		Why:    "the call and /dev/userfaultfd let a program hold up whoever reads its memory, in the middle of a judgement",
		Breaks: "post-copy migration of virtual machines; garbage collectors fall back"},
	{Name: "userns", Errno: syscall.EPERM,
		Why: "a new user namespace gives its owner the rights of root in it, and with them mounts and other " +
			"roots; joining another mount namespace changes what paths lead to",
		Breaks: "unshare, bubblewrap, Chromium's sandbox, rootless containers, nix-build's sandbox, test suites " +
			"of these"},
	{Name: "vhangup", Errno: syscall.EPERM,
		Why:    "it takes the terminal away from everyone on it",
		Breaks: "login programs"},
	{Name: "vm_read", Errno: syscall.EPERM,
		Why:    "process_vm_readv reads the memory of outsiders, whatever the policy says of /proc",
		Breaks: "debuggers, gstack and pmap-like tools that read by it; /proc/PID/mem of a member can be read"},
	{Name: "vm_write", Errno: syscall.EPERM,
		Why: "process_vm_writev changes the memory of others after they were judged, outsiders' too; process_madvise " +
			"and process_mrelease take it away",
		Breaks: "debuggers; single-copy transfers between MPI processes fall back to shared memory; daemons that kill when " +
			"memory is short"},
}

// RefusalNames returns the names that [syscalls] allow takes, sorted. The slice is the caller's.
func RefusalNames() []string {
	names := make([]string, 0, len(Refusals))
	for i := range Refusals {
		if !Refusals[i].Fixed {
			names = append(names, Refusals[i].Name)
		}
	}
	slices.Sort(names)
	return names
}

// LookupRefusal returns the refusal of that name, nil if there is none.
func LookupRefusal(name string) *Refusal {
	for i := range Refusals {
		if Refusals[i].Name == name {
			return &Refusals[i]
		}
	}
	return nil
}
