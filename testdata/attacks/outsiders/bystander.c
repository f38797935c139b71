/*
 * bystander.c - a process outside the sandbox, of the same user, that minds its own business.
 *
 * It blocks every signal, so that what arrives stays to be seen, and holds secrets in its environment, its memory and a
 * file that has no name any more. It prints `ready ADDRESS FD` with the places of the last two, and ends with its input.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char treasure[64] = "bystander's memory";

int main(void)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	/* A peak of memory that clear_refs would forget. */
	char *peak = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(peak, 1, 16 << 20);
	munmap(peak, 16 << 20);
	char name[] = "/tmp/bystander-XXXXXX";
	int fd = mkstemp(name);
	unlink(name);
	if (fd < 0 || write(fd, "bystander's file\n", 17) != 17)
		return 1;
	printf("ready %p %d\n", (void *)treasure, fd);
	fflush(stdout);
	char c;
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
