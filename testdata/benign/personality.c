/* personality(2) is asked for, set, and kept over fork and exec. */
#include "check.h"
#include <sys/personality.h>

int main(int argc, char **argv)
{
	if (argc == 2)
		return (personality(0xffffffff) & ADDR_NO_RANDOMIZE) ? 5 : 6;
	int was = personality(0xffffffff);
	CHECK(was >= 0);
	pid_t child = fork();
	if (child == 0) {
		if (personality(was | ADDR_NO_RANDOMIZE) != was)
			_exit(1);
		if (personality(0xffffffff) != (was | ADDR_NO_RANDOMIZE))
			_exit(2);
		execl(argv[0], argv[0], "child", NULL);
		_exit(99);
	}
	IS(exited(child), 5);
	IS(personality(0xffffffff), was);
	return done();
}
