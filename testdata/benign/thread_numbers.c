/* What /proc says of a thread of another member, by the thread's own number: it is a member as its process is. */
#include "check.h"

static int tell[2];

static void *thread(void *arg)
{
	pid_t tid = syscall(SYS_gettid);

	(void)arg;
	MUST(write(tell[1], &tid, sizeof tid) == sizeof tid);
	for (;;)
		pause();
}

/* at is a file of the task's in /proc. */
static int at(pid_t tid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)tid, name);
	return open(path, flags);
}

int main(void)
{
	char text[16] = "";
	pthread_t t;
	pid_t child, tid;
	int fd, status;

	MUST(pipe(tell) == 0);
	child = fork();
	MUST(child >= 0);
	if (child == 0) {
		MUST(pthread_create(&t, NULL, thread, NULL) == 0);
		for (;;)
			pause();
	}
	MUST(read(tell[0], &tid, sizeof tid) == sizeof tid && tid != child);
	MUST((fd = at(tid, "environ", O_RDONLY)) >= 0);
	MUST(read(fd, text, 1) == 1);
	MUST(close(fd) == 0);
	MUST((fd = at(tid, "maps", O_RDONLY)) >= 0);
	MUST(close(fd) == 0);
	MUST((fd = at(tid, "oom_score_adj", O_WRONLY)) >= 0);
	MUST(close(fd) == 0);
	MUST(syscall(SYS_tgkill, child, tid, SIGKILL) == 0);
	MUST(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	MUST(at(tid, "environ", O_RDONLY) < 0 && errno == ENOENT);
	puts("a thread's number is its own");
	return 0;
}
