/* Members of a tree signal, schedule and limit each other as anywhere, by process, thread, group and pidfd. */
/* variants: m32 */
#include "check.h"
#include <sys/wait.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_send_signal 424
#define SYS_pidfd_open 434
#endif

static volatile sig_atomic_t count, from;

static void note(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	from = si->si_pid;
	count++;
}

static void on(int sig)
{
	struct sigaction sa = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART};
	MUST(sigaction(sig, &sa, NULL) == 0);
}

/* A child that sleeps in a group of its own, or in its parent's. */
static pid_t sleeper(int own_group)
{
	pid_t pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		for (;;)
			pause();
	}
	if (own_group)
		MUST(setpgid(pid, pid) == 0);
	return pid;
}

static int end_of(pid_t pid)
{
	int status = reap(pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void groups(void)
{
	count = 0;
	pid_t child = sleeper(0);
	signal(SIGTERM, SIG_IGN);
	IS(kill(0, SIGTERM), 0); /* the group that all were started in */
	IS(end_of(child), SIGTERM);
	signal(SIGTERM, SIG_DFL);

	child = sleeper(1);
	IS(kill(-child, 0), 0);
	IS(kill(-child, SIGUSR2), 0);
	IS(end_of(child), SIGUSR2);
	FAILS(kill(-child, 0), ESRCH);

	child = sleeper(1);
	pid_t other = sleeper(0);
	MUST(setpgid(other, child) == 0);
	IS(kill(-child, SIGKILL), 0);
	IS(end_of(child), SIGKILL);
	IS(end_of(other), SIGKILL);

	/* A group of the dead is there until they are waited for. */
	child = fork();
	if (child == 0)
		_exit(0);
	setpgid(child, child);
	siginfo_t si;
	waitid(P_PID, child, &si, WEXITED | WNOWAIT);
	IS(kill(child, SIGTERM), 0);
	IS(kill(child, 0), 0);
	IS(reap(child), 0);
	FAILS(kill(child, 0), ESRCH);

	/* Alone in a group of its own it hears itself, and knows whom it is from. */
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		on(SIGUSR1);
		IS(kill(0, SIGUSR1), 0);
		IS(count, 1);
		IS(from, getpid());
		IS(kill(-getpid(), SIGUSR1), 0);
		IS(count, 2);
		IS(from, getpid());
		FAILS(kill(0, 77), EINVAL);
		FAILS(kill(-getpid(), -1), EINVAL);
		_exit(failures);
	}
	IS(reap(child), 0);
	FAILS(kill(INT_MIN, 0), ESRCH);
	FAILS(kill(getpid(), 77), EINVAL);
}

/* A session with its jobs, as a shell has them. */
static void session(void)
{
	pid_t leader = fork();
	if (leader == 0) {
		setsid();
		pid_t job = sleeper(1);
		IS(kill(-job, SIGSTOP), 0);
		int status;
		IS(waitpid(job, &status, WUNTRACED), job);
		CHECK(WIFSTOPPED(status));
		IS(kill(-job, SIGCONT), 0);
		IS(waitpid(job, &status, WCONTINUED), job);
		CHECK(WIFCONTINUED(status));
		IS(kill(-job, SIGHUP), 0);
		IS(end_of(job), SIGHUP);
		_exit(failures);
	}
	IS(reap(leader), 0);
}

static volatile pid_t thread_id;
static volatile int leave;

static void *thread(void *unused)
{
	thread_id = syscall(SYS_gettid);
	while (!leave)
		pause_ms(1);
	return unused;
}

static void threads(void)
{
	pthread_t t;
	on(SIGUSR1);
	count = 0;
	MUST(pthread_create(&t, NULL, thread, NULL) == 0);
	while (thread_id == 0)
		pause_ms(1);
	IS(syscall(SYS_tgkill, getpid(), thread_id, SIGUSR1), 0);
	while (count < 1)
		pause_ms(1);
	IS(syscall(SYS_tkill, thread_id, SIGUSR1), 0);
	while (count < 2)
		pause_ms(1);
	FAILS(syscall(SYS_tgkill, getppid(), thread_id, SIGUSR1), ESRCH);
	IS(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 5}), 0);
	while (count < 3)
		pause_ms(1);
	cpu_set_t all;
	IS(sched_getaffinity(0, sizeof all, &all), 0);
	IS(sched_setaffinity(thread_id, sizeof all, &all), 0);
	IS(pthread_setaffinity_np(t, sizeof all, &all), 0);
	int mine = getpriority(PRIO_PROCESS, 0); /* whoever runs this may have been nice */
	IS(setpriority(PRIO_PROCESS, thread_id, mine + 1), 0);
	IS(getpriority(PRIO_PROCESS, thread_id), mine + 1);
	IS(getpriority(PRIO_PROCESS, 0), mine);
	struct sched_param p = {0};
	IS(pthread_setschedparam(t, SCHED_OTHER, &p), 0);
	leave = 1;
	pthread_join(t, NULL);
}

static void children(void)
{
	pid_t child = sleeper(0);
	struct rlimit l = {20, 30}, old;
	IS(prlimit(child, RLIMIT_NOFILE, &l, NULL), 0);
	IS(prlimit(child, RLIMIT_NOFILE, NULL, &old), 0);
	IS(old.rlim_max, 30);
	IS(prlimit(getpid(), RLIMIT_NOFILE, NULL, &old), 0);
	IS(prlimit(getpid(), RLIMIT_NOFILE, &old, NULL), 0);
	int mine = getpriority(PRIO_PROCESS, 0);
	IS(setpriority(PRIO_PROCESS, child, mine + 3), 0);
	IS(getpriority(PRIO_PROCESS, child), mine + 3);
	IS(syscall(SYS_ioprio_set, 1, child, 3 << 13), 0);
	IS(syscall(SYS_ioprio_get, 1, child), 3 << 13);
	struct sched_param p = {0};
	IS(sched_setscheduler(child, SCHED_BATCH, &p), 0);
	IS(sched_getscheduler(child), SCHED_BATCH);
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/oom_score_adj", child);
	put(path, "500");
	IS(atoi(get(path)), 500);
	IS(kill(child, SIGKILL), 0);
	IS(end_of(child), SIGKILL);
	FAILS(setpriority(PRIO_PROCESS, child, 3), ESRCH);
	FAILS(sched_setaffinity(child, 0, NULL), ESRCH);
	FAILS(prlimit(child, RLIMIT_NOFILE, &l, NULL), ESRCH);
}

static void pidfds(void)
{
	on(SIGUSR1);
	count = 0;
	int me = syscall(SYS_pidfd_open, getpid(), 0);
	if (me < 0)
		return;
	IS(syscall(SYS_pidfd_send_signal, me, SIGUSR1, NULL, 0), 0);
	IS(count, 1);
	IS(from, getpid());
	siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
	info.si_pid = 4711;
	IS(syscall(SYS_pidfd_send_signal, me, SIGUSR1, &info, 0), 0);
	IS(count, 2);
	IS(from, 4711);
	info.si_signo = SIGUSR2;
	FAILS(syscall(SYS_pidfd_send_signal, me, SIGUSR1, &info, 0), EINVAL);
	FAILS(syscall(SYS_pidfd_send_signal, me, SIGUSR1, (void *)8, 0), EFAULT);
	FAILS(syscall(SYS_pidfd_send_signal, 99, SIGUSR1, NULL, 0), EBADF);
	FAILS(syscall(SYS_pidfd_send_signal, 1, SIGUSR1, NULL, 0), EBADF);
	FAILS(syscall(SYS_pidfd_send_signal, me, SIGUSR1, NULL, 0x80000000), EINVAL);
	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY);
	IS(syscall(SYS_pidfd_send_signal, dir, SIGUSR1, NULL, 0), 0);
	IS(count, 3);
	/* Oneself without a descriptor, from Linux 6.14 on. */
	if (syscall(SYS_pidfd_send_signal, -10000, SIGUSR1, NULL, 0) == 0) {
		IS(count, 4);
		IS(from, getpid());
		CHECK(syscall(SYS_pidfd_send_signal, -10001, SIGUSR1, NULL, 0) == 0 ||
		      syscall(SYS_pidfd_send_signal, -20000, SIGUSR1, NULL, 0) == 0);
		IS(count, 5);
	} else {
		FAILS(syscall(SYS_pidfd_send_signal, -10000, SIGUSR1, NULL, 0), EBADF);
	}
	FAILS(syscall(SYS_pidfd_send_signal, -1, SIGUSR1, NULL, 0), EBADF);
	pid_t child = sleeper(0);
	int fd = syscall(SYS_pidfd_open, child, 0);
	IS(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), 0);
	IS(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0), 0);
	IS(end_of(child), SIGTERM);
	FAILS(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
}

static void owners(void)
{
	int pair[2];
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	IS(fcntl(pair[0], F_SETOWN, getpid()), 0);
	IS(fcntl(pair[0], F_GETOWN), getpid());
	IS(fcntl(pair[0], F_SETOWN, 0), 0);
	IS(fcntl(pair[0], F_GETOWN), 0);
	FAILS(fcntl(pair[0], F_SETOWN, 0x3fffffff), ESRCH);
}

int main(void)
{
	signal(SIGHUP, SIG_DFL); /* whoever runs it may ignore that (nohup(1)) */
	groups();
	session();
	threads();
	children();
	pidfds();
	owners();
	return done();
}
