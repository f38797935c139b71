/*
 * check.h - what every transparency victim shares.
 *
 * A victim does one thing a program may rely on, compares what happens with what Linux promises, prints a line for each
 * difference and ends with status 0 (none), 1 (some) or 77 (this machine cannot show it; the reason is on stdout). Its
 * output must not depend on process ids, addresses or times: the runner compares it byte for byte with the output of
 * the same program in the sandbox.
 */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int failures;

/* Lines go out as they are complete, so that a fork never duplicates a buffer. */
__attribute__((constructor)) static void line_buffered(void) { setvbuf(stdout, NULL, _IOLBF, 0); }

__attribute__((unused, format(printf, 3, 4))) static void failed(int line, const char *what, const char *fmt, ...)
{
	va_list ap;
	failures++;
	printf("line %d: %s: ", line, what);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* CHECK notes a difference and goes on; MUST gives up, because nothing after it would mean anything. */
#define CHECK(cond)                                                                                                    \
	do {                                                                                                           \
		errno = 0;                                                                                             \
		if (!(cond))                                                                                           \
			failed(__LINE__, #cond, "is false (%s)", strerror(errno));                                     \
	} while (0)
#define MUST(cond)                                                                                                     \
	do {                                                                                                           \
		errno = 0;                                                                                             \
		if (!(cond)) {                                                                                         \
			failed(__LINE__, #cond, "is false (%s), giving up", strerror(errno));                          \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)
/* The call must have this value. */
#define IS(call, want)                                                                                                 \
	do {                                                                                                           \
		errno = 0;                                                                                             \
		long long got_ = (long long)(call), want_ = (long long)(want);                                         \
		if (got_ != want_)                                                                                     \
			failed(__LINE__, #call, "is %lld, not %lld (%s)", got_, want_, strerror(errno));               \
	} while (0)
/* The call must fail with this errno. */
#define FAILS(call, want)                                                                                              \
	do {                                                                                                           \
		errno = 0;                                                                                             \
		long long got_ = (long long)(call);                                                                    \
		int e_ = errno;                                                                                        \
		if (got_ != -1)                                                                                        \
			failed(__LINE__, #call, "is %lld, not -1 (%s)", got_, #want);                                  \
		else if (e_ != (want))                                                                                 \
			failed(__LINE__, #call, "fails with %s, not %s", strerror(e_), #want);                         \
	} while (0)

__attribute__((unused)) static int done(void)
{
	printf(failures ? "FAILED\n" : "ok\n");
	return failures ? 1 : 0;
}

/* This machine cannot show it. */
__attribute__((unused)) static void not_applicable(const char *why)
{
	printf("not applicable: %s\n", why);
	exit(77);
}

/* Whether the kernel lacks a call, which is given arguments by which it does nothing. */
__attribute__((unused)) static int lacks(long number)
{
	return syscall(number, -1, -1, -1, -1) == -1 && errno == ENOSYS;
}

__attribute__((unused)) static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	MUST(fd >= 0);
	MUST(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	MUST(close(fd) == 0);
}

/* The content of a file, in a static buffer; "" where it cannot be read. */
__attribute__((unused)) static const char *get(const char *path)
{
	static char buf[8192];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY);
	if (fd >= 0) {
		n = read(fd, buf, sizeof buf - 1);
		close(fd);
	}
	buf[n > 0 ? n : 0] = 0;
	return buf;
}

__attribute__((unused)) static int exists(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

/* Waits for one child and returns its wait status. */
__attribute__((unused)) static int reap(pid_t pid)
{
	int status = -1;
	pid_t got;
	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	MUST(got == pid);
	return status;
}

__attribute__((unused)) static int exited(pid_t pid)
{
	int status = reap(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

__attribute__((unused)) static void pause_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
		;
}

__attribute__((unused)) static long long now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* A name that nobody else has: in a PID namespace numbers of processes are not enough. */
__attribute__((unused)) static const char *unique(void)
{
	static char text[64];
	snprintf(text, sizeof text, "%d-%llx", (int)getpid(), now_ns());
	return text;
}

/* Whether it comes true: nothing that waits for something else may depend on how fast that is. */
#define COMES(cond)                                                                                                    \
	({                                                                                                             \
		long long end_ = now_ns() + PATIENCE_MS * 1000000LL;                                                   \
		while (!(cond) && now_ns() < end_)                                                                     \
			pause_ms(1);                                                                                   \
		!!(cond);                                                                                              \
	})
enum { PATIENCE_MS = 50000 };

/* The state letter of /proc/PID/stat, 0 if there is none. */
__attribute__((unused)) static char state_of(pid_t pid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	const char *text = get(path), *paren = strrchr(text, ')');
	return paren ? paren[2] : 0;
}

#endif
