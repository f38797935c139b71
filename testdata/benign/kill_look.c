/* Children killed while they do nothing but open what may only be looked at are reaped with the right status. */
#include "check.h"

int main(void)
{
	unsigned seed = 1;
	for (int i = 0; i < 300; i++) {
		pid_t child = fork();
		if (child == 0)
			for (;;)
				close(open(".", O_PATH));
		seed = seed * 1103515245 + 12345;
		usleep(seed / 65536 % 1000);
		kill(child, SIGKILL);
		IS(exited(child), -SIGKILL);
	}
	return done();
}
