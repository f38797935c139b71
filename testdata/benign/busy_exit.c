/* exit_group with threads that are running, sleeping, in a file operation and making processes. */
#include "check.h"

static void *busy(void *arg)
{
	switch ((intptr_t)arg % 4) {
	case 0:
		for (volatile long i = 0;; i++)
			;
	case 1:
		for (;;)
			pause();
	case 2:
		for (;;) {
			int fd = open("churn", O_RDWR | O_CREAT, 0600);
			close(fd);
			unlink("churn");
		}
	case 3:
		for (;;) {
			pid_t pid = fork();
			if (pid == 0)
				_exit(0);
			waitpid(pid, NULL, 0);
		}
	}
	return arg;
}

int main(void)
{
	for (int round = 0; round < 30; round++) {
		pid_t child = fork();
		if (child == 0) {
			pthread_t t;
			for (intptr_t i = 0; i < 8; i++)
				pthread_create(&t, NULL, busy, (void *)i);
			usleep(1000 * (round % 5));
			if (round % 3 == 2)
				kill(getpid(), SIGKILL);
			exit(round);
		}
		IS(exited(child), round % 3 == 2 ? -SIGKILL : round);
	}
	return done();
}
