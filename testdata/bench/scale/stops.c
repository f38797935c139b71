/*
 * stops chmod|create N COUNT: N processes side by side, each with COUNT calls that the tracer carries out: chmod, or an
 * open for writing and its close. Tells calls per second, and the processes' own CPU time for each, in us.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	int n = atoi(argv[2]), count = atoi(argv[3]);
	struct timespec a, b;
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < n; i++) {
		if (fork() != 0)
			continue;
		char name[32];
		snprintf(name, sizeof name, "stops.%d", i);
		close(open(name, O_WRONLY | O_CREAT, 0644));
		for (int k = 0; k < count; k++)
			if (strcmp(argv[1], "chmod") == 0)
				chmod(name, 0600 + (k & 0x3f));
			else
				close(open(name, O_WRONLY | O_CREAT, 0644));
		unlink(name);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	clock_gettime(CLOCK_MONOTONIC, &b);
	struct rusage u;
	getrusage(RUSAGE_CHILDREN, &u);
	double s = b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9, all = (double)n * count;
	printf("%.0f %.2f\n", all / s,
	    (u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6) * 1e6 / all);
	return 0;
}
