/* A process that is killed while it makes another leaves one that runs on, with the CPUs that it would have: its parent is
   the next subreaper then, which waits for it. */
#include "check.h"

static struct { volatile int orphans, narrow; } *seen;

static void child(pid_t reaper, int cpus)
{
	cpu_set_t mine;
	usleep(150);
	if (getppid() == reaper) {
		put("file", "x"); /* stops */
		MUST(sched_getaffinity(0, sizeof mine, &mine) == 0);
		__sync_fetch_and_add(&seen->orphans, 1);
		if (CPU_COUNT(&mine) != cpus)
			__sync_fetch_and_add(&seen->narrow, 1);
	}
	_exit(0);
}

int main(void)
{
	pid_t me = getpid();
	cpu_set_t all;
	MUST(sched_getaffinity(0, sizeof all, &all) == 0);
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(seen != MAP_FAILED);
	/* Where others have the CPUs nobody may have come far enough to leave one. */
	long long end = now_ns() + PATIENCE_MS * 1000000LL;
	for (int i = 0; i < 150 || (!seen->orphans && now_ns() < end); i++) {
		pid_t creator = fork();
		MUST(creator >= 0);
		while (creator == 0) {
			pid_t made = fork();
			if (made == 0)
				child(me, CPU_COUNT(&all));
			waitpid(made, NULL, 0);
		}
		usleep((1000 + i * 7 % 1000) * (1 + i / 150));
		MUST(kill(creator, SIGKILL) == 0);
		while (wait(NULL) > 0)
			;
	}
	IS(seen->narrow, 0);
	CHECK(seen->orphans > 0);
	return done();
}
