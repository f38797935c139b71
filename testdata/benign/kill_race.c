/* Children killed at any moment of fork, exec and file work are reaped with the right status, and nothing hangs. */
#include "check.h"

int main(void)
{
	unsigned seed = 1;
	for (int i = 0; i < 200; i++) {
		pid_t child = fork();
		if (child == 0) {
			for (int j = 0; j < 3; j++) {
				pid_t inner = j == 1 ? vfork() : fork();
				if (inner == 0) {
					execl("/bin/true", "true", NULL);
					_exit(1);
				}
				int fd = open("k", O_RDWR | O_CREAT | O_TRUNC, 0600);
				close(fd);
				rename("k", "l");
				unlink("l");
			}
			for (;;)
				pause();
		}
		seed = seed * 1103515245 + 12345;
		usleep(seed / 65536 % 2000);
		kill(child, SIGKILL);
		IS(exited(child), -SIGKILL);
	}
	return done();
}
