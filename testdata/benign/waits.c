/* variants: m32 */
/* waitid and its relatives: what is told, what is left to be told again, whom one may wait for. */
#include "check.h"
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static pid_t ends(int code)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(code);
	MUST(pid > 0);
	return pid;
}

static void *waits(void *arg)
{
	return (void *)(intptr_t)exited(*(pid_t *)arg);
}

static void *waits_own(void *arg)
{
	int status;
	errno = 0;
	pid_t got = waitpid(-1, &status, __WNOTHREAD);
	(void)arg;
	return (void *)(intptr_t)(got == -1 && errno == ECHILD);
}

int main(void)
{
	siginfo_t si;
	int status;
	pid_t pid = ends(5);
	memset(&si, 0, sizeof si);
	IS(waitid(P_PID, pid, &si, WEXITED | WNOWAIT), 0);
	IS(si.si_code, CLD_EXITED);
	IS(si.si_status, 5);
	CHECK(si.si_pid == pid && si.si_uid == getuid() && si.si_signo == SIGCHLD);
	IS(waitid(P_PID, pid, &si, WEXITED | WNOWAIT), 0);
	IS(waitid(P_ALL, 0, &si, WEXITED), 0);
	FAILS(waitid(P_ALL, 0, &si, WEXITED), ECHILD);
	FAILS(waitpid(pid, &status, 0), ECHILD);
	FAILS(waitpid(getpid(), &status, 0), ECHILD);
	FAILS(waitid(P_PID, pid, &si, 0), EINVAL);
	FAILS(waitpid(-1, &status, 0x7000), EINVAL);

	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	setpgid(pid, pid);
	memset(&si, 0, sizeof si);
	IS(waitid(P_PGID, pid, &si, WEXITED | WSTOPPED | WCONTINUED | WNOHANG), 0);
	IS(si.si_pid, 0);
	IS(waitpid(-pid, &status, WNOHANG), 0);
	kill(pid, SIGSTOP);
	IS(waitid(P_PGID, pid, &si, WSTOPPED), 0);
	IS(si.si_code, CLD_STOPPED);
	IS(si.si_status, SIGSTOP);
	kill(pid, SIGCONT);
	IS(waitid(P_PID, pid, &si, WCONTINUED), 0);
	IS(si.si_code, CLD_CONTINUED);
	IS(si.si_status, SIGCONT);
	kill(pid, SIGTERM);
	IS(waitid(P_PGID, pid, &si, WEXITED), 0);
	IS(si.si_code, CLD_KILLED);
	IS(si.si_status, SIGTERM);

	pid = ends(6);
	int fd = syscall(SYS_pidfd_open, pid, 0);
	if (fd >= 0) {
		IS(waitid(P_PIDFD, fd, &si, WEXITED), 0);
		IS(si.si_status, 6);
		struct pollfd pf = {.fd = fd, .events = POLLIN};
		IS(poll(&pf, 1, 0), 1);
	} else {
		exited(pid);
	}

	/* Any thread may wait for a child of the process, unless it asks for its own only. */
	pthread_t t;
	void *ret;
	pid = ends(7);
	pthread_create(&t, NULL, waits, &pid);
	pthread_join(t, &ret);
	IS((intptr_t)ret, 7);
	pid = ends(8);
	pthread_create(&t, NULL, waits_own, NULL);
	pthread_join(t, &ret);
	IS((intptr_t)ret, 1);
	IS(exited(pid), 8);

	struct rusage ru;
	pid = fork();
	if (pid == 0) {
		long long end = now_ns() + 30000000;
		while (now_ns() < end)
			;
		_exit(9);
	}
	IS(wait4(pid, &status, 0, &ru), pid);
	CHECK(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec + (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000L > 0);

	/* With SIGCHLD ignored children leave no zombie and wait waits for all of them. */
	signal(SIGCHLD, SIG_IGN);
	pid = ends(1);
	ends(2);
	FAILS(wait(NULL), ECHILD);
	/* wait passes over one that is being released, and has its number for a moment more (EXIT_DEAD in kernel/exit.c). */
	for (int i = 0; i < 10000 && kill(pid, 0) == 0; i++)
		usleep(1000);
	FAILS(kill(pid, 0), ESRCH);
	return done();
}
