/* variants: static m32 */
/* vfork: the parent waits, memory is shared, and a failing or good exec in the child lets the parent go on. */
#include "check.h"

static volatile int shared;
static char *const argv[] = {"true", NULL};

int main(void)
{
	for (int i = 0; i < 100; i++) {
		shared = 0;
		pid_t child = vfork();
		if (child == 0) {
			shared = i + 1;
			_exit(i);
		}
		MUST(child > 0);
		IS(shared, i + 1);
		IS(exited(child), i);
	}
	for (int i = 0; i < 20; i++) {
		pid_t child = vfork();
		if (child == 0) {
			execv("/nonexistent/program", argv);
			shared = errno;
			execv("/bin/true", argv);
			_exit(99);
		}
		IS(shared, ENOENT);
		IS(exited(child), 0);
	}
	/* A child of vfork that makes children itself, and one that dies of a signal. */
	pid_t child = vfork();
	if (child == 0) {
		pid_t inner = vfork();
		if (inner == 0)
			_exit(5);
		int status;
		waitpid(inner, &status, 0);
		_exit(WEXITSTATUS(status) + 1);
	}
	IS(exited(child), 6);
	child = vfork();
	if (child == 0) {
		kill(getpid(), SIGKILL);
		_exit(1);
	}
	IS(exited(child), -SIGKILL);
	return done();
}
