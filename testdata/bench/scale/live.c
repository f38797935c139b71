/*
 * live N I [threads]: what a process costs while N others are idle: makes N idle processes (or threads of its own),
 * says "ready", waits for a line, then does fork, exec of /bin/true and wait, I times, and says what that took: wall
 * and CPU of the children and itself, in us for each.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void must(long r, const char *what)
{
	if (r >= 0)
		return;
	perror(what);
	exit(1);
}

static void *idle(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static double wall(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static double cpu(int who)
{
	struct rusage u;
	getrusage(who, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	int n = atoi(argv[1]), times = atoi(argv[2]), threads = argc > 3 && strcmp(argv[3], "threads") == 0;
	pid_t *pids = calloc(n + 1, sizeof *pids);
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (int i = 0; i < n; i++) {
		pthread_t t;
		if (threads) {
			must(-pthread_create(&t, &small, idle, NULL), "pthread_create");
			continue;
		}
		must(pids[i] = fork(), "fork");
		if (pids[i] == 0)
			idle(NULL);
	}
	puts("ready");
	fflush(stdout);
	char line[8];
	if (!fgets(line, sizeof line, stdin))
		return 1;
	double w = wall(), c = cpu(RUSAGE_SELF) + cpu(RUSAGE_CHILDREN);
	for (int i = 0; i < times; i++) {
		pid_t pid = vfork();
		must(pid, "vfork");
		if (pid == 0) {
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
	w = wall() - w;
	c = cpu(RUSAGE_SELF) + cpu(RUSAGE_CHILDREN) - c;
	printf("%.1f %.1f\n", w / times, c / times);
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		return 1;
	for (int i = 0; i < n && !threads; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < n && !threads; i++)
		waitpid(pids[i], NULL, 0);
	return 0;
}
