/* variants: static m32 */
/* A thread that is not the leader executes a program: the process keeps its id, the other threads are gone. */
#include "check.h"

static char *self;

static void *busy(void *arg)
{
	for (volatile long i = 0;; i++)
		;
	return arg;
}
static void *asleep(void *arg)
{
	for (;;)
		pause();
	return arg;
}
static void *execs(void *arg)
{
	char pid[32];
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	usleep(1000);
	execl(self, self, "child", pid, NULL);
	_exit(98);
	return arg;
}

static int tasks(void)
{
	int n = 0;
	DIR *d = opendir("/proc/self/task");
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	if (argc == 3) {
		int same = atoi(argv[2]) == getpid() && syscall(SYS_gettid) == getpid() && tasks() == 1;
		/* It is a whole process again: it can write, fork and wait. */
		put("by-the-new-image", "x");
		pid_t child = fork();
		if (child == 0)
			_exit(unlink("by-the-new-image") != 0);
		return same && exited(child) == 0 ? 33 : 1;
	}
	self = argv[0];
	for (int round = 0; round < 20; round++) {
		pid_t child = fork();
		if (child == 0) {
			pthread_t t;
			for (int i = 0; i < 3; i++) {
				pthread_create(&t, NULL, busy, NULL);
				pthread_create(&t, NULL, asleep, NULL);
			}
			pthread_create(&t, NULL, execs, NULL);
			/* Every second leader ends before the exec, the others wait. */
			if (round % 2)
				pthread_exit(NULL);
			pthread_join(t, NULL);
		}
		IS(exited(child), 33);
	}
	return done();
}
