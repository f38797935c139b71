/*
 * race WHO WHAT TRIES: executes TRIES times while somebody else keeps changing what is executed.
 *
 * WHO changes it: "thread", a thread of the process that executes; "clone", a child that shares its memory (CLONE_VM)
 * and is no thread; "process", another process with which the page alone is shared (MAP_SHARED).
 * WHAT is changed: "path", the last component of the path, between the programs good and bad of the working directory;
 * "argv", the applet in ./coreutils --coreutils-prog=NAME, between true and dd. bad, which is what -DBAD makes of this
 * file, and dd each append a byte to the file MARK: its size is how often the race was won.
 *
 * Each change is one store. Still the kernel may copy an argument in the length that it had before: coreutils then
 * complains of what it got, which is a try that ended otherwise. Prints how many ended how.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The page that is shared. Each string ends in eight aligned bytes, which are what changes. */
struct page {
	union {
		char text[24];
		uint64_t words[3];
	} path, option;
	volatile int stop, started;
} *page;

static uint64_t harmless, harmful;
static volatile uint64_t *target;

static uint64_t word(const char *text)
{
	uint64_t w = 0;
	memcpy(&w, text, strlen(text));
	return w;
}

static void *flip(void *unused)
{
	page->started = 1;
	/* Of two processors one is needed for the other side: it must be able to look between two changes as well. */
	for (unsigned n = 0; !page->stop; n++) {
		*target = n & 1 ? harmful : harmless;
		for (volatile unsigned i = 0; i < (n * 2654435761u >> 22); i++)
			;
	}
	return NULL;
}

static int flipper(void *unused)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	flip(NULL);
	_exit(0);
}

static void attempt(int by_path)
{
	char *bad[] = {"program", NULL};
	char *bundle[] = {"./coreutils", page->option.text, "if=byte", "of=MARK", "oflag=append", "conv=notrunc",
		"status=none", NULL};
	execve(by_path ? page->path.text : "./coreutils", by_path ? bad : bundle, environ);
	_exit(errno == EACCES ? 126 : 125);
}

#ifdef BAD
int main(void)
{
	int fd = open("MARK", O_WRONLY | O_CREAT | O_APPEND, 0644);
	return fd < 0 || write(fd, "x", 1) != 1;
}
#else
int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	const char *who = argv[1];
	int by_path = !strcmp(argv[2], "path"), tries = atoi(argv[3]), counts[4] = {0};
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strcpy(page->path.text, "././././good");
	strcpy(page->option.text, "--coreutils-prog=true");
	target = by_path ? &page->path.words[1] : &page->option.words[2];
	harmless = by_path ? word("good") : word("=true");
	harmful = by_path ? word("bad") : word("=dd");
	if (!strcmp(who, "process") && fork() == 0)
		flipper(NULL);
	if (!strcmp(who, "clone"))
		clone(flipper, (char *)malloc(1 << 16) + (1 << 16), CLONE_VM | SIGCHLD, NULL);
	while (strcmp(who, "thread") && !page->started)
		sched_yield();
	for (int i = 0; i < tries; i++) {
		/* A thread dies of the exec that it races against: there is one for each try. The clone shares the memory of
		 * this process, so what executes has to share it too. */
		pid_t pid = !strcmp(who, "clone") ? vfork() : fork();
		if (pid == 0) {
			pthread_t thread;
			if (!strcmp(who, "thread")) {
				*target = harmless;
				page->started = 0;
				if (pthread_create(&thread, NULL, flip, NULL))
					_exit(124);
				while (!page->started)
					sched_yield();
				for (volatile int n = i % 64 * 100; n > 0; n--)
					; /* and go on for a while, in each try another one */
			}
			attempt(by_path);
		}
		int status;
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 3;
		if (WIFSIGNALED(status))
			counts[2]++;
		else
			counts[WEXITSTATUS(status) == 0 ? 0 : WEXITSTATUS(status) == 126 ? 1 : 3]++;
	}
	page->stop = 1;
	printf("%d succeeded, %d refused, %d killed, %d otherwise\n", counts[0], counts[1], counts[2], counts[3]);
	return 0;
}
#endif
