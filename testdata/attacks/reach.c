/*
 * Calls that no rule on files could speak of, made so that they do nothing: with arguments that the kernel refuses, or
 * asking only. What counts is whether the call reached the kernel: then it ends otherwise than a refusal does. The
 * program says so itself, by the file ALLOW/reached; there is nothing else to see.
 */
/* variants: static m32 */
#include "attack.h"
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

static void reached(long r, int refused)
{
	if (r < 0 && (errno == refused || errno == ENOSYS)) {
		if (errno == ENOSYS && refused != ENOSYS)
			impossible("this kernel does not have the call");
		fprintf(stderr, "refused: %s\n", strerror(errno));
		_exit(1);
	}
	int fd = DO(open(A("reached"), O_WRONLY | O_CREAT, 0644));
	close(fd);
}

/* A call by its number; -1 where the headers do not have it. */
#define REACH(name, words, refusal, errno_, number, ...)                                                               \
	TRICK(name, "write refused sample maybe " words " needs=" refusal)                                                   \
	{                                                                                                              \
		if (number == -1)                                                                                      \
			impossible("this machine does not have the call");                                             \
		reached(syscall(number, ##__VA_ARGS__), errno_);                                                       \
	}

#ifndef SYS_kexec_load
#define SYS_kexec_load -1
#endif
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_iopl
#define SYS_iopl -1
#define SYS_ioperm -1
#endif
#ifndef SYS_clock_settime
#define SYS_clock_settime -1
#endif

REACH(bpf_, "root", "bpf", EPERM, SYS_bpf, 9999, NULL, 0)
REACH(adjtimex_, "", "clock", EPERM, SYS_adjtimex, &(char[512]){0})
REACH(clock_adjtime_, "", "clock", EPERM, SYS_clock_adjtime, CLOCK_REALTIME, &(char[512]){0})
REACH(clock_settime_, "root", "clock", EPERM, SYS_clock_settime, 9999, NULL)
REACH(settimeofday_, "", "clock", EPERM, SYS_settimeofday, NULL, NULL)
REACH(fanotify_, "root", "fanotify", EPERM, SYS_fanotify_init, 0, O_RDONLY)
REACH(sethostname_, "root", "hostname", EPERM, SYS_sethostname, NULL, 1)
REACH(setdomainname_, "root", "hostname", EPERM, SYS_setdomainname, NULL, 1)
REACH(kcmp_, "", "kcmp", EPERM, SYS_kcmp, getpid(), getpid(), 0, 0, 0)
REACH(kexec_, "root", "kexec", EPERM, SYS_kexec_load, 0, 0, NULL, 0xfff0)
REACH(keyctl_, "", "keys", ENOSYS, SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0)
REACH(add_key_, "", "keys", ENOSYS, SYS_add_key, NULL, NULL, NULL, 0, 0)
REACH(request_key_, "", "keys", ENOSYS, SYS_request_key, NULL, NULL, NULL, 0)
REACH(memfd_secret_, "", "memfd_secret", ENOSYS, SYS_memfd_secret, 0)
REACH(init_module_, "root", "modules", EPERM, SYS_init_module, NULL, 0, NULL)
REACH(finit_module_, "root", "modules", EPERM, SYS_finit_module, -1, "", 0)
REACH(delete_module_, "root", "modules", EPERM, SYS_delete_module, "no such module", O_NONBLOCK)
REACH(move_pages_, "", "move_pages", EPERM, SYS_move_pages, getpid(), 0, NULL, NULL, NULL, 0)
REACH(migrate_pages_, "", "move_pages", EPERM, SYS_migrate_pages, getpid(), 0, NULL, NULL)
REACH(perf_, "", "perf", EPERM, SYS_perf_event_open, NULL, 0, -1, -1, 0)
REACH(personality_, "", "personality", EPERM, SYS_personality, 0x0400000 /* READ_IMPLIES_EXEC */)
REACH(pidfd_getfd_, "", "pidfd_getfd", EPERM, SYS_pidfd_getfd, syscall(SYS_pidfd_open, getpid(), 0), 0, 0)
REACH(iopl_, "", "ports", EPERM, SYS_iopl, 0)
REACH(ioperm_, "", "ports", EPERM, SYS_ioperm, ~0UL, 1, 1)
REACH(prctl_mm_, "", "prctl_mm", EPERM, SYS_prctl, PR_SET_MM, 15 /* PR_SET_MM_MAP_SIZE */, &(unsigned){0}, 0, 0)
REACH(acct_, "root", "acct", EPERM, SYS_acct, V("no such file"))
REACH(quotactl_, "", "quota", EPERM, SYS_quotactl, 0, NULL, 0, NULL)
REACH(quotactl_fd_, "", "quota", EPERM, SYS_quotactl_fd, -1, 0, 0, NULL)
REACH(reboot_, "root", "reboot", EPERM, SYS_reboot, 1, 2, 3, NULL)
REACH(swapon_, "root", "swap", EPERM, SYS_swapon, V("no such file"), 0)
REACH(swapoff_, "root", "swap", EPERM, SYS_swapoff, V("no such file"))
REACH(syslog_, "root", "syslog", EPERM, SYS_syslog, 10 /* the size of the buffer */, NULL, 0)
REACH(userfaultfd_, "", "userfaultfd", EPERM, SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */)
REACH(vhangup_, "root private", "vhangup", EPERM, SYS_vhangup)
REACH(fsopen_, "root", "mount", EPERM, 430, NULL, 0)
REACH(fspick_, "root", "mount", EPERM, 433, -1, "", 0)
REACH(mount_setattr_, "root", "mount", EPERM, 442, -1, "", 0, NULL, 0)
REACH(umount_, "root", "mount", EPERM, SYS_umount2, V("no such file"), 0)
REACH(clone_newuser_flag, "", "userns", EPERM, SYS_unshare, 0x00020000 | 0x1 /* NEWNS, and a flag there is not */)
REACH(clone3_, "", "clone3", ENOSYS, SYS_clone3, NULL, 0)
REACH(io_uring_register_, "", "io_uring", ENOSYS, 427, -1, 0, NULL, 0)
#ifdef __i386__
REACH(obsolete_ipc_, "", "obsolete", ENOSYS, 86 /* uselib */, V("no such file"))
#endif

/* ioctls, on a file that does not know them. */
#define REQUEST(name, refusal, request)                                                                                \
	TRICK(name, "write refused sample maybe needs=" refusal)                                                             \
	{                                                                                                              \
		long fd = DO(open(V("file"), O_RDONLY));                                                               \
		reached(ioctl(fd, request, NULL), EPERM);                                                              \
	}
REQUEST(tiocsti_, "tiocsti", 0x5412)
REQUEST(tioclinux_, "tiocsti", 0x541c)
REQUEST(kdskbsent_, "tiocsti", 0x4b49)
REQUEST(userfaultfd_new_, "userfaultfd", 0xaa00)
REQUEST(loop_set_fd_, "disks", 0x4c00)
REQUEST(blkpg_, "disks", 0x1269)
REQUEST(sg_io_, "disks", 0x2285)
REQUEST(dm_table_load_, "disks", 0xc138fd09)
REQUEST(xfs_open_by_handle_, "handles", 0x4038586b)
/* Memory of a member; a policy that lifts it lets outsiders be read as well. */
TRICK(vm_read_, "write refused sample maybe needs=vm_read")
{
	char a, b;
	struct iovec from = {&a, 1}, to = {&b, 1};
	reached(process_vm_readv(getpid(), &to, 1, &from, 1, 0), EPERM);
}
TRICK(vm_write_, "write refused sample maybe needs=vm_write")
{
	char a = 0, b;
	struct iovec from = {&a, 1}, to = {&b, 1};
	reached(process_vm_writev(getpid(), &from, 1, &to, 1, 0), EPERM);
}
TRICK(untraced_, "write refused sample maybe ")
{
	/* CLONE_UNTRACED with CLONE_SIGHAND and without CLONE_VM, which fails. */
	reached(syscall(SYS_clone, 0x00800000 | CLONE_SIGHAND, 0, 0, 0, 0), EPERM);
}

/* Sockets that rules do not speak about. */
#define SOCKET(name, errno_, family, type, protocol, words)                                                            \
	TRICK(name, "write refused sample maybe needs=sockets " words) { reached(socket(family, type, protocol), errno_); }
SOCKET(socket_vsock, EAFNOSUPPORT, 40, SOCK_STREAM, 0, "")
SOCKET(socket_alg, EAFNOSUPPORT, 38, SOCK_SEQPACKET, 0, "")
SOCKET(socket_packet, EAFNOSUPPORT, 17, SOCK_RAW, 0, "root")
SOCKET(socket_raw, EPERM, AF_INET, SOCK_RAW, 1, "root")
SOCKET(socket_raw6, EPERM, AF_INET6, SOCK_RAW, 58, "root")
SOCKET(socket_mptcp, EPROTONOSUPPORT, AF_INET, SOCK_STREAM, 262, "")
SOCKET(socket_netlink_audit, EPROTONOSUPPORT, 16, SOCK_RAW, 9, "")
#ifdef __i386__
TRICK(socketcall_vsock, "write refused sample maybe needs=sockets needs=socketcall")
{
	static long args[3] = {40, SOCK_STREAM, 0};
	reached(syscall(SYS_socketcall, 1, args), EAFNOSUPPORT);
}
TRICK(socketcall_raw, "write root refused sample maybe needs=sockets needs=socketcall")
{
	static long args[3] = {AF_INET, SOCK_RAW, 1};
	reached(syscall(SYS_socketcall, 1, args), EPERM);
}
TRICK(socketcall_pair, "write refused sample maybe needs=sockets needs=socketcall")
{
	/* The family of a pair: the kernel knows none but unix that has pairs. */
	static int fds[2];
	static long args[4] = {30 /* TIPC */, SOCK_STREAM, 0};
	args[3] = (long)fds;
	reached(syscall(SYS_socketcall, 8, args), EAFNOSUPPORT);
}
#endif
