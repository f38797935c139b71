/* A sleep or poll interrupted by a stop and a continue goes on for the rest of its time (restart_syscall(2)). */
#include "check.h"
#include <linux/futex.h>
#include <sys/epoll.h>

enum { MS = 250 };

static int sleep_nano(void)
{
	struct timespec t = {0, MS * 1000000L};
	return nanosleep(&t, NULL);
}
static int sleep_clock(void)
{
	struct timespec t = {0, MS * 1000000L};
	return clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}
static int sleep_poll(void) { return poll(NULL, 0, MS); }
static int sleep_select(void)
{
	struct timeval t = {0, MS * 1000L};
	return select(0, NULL, NULL, NULL, &t);
}
static int sleep_futex(void)
{
	int word = 0;
	struct timespec t = {0, MS * 1000000L};
	/* The 32-bit call takes the 32-bit time of its own ABI. */
	long r = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0);
	return r == -1 && errno == ETIMEDOUT ? 0 : 1;
}

static void survives(const char *name, int (*sleeper)(void))
{
	pid_t child = fork();
	if (child == 0) {
		long long start = now_ns();
		int r = sleeper();
		_exit(r != 0 ? 2 : now_ns() - start < MS * 1000000LL ? 3 : 0);
	}
	/* On a busy machine it may have slept enough before the last stop, and be dead. */
	int status = -1, stopped = 1;
	for (int i = 0; i < 3 && stopped; i++) {
		pause_ms(20);
		kill(child, SIGSTOP);
		MUST(waitpid(child, &status, WUNTRACED) == child);
		stopped = WIFSTOPPED(status);
		if (stopped)
			kill(child, SIGCONT);
	}
	if (stopped)
		status = reap(child);
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	printf("%s %d\n", name, code);
	IS(code, 0);
}

static void nothing(int sig) { (void)sig; }

int main(void)
{
	survives("nanosleep", sleep_nano);
	survives("clock_nanosleep", sleep_clock);
	survives("poll", sleep_poll);
	survives("select", sleep_select);
	survives("futex", sleep_futex);
	/* A handler ends it, and the remaining time is told: no less than is left, and hardly more (timerslack). */
	struct sigaction sa = {.sa_handler = nothing, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &sa, NULL);
	struct itimerval it = {.it_value = {0, 50000}, .it_interval = {0, 50000}};
	setitimer(ITIMER_REAL, &it, NULL);
	struct timespec t = {5000, 0}, left = {0, 0};
	long long start = now_ns();
	FAILS(nanosleep(&t, &left), EINTR);
	long long slept = now_ns() - start, rest = left.tv_sec * 1000000000LL + left.tv_nsec, all = 5000 * 1000000000LL;
	CHECK(rest >= all - slept && rest < all + 100000000);
	return done();
}
