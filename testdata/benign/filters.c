/* Programs that confine themselves: their own seccomp filters do what they say. */
#include "check.h"
#include <linux/filter.h>
#include <linux/seccomp.h>

static volatile sig_atomic_t sigsys, sigsys_nr;
static void on_sigsys(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	sigsys = sig;
	sigsys_nr = si->si_syscall;
}

static int filter(int nr, unsigned action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {4, code};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

#ifdef SYS_mkdir
static int errno_action(void)
{
	IS(filter(SYS_mkdir, SECCOMP_RET_ERRNO | EDOM), 0);
	FAILS(mkdir("d", 0755), EDOM);
	IS(mkdirat(AT_FDCWD, "e", 0755), 0);
	IS(rmdir("e"), 0);
	return failures;
}
static int trap_action(void)
{
	struct sigaction sa = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
	sigaction(SIGSYS, &sa, NULL);
	IS(filter(SYS_mkdir, SECCOMP_RET_TRAP), 0);
	mkdir("d", 0755);
	IS(sigsys, SIGSYS);
	IS(sigsys_nr, SYS_mkdir);
	CHECK(!exists("d"));
	return failures;
}
static int kill_action(void)
{
	filter(SYS_mkdir, SECCOMP_RET_KILL);
	mkdir("d", 0755);
	return 0;
}
static int allow_action(void)
{
	IS(filter(SYS_mkdir, SECCOMP_RET_ALLOW), 0);
	IS(mkdir("d", 0755), 0);
	IS(rmdir("d"), 0);
	return failures;
}
#endif
static int in_child(int (*f)(void))
{
	pid_t child = fork();
	if (child == 0)
		_exit(f());
	return exited(child);
}

int main(void)
{
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
#ifdef SYS_mkdir
	IS(in_child(errno_action), 0);
	IS(in_child(trap_action), 0);
	IS(in_child(kill_action), -SIGSYS);
	IS(in_child(allow_action), 0);
#else
	not_applicable("this machine has no mkdir call");
#endif
	return done();
}
