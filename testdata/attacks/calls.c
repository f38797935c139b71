/*
 * What [harden] deny_calls names: made under other names, from other ABIs, through the calls that stand for many, and
 * from tasks that came about in whatever way. Nothing else is denied, so nothing else can stop them.
 */
/* variants: static m32 int80 */
#include "attack.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#if defined(__i386__) || defined(INT80)
#define SMALL
#endif

/* The call has done what it does: a file that only the judge looks for. */
static void reached(void) { close(DO(open(A("reached"), O_WRONLY | O_CREAT, 0644))); }

TRICK(call_mkdir, "calls silent needs=deny_list")
{
#if defined(INT80) || defined(SYS_mkdir) && SYS_mkdir != -1
	DO(S(mkdir, V("new"), 0755));
#else
	impossible("this machine has no mkdir(2)");
#endif
}
TRICK(call_mkdirat, "calls silent needs=deny_list") { DO(S(mkdirat, AT_FDCWD, V("new"), 0755)); }
TRICK(call_with_garbage_above, "calls silent needs=deny_list")
{
#if defined(__x86_64__) && !defined(INT80)
	long r;
	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"((long)(0xdeadbeef00000000ULL | SYS_mkdirat)), "D"((long)AT_FDCWD), "S"(V("new")), "d"(0755L)
			 : "rcx", "r11", "memory");
	errno = r < 0 ? -r : 0;
	DO(r < 0 ? -1 : 0);
#else
	impossible("not x86-64");
#endif
}
TRICK(call_of_x32, "calls silent")
{
#if defined(__x86_64__) && !defined(INT80)
	if (syscall(0x40000000 | SYS_mkdirat, AT_FDCWD, V("new"), 0755) < 0 && errno == ENOSYS)
		impossible("this kernel has no x32 calls");
#else
	impossible("not x86-64");
#endif
}
TRICK(call_truncate, "calls silent needs=deny_list")
{
	/* The policy names truncate; 32 bits know it by two names. */
#ifdef INT80
	DO(S(truncate, V("file"), 1));
#else
	DO(truncate(V("file"), 1));
#endif
}
TRICK(call_truncate64, "calls silent needs=deny_list")
{
#ifdef INT80
	DO(S(truncate64, V("file"), 2, 0));
#elif defined(__arm__) /* 64 bits are in a pair of registers that begins with an even one */
	DO(syscall(SYS_truncate64, V("file"), 0, 2, 0));
#elif defined(SYS_truncate64)
	DO(syscall(SYS_truncate64, V("file"), 2, 0));
#else
	impossible("this machine has no truncate64(2)");
#endif
}
TRICK(call_utimensat, "calls silent needs=deny_list")
{
#ifdef INT80
	DO(S(utimensat_time64, AT_FDCWD, V("file"), 0, 0));
#else
	DO(utimensat(AT_FDCWD, V("file"), NULL, 0));
#endif
}
TRICK(call_shmget, "calls silent needs=deny_list")
{
#ifdef INT80
	long id = DO(raw(395, IPC_PRIVATE, 4096, IPC_CREAT | 0600, 0, 0, 0));
#else
	long id = DO(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600));
#endif
	shmctl(id, IPC_RMID, NULL);
	reached();
}
#define CALLS(name, version)                                                                                           \
	TRICK(name, "calls silent needs=deny_list")                                                                        \
	{                                                                                                              \
		/* ipc(SHMGET): the upper half of its number is a version, which the kernel takes off. */              \
		long id = DO(raw(117, (version) << 16 | 23, IPC_PRIVATE, 4096, IPC_CREAT | 0600, 0, 0));               \
		raw(117, 24, id, IPC_RMID, 0, 0, 0);                                                                   \
		reached();                                                                                             \
	}
#ifdef SMALL
CALLS(call_shmget_by_ipc, 0)
CALLS(call_shmget_by_ipc_of_a_version, 1)

static int words[6];
static long socketcall(int call, long a, long b, long c)
{
	words[0] = a, words[1] = b, words[2] = c;
#ifdef INT80
	return S(socketcall, call, words);
#else
	return syscall(SYS_socketcall, call, words);
#endif
}
TRICK(call_bind_by_socketcall, "calls silent needs=deny_list")
{
	static struct sockaddr_un sun = {.sun_family = AF_UNIX};
	if (strlen(V("new")) >= sizeof sun.sun_path)
		impossible("the path is too long for a socket address");
	strcpy(sun.sun_path, V("new"));
	long fd = DO(socketcall(1, AF_UNIX, SOCK_STREAM, 0));
	DO(socketcall(2, fd, (long)&sun, sizeof sun));
}
TRICK(call_sendmsg_by_socketcall, "calls silent needs=deny_list")
{
	static int pair[2];
	static char letter[] = "x";
	static int text[2], message[7];
	DO(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	text[0] = (int)(long)letter, text[1] = 1;
	message[2] = (int)(long)text, message[3] = 1; /* msg_iov, msg_iovlen */
	DO(socketcall(16, pair[0], (long)message, 0));
	reached();
}
#endif
TRICK(call_bind, "calls silent needs=deny_list")
{
	static struct sockaddr_un sun = {.sun_family = AF_UNIX};
	if (strlen(V("new")) >= sizeof sun.sun_path)
		impossible("the path is too long for a socket address");
	strcpy(sun.sun_path, V("new"));
	DO(S(bind, DO(socket(AF_UNIX, SOCK_STREAM, 0)), &sun, sizeof sun));
}
TRICK(call_sendmsg, "calls silent needs=deny_list")
{
	int pair[2];
	struct iovec text = {"x", 1};
	struct msghdr m = {.msg_iov = &text, .msg_iovlen = 1};
	DO(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	DO(sendmsg(pair[0], &m, 0));
	reached();
}
TRICK(call_prlimit, "calls silent needs=deny_list")
{
	struct rlimit limit;
	DO(prlimit(0, RLIMIT_NOFILE, NULL, &limit));
	reached();
}
TRICK(call_in_a_child, "calls silent needs=deny_list") { IN_CHILD(pid) DO(S(mkdirat, AT_FDCWD, V("new"), 0755)); }
static void *in_thread(void *arg)
{
	DO(S(mkdirat, AT_FDCWD, V("new"), 0755));
	return arg;
}
TRICK(call_in_a_thread, "calls silent needs=deny_list")
{
	pthread_t t;
	errno = pthread_create(&t, NULL, in_thread, NULL);
	DO(errno ? -1 : 0);
	pthread_join(t, NULL);
}
TRICK(call_after_an_exec, "calls silent needs=deny_list")
{
	execl(self, self, "call_mkdirat", victim, allow, NULL);
	DO(-1);
}
TRICK(call_under_an_own_filter, "calls silent needs=deny_list")
{
	/* The strictest answer of all filters counts, whatever the newest says. */
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog prog = {1, code};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	DO(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
	DO(S(mkdirat, AT_FDCWD, V("new"), 0755));
}
