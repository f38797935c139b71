/* The first thread ends; the others go on, and the process's status is the last one's. */
#include "check.h"

static void *rest(void *arg)
{
	/* The name of the process is still there, as a zombie leader. */
	if (!COMES(state_of(getpid()) == 'Z'))
		_exit(1);
	put("late", "written after the leader ended\n");
	int status;
	pid_t child = fork();
	if (child == 0)
		_exit(execl("/bin/sh", "sh", "-c", "exit 4", NULL));
	waitpid(child, &status, 0);
	exit(WEXITSTATUS(status) + 40);
	return arg;
}

int main(void)
{
	pid_t child = fork();
	if (child == 0) {
		pthread_t t;
		pthread_create(&t, NULL, rest, NULL);
		pthread_exit(NULL);
	}
	IS(exited(child), 44);
	CHECK(strcmp(get("late"), "written after the leader ended\n") == 0);
	return done();
}
