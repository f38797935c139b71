/* Orphans go to the nearest subreaper (prctl(2)), which can wait for them. */
#include "check.h"

int main(void)
{
	IS(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	int on = 0;
	IS(prctl(PR_GET_CHILD_SUBREAPER, &on), 0);
	IS(on, 1);
	pid_t me = getpid();
	pid_t child = fork();
	if (child == 0) {
		pid_t middle = getpid();
		if (fork() == 0) {
			while (getppid() == middle)
				pause_ms(1);
			_exit(getppid() == me ? 21 : 22);
		}
		_exit(11);
	}
	int sum = 0, status;
	for (int i = 0; i < 2; i++) {
		MUST(wait(&status) > 0);
		sum += WEXITSTATUS(status);
	}
	IS(sum, 32);
	FAILS(wait(&status), ECHILD);
	/* A child asks to be told when its parent dies. */
	int p[2];
	MUST(pipe(p) == 0);
	child = fork();
	if (child == 0) {
		if (fork() == 0) {
			close(p[0]);
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			if (write(p[1], "x", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		char c;
		_exit(read(p[0], &c, 1) == 1 ? 0 : 1);
	}
	IS(exited(child), 0);
	MUST(wait(&status) > 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	return done();
}
