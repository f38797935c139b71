/*
 * driver SECONDS VICTIM PROGRAM... runs the programs side by side, each in a directory of its own, twice: for a quarter
 * of the time, and for the rest. Before, between and after it says so and waits until somebody has looked at what the
 * sandbox holds. It ends with 23 if everything was as it must be and no process is left.
 */
#include "soak.h"

static void meet(const char *word)
{
	char c;
	MUST(dprintf(1, "%s\n", word) > 0);
	MUST(read(0, &c, 1) == 1);
}

static void run(int count, char **programs, double seconds, int round)
{
	pid_t pid[count];
	char time[32], number[32], dir[64];
	snprintf(time, sizeof time, "%f", seconds);
	for (int i = 0; i < count; i++) {
		const char *name = strrchr(programs[i], '/');
		MUST(name);
		snprintf(dir, sizeof dir, "%.40s.%d.%d", name + 1, round, i);
		snprintf(number, sizeof number, "%d", round * 1000 + i * 17 + (int)getpid());
		MUST((pid[i] = fork()) >= 0);
		if (pid[i] == 0) {
			MUST(mkdir(dir, 0755) == 0 && chdir(dir) == 0);
			execl(programs[i], name + 1, victim, time, number, NULL);
			_exit(127);
		}
	}
	for (int i = 0; i < count; i++) {
		int code = exited(pid[i]);
		if (code != 0)
			failed(__LINE__, programs[i], "ends with %d", code);
	}
	/* Orphans come to us; each program waits for its own, so there must be none. */
	FAILS(wait(NULL), ECHILD);
}

int main(int argc, char **argv)
{
	MUST(argc > 3);
	double seconds = atof(argv[1]);
	victim = argv[2];
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	meet("begin");
	run(argc - 3, argv + 3, seconds / 4, 1);
	meet("between");
	run(argc - 3, argv + 3, seconds * 3 / 4, 2);
	meet("end");
	return failures ? 1 : 23;
}
