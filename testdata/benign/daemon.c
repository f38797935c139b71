/* A daemon outlives its parents and writes later; whoever holds its standard output sees the line. */
#include "check.h"

int main(void)
{
	int end[2];
	MUST(pipe(end) == 0);
	pid_t child = fork();
	if (child == 0) {
		close(end[1]);
		setsid();
		if (fork() == 0) {
			char c;
			IS(read(end[0], &c, 1), 0); /* the first of them has ended */
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
