/* clone with the flags that libraries never use together: siblings, shared tables without threads, other exit signals. */
#include "check.h"
#include <linux/sched.h>

static pid_t raw_clone(unsigned long flags)
{
	return syscall(SYS_clone, flags, NULL, NULL, NULL, 0UL);
}

static char stack[65536] __attribute__((aligned(16)));
static int shared_value;

static int in_shared_memory(void *arg)
{
	shared_value = 77;
	close(*(int *)arg);
	if (mkdir("by-clone", 0700) != 0 || chdir("by-clone") != 0)
		return 1;
	return 31;
}

static volatile sig_atomic_t usr1;
static void on_usr1(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	/* A 64-bit kernel hands the status of such a signal to no 32-bit program (siginfo_layout in kernel/signal.c). */
	usr1 = si->si_code != CLD_EXITED ? 1000 : sizeof(long) == 4 && si->si_status == 0 ? 44 : si->si_status;
}

static void *alone(void *arg)
{
	/* A thread may leave the directory it shares with the others. */
	int *ok = arg;
	mkdir("private", 0700);
	*ok = unshare(CLONE_FS) == 0 && chdir("private") == 0 && mkdir("inside", 0700) == 0;
	return NULL;
}

int main(void)
{
	int status;
	/* A sibling: its parent is ours, who is told of it; we are not. */
	pid_t me = fork();
	if (me == 0) {
		pid_t parent = getppid(), sibling = raw_clone(CLONE_PARENT | SIGCHLD);
		if (sibling == 0)
			_exit(getppid() == parent ? 41 : 42);
		errno = 0;
		_exit(waitpid(sibling, &status, 0) == -1 && errno == ECHILD ? 1 : 2);
	}
	int sum = 0;
	for (int i = 0; i < 2; i++) {
		MUST(wait(&status) > 0);
		sum += WEXITSTATUS(status);
	}
	IS(sum, 42);

	/* No signal at the end: only __WCLONE and __WALL see it. */
	pid_t child = raw_clone(0);
	if (child == 0)
		_exit(43);
	FAILS(waitpid(child, &status, 0), ECHILD);
	IS(waitpid(child, &status, __WCLONE), child);
	IS(WEXITSTATUS(status), 43);

	struct sigaction sa = {.sa_sigaction = on_usr1, .sa_flags = SA_SIGINFO};
	sigaction(SIGUSR1, &sa, NULL);
	child = raw_clone(SIGUSR1);
	if (child == 0)
		_exit(44);
	while ((errno = 0, waitpid(child, &status, __WALL)) < 0 && errno == EINTR)
		;
	IS(WEXITSTATUS(status), 44);
	IS(usr1, 44);

	/* Memory, descriptors and directory in common, but no thread. */
	int fd = open("/dev/null", O_RDONLY);
	child = clone(in_shared_memory, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, &fd);
	MUST(child > 0);
	IS(exited(child), 31);
	IS(shared_value, 77);
	FAILS(fcntl(fd, F_GETFD), EBADF);
	char *here = getcwd(NULL, 0);
	CHECK(strcmp(strrchr(here, '/'), "/by-clone") == 0);
	put("relative to the new directory", "x");
	IS(chdir(".."), 0);
	CHECK(exists("by-clone/relative to the new directory"));

	int ok = 0;
	pthread_t t;
	pthread_create(&t, NULL, alone, &ok);
	pthread_join(t, NULL);
	IS(ok, 1);
	CHECK(exists("private/inside"));

	FAILS(raw_clone(CLONE_SIGHAND | SIGCHLD), EINVAL);
	FAILS(raw_clone(CLONE_THREAD | SIGCHLD), EINVAL);

	/* clone3 works or is not there, in which case callers fall back; glibc's threads and spawns do. */
	struct clone_args args = {.exit_signal = SIGCHLD};
	errno = 0;
	child = syscall(SYS_clone3, &args, sizeof args);
	int missing = child < 0 && errno == ENOSYS;
	if (child == 0)
		_exit(45);
	CHECK(missing || (child > 0 && exited(child) == 45));
	return done();
}
