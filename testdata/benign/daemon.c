/* A daemon outlives its parents and writes later; whoever holds its standard output sees the line. */
#include "check.h"

int main(void)
{
	pid_t child = fork();
	if (child == 0) {
		setsid();
		if (fork() == 0) {
			pause_ms(200);
			put("late", "late");
			printf("the daemon wrote: %s\n", get("late"));
			fflush(stdout);
			_exit(3);
		}
		_exit(0);
	}
	IS(exited(child), 0);
	CHECK(!exists("late"));
	return done();
}
