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

/* SCHED_DEADLINE is for tasks that may run on all CPUs (sched(7)); not everybody may have it. */
static void deadline(void)
{
	struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t runtime, deadline, period; }
		attr = {48, 6, 0, 0, 0, 10000000, 100000000, 100000000}, other = {48};
	int refused = 0, why = 0;
	for (int i = 0; i < 50; i++) {
		stop();
		if (syscall(SYS_sched_setattr, 0, &attr, 0) != 0) {
			refused++;
			why = errno;
		} else {
			stop();
			MUST(syscall(SYS_sched_setattr, 0, &other, 0) == 0);
		}
	}
	printf("deadline: %d refused, %s\n", refused, refused ? strerror(why) : "none");
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
	deadline();
	puts("as it was told");
	return 0;
}
