/*
 * soak.h - what the programs of the soak share. Each runs as `program VICTIM SECONDS SEED` in a directory of its own
 * that may be written; VICTIM may not, and VICTIM/secret not even be read. A program knows what each of its calls must
 * come to, does them for that long, prints what came out otherwise, and ends with 0 if nothing did.
 */
#ifndef SOAK_H
#define SOAK_H

#include "../benign/check.h"
#include <stdatomic.h>

static const char *victim;
static long long deadline;
static unsigned seed;

__attribute__((unused)) static void begin(int argc, char **argv)
{
	MUST(argc >= 4);
	victim = argv[1];
	deadline = now_ns() + (long long)(atof(argv[2]) * 1e9);
	seed = (unsigned)atol(argv[3]);
}

/* There is time for another round. A program that has found too much gives up. */
__attribute__((unused)) static int more(void) { return now_ns() < deadline && failures < 20; }

/* A number below n. Each process has its own sequence. */
__attribute__((unused)) static unsigned below(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return seed / 65536 % n;
}

__attribute__((unused)) static const char *in_victim(const char *name)
{
	static __thread char path[4][PATH_MAX];
	static __thread int turn;
	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof path[turn], "%s/%s", victim, name);
	return path[turn];
}

/* How many descriptors this process has. */
__attribute__((unused)) static int descriptors(void)
{
	int n = 0;
	DIR *d = opendir("/proc/self/fd");
	MUST(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 3; /* ".", ".." and the directory itself */
}

/* Waits for one child; it must end like this: an exit status, or minus a signal. */
#define ENDS(pid, how) IS(exited(pid), how)

#endif
