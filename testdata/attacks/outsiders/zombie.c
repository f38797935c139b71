/*
 * zombie.c - reads the entry of a child that has ended for ever, while its parent waits for it and an outsider gets its
 * number.
 *
 * It prints `free NUMBER` for each number that was let go, and waits for a line; in the end how often it has read the
 * entry, and how often that was the entry of sleep(1), which it never runs.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Atomic int number, have_read, outsider;

static void *reads(void *unused)
{
	for (;;) {
		char path[64], text[512];
		int fd, n = number;
		if (n < 0)
			return unused;
		snprintf(path, sizeof path, "/proc/%d/stat", n);
		if (n == 0 || (fd = open(path, O_RDONLY)) < 0)
			continue;
		ssize_t got = read(fd, text, sizeof text - 1);
		text[got > 0 ? got : 0] = 0;
		have_read += got > 0;
		outsider += strstr(text, "(sleep)") != NULL;
		close(fd);
	}
}

int main(void)
{
	/* How long a child is shown, in microseconds: longer where nobody comes to read in it, as on a busy machine. */
	enum { THREADS = 2, ROUNDS = 200, SHORT = 300, LONG = 200000 };
	pthread_t t[THREADS];
	unsigned seed = 1, span = SHORT;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, reads, NULL);
	for (int round = 0; round < ROUNDS; round++) {
		siginfo_t si;
		int before = have_read;
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitid(P_PID, pid, &si, WEXITED | WNOWAIT) != 0)
			return 1;
		number = pid;
		seed = seed * 1103515245 + 12345;
		usleep(seed / 65536 % span);
		if (waitpid(pid, NULL, 0) != pid)
			return 1;
		printf("free %d\n", (int)pid);
		if (getchar() != '\n')
			return 1;
		number = 0;
		span = have_read != before ? SHORT : span < LONG ? 2 * span : LONG;
	}
	number = -1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	printf("read %d\noutsider %d\n", have_read, outsider);
	return 0;
}
