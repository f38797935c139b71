/* On which CPUs tasks may run: always what the program has said itself, whenever it looks, between calls that stop, in
   children made right after one, in threads, and seen from another process. */
#include "check.h"

static cpu_set_t all;

/* A call that any policy on writing stops. */
static void stop(void) { chmod("file", 0644); }

static void is(pid_t pid, const cpu_set_t *want)
{
	cpu_set_t now;
	MUST(sched_getaffinity(pid, sizeof now, &now) == 0);
	MUST(CPU_EQUAL(&now, want));
}

static void stays(const cpu_set_t *want)
{
	for (int i = 0; i < 300; i++) {
		stop();
		is(0, want);
	}
}

static void *thread(void *none)
{
	stays(&all);
	return none;
}

int main(void)
{
	put("file", "x");
	MUST(sched_getaffinity(0, sizeof all, &all) == 0);
	stays(&all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		cpu_set_t one;
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		MUST(sched_setaffinity(0, sizeof one, &one) == 0);
		stays(&one);
	}
	MUST(sched_setaffinity(0, sizeof all, &all) == 0);
	for (int i = 0; i < 100; i++) {
		int status;
		stop();
		pid_t child = fork();
		MUST(child >= 0);
		if (child == 0) {
			is(0, &all);
			is(getppid(), &all);
			_exit(0);
		}
		is(child, &all);
		MUST(waitpid(child, &status, 0) == child && status == 0);
	}
	pthread_t t;
	MUST(pthread_create(&t, NULL, thread, NULL) == 0);
	stays(&all);
	MUST(pthread_join(t, NULL) == 0);
	puts("as it was told");
	return 0;
}
