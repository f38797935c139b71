package record

import "testing"

// affine looks at its CPUs between calls that stop: all that it had, then the one that it has chosen, then all again, also
// of a second thread.
const affine = `#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>
static int stays(const cpu_set_t *want)
{
	for (int i = 0; i < 3000; i++) {
		cpu_set_t now;
		access("/nonexistent", F_OK);
		if (sched_getaffinity(0, sizeof now, &now) != 0 || !CPU_EQUAL(&now, want))
			return 0;
	}
	return 1;
}
static void *thread(void *all) { return stays(all) ? all : NULL; }
int main(void)
{
	cpu_set_t all, one;
	if (sched_getaffinity(0, sizeof all, &all) != 0 || !stays(&all))
		return 1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof one, &one) != 0 || !stays(&one))
			return 2;
	}
	if (sched_setaffinity(0, sizeof all, &all) != 0 || !stays(&all))
		return 3;
	for (int i = 0; i < 300; i++) {
		int status;
		access("/nonexistent", F_OK);
		access("/nonexistent", F_OK);
		pid_t child = fork();
		if (child == 0) {
			cpu_set_t now;
			_exit(sched_getaffinity(0, sizeof now, &now) != 0 || !CPU_EQUAL(&now, &all));
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
			return 5;
	}
	pthread_t t;
	void *same;
	if (pthread_create(&t, NULL, thread, &all) != 0 || !stays(&all) || pthread_join(t, &same) != 0 || same == NULL)
		return 4;
	return 0;
}`

// TestNear: where a task is woken up is nothing that it can see.
func TestNear(t *testing.T) {
	tr := recordOf(t, compiled(t, affine))
	if root := tr.Root(); root.Failed() {
		t.Errorf("it ended with %+v", root.End)
	}
}
