/*
 * survivors.c - processes that would like to outlive the one that the sandbox was started for.
 *
 * `survivors` makes one in each way, prints their numbers, one a line, then `ready`, and ends with its input. Each
 * survivor holds on until it is killed. With FILE in the environment it holds on for a second only, then writes a line
 * there.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int out; /* where the numbers go */
static int said = -1; /* who waits for it is told that the number has gone there, and that nothing is held */

static void survive(void)
{
	const char *file = getenv("FILE");
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_IGN);
	dprintf(out, "%d\n", (int)getpid());
	close(out);
	close(0);
	close(1);
	close(2);
	if (said >= 0)
		write(said, "x", 1); /* not earlier: who is stopped would hold what whoever runs us waits for the end of */
	close(said);
	for (int i = 0; i < 3000 && (file == NULL || i < 10); i++)
		usleep(100000);
	int fd = file ? open(file, O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
	if (fd >= 0)
		write(fd, "survived\n", 9);
	_exit(0);
}

int main(void)
{
	int numbers[2];
	if (pipe(numbers) != 0)
		return 1;
	out = numbers[1];
	/* A child, an orphan, a daemon, one in a stopped group, a child of the sandbox itself, a grandchild by vfork. */
	if (fork() == 0)
		survive();
	if (fork() == 0) {
		if (fork() == 0)
			survive();
		_exit(0);
	}
	if (fork() == 0) {
		setsid();
		if (fork() == 0)
			survive();
		_exit(0);
	}
	if (fork() == 0) {
		int told[2];
		char c;
		setpgid(0, 0);
		if (pipe(told) != 0)
			return 1;
		said = told[1];
		pid_t pid = fork();
		if (pid == 0) {
			close(told[0]);
			survive();
		}
		close(told[1]);
		if (read(told[0], &c, 1) == 1 && getenv("FILE") == NULL)
			kill(pid, SIGSTOP);
		_exit(0);
	}
	if (syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL) == 0)
		survive();
	if (syscall(SYS_clone, 0, NULL, NULL, NULL, NULL) == 0) /* no signal when it ends */
		survive();
	close(out);
	char line[256];
	FILE *in = fdopen(numbers[0], "r");
	for (int i = 0; i < 6 && fgets(line, sizeof line, in); i++)
		fputs(line, stdout);
	puts("ready");
	fflush(stdout);
	getchar(); /* until its input ends */
	return 0;
}
