/*
 * crowd N TIMES: starts N processes that sleep, then, TIMES times, one that executes /bin/true and is waited for; ends
 * all.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(void)
{
	pid_t pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	return pid;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	int n = atoi(argv[1]), times = atoi(argv[2]), status, failed = 0;
	pid_t *crowd = calloc(n + 1, sizeof *crowd);
	for (int i = 0; i < n; i++) {
		crowd[i] = start();
		if (crowd[i] == 0)
			for (;;)
				pause();
	}
	for (int i = 0; i < times; i++) {
		pid_t pid = start();
		if (pid == 0) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(1);
		}
		failed |= waitpid(pid, &status, 0) != pid || status != 0;
	}
	for (int i = 0; i < n; i++)
		kill(crowd[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return failed;
}
