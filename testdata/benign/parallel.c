/* Work that is done side by side gets all CPUs, also in processes and threads that were made where one thing happened after
   the other, and that make no call which could tell. */
#include "check.h"

static cpu_set_t all;

/* How many CPUs a task may run on, as the kernel says to everybody. */
static int allowed(int tid)
{
	char path[64], line[4096];
	int n = 0;
	snprintf(path, sizeof path, "/proc/%d/status", tid);
	FILE *f = fopen(path, "r");
	MUST(f);
	while (fgets(line, sizeof line, f))
		if (strncmp(line, "Cpus_allowed:", 13) == 0)
			for (char *c = line + 13; *c; c++)
				n += __builtin_popcount(*c >= 'a' ? *c - 'a' + 10 : *c >= '0' && *c <= '9' ? *c - '0' : 0);
	fclose(f);
	return n;
}

/* How many have had them all. */
static volatile int *had;

/* Computes until two have had them all. Only now and then it looks: that stops nowhere. */
static void work(void)
{
	for (int mine = 0; *had < 2;) {
		for (volatile int i = 0; i < 100000; i++)
			;
		if (!mine && allowed(gettid()) == CPU_COUNT(&all)) {
			mine = 1;
			__sync_fetch_and_add(had, 1);
		}
	}
}

static void *thread(void *none)
{
	work();
	return none;
}

/* Makes the tree look like a script: children one after the other. */
static void script(void)
{
	for (int i = 0; i < 200; i++) {
		int status;
		pid_t child = fork();
		MUST(child >= 0);
		if (child == 0)
			_exit(0);
		MUST(waitpid(child, &status, 0) == child && status == 0);
	}
}

int main(void)
{
	MUST(sched_getaffinity(0, sizeof all, &all) == 0);
	had = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(had != MAP_FAILED);
	for (int round = 0; round < 3; round++) {
		script();
		*had = 0;
		for (int i = 0; i < 2; i++) {
			pid_t child = fork();
			MUST(child >= 0);
			if (child == 0) {
				work();
				_exit(0);
			}
		}
		for (int i = 0; i < 2; i++) {
			int status;
			MUST(wait(&status) > 0 && status == 0);
		}
		script();
		*had = 0;
		pthread_t t[2];
		for (int i = 0; i < 2; i++)
			MUST(pthread_create(&t[i], NULL, thread, NULL) == 0);
		for (int i = 0; i < 2; i++)
			MUST(pthread_join(t[i], NULL) == 0);
	}
	puts("all of them");
	return 0;
}
