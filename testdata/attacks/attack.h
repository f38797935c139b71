/*
 * attack.h - what every hostile program shares.
 *
 * A program holds tricks of one theme. `prog list` prints them, one a line with their words; `prog NAME VICTIM ALLOW`
 * tries one: it wants to change something below VICTIM, or to read VICTIM/secret, or to run VICTIM/bin/mark, from the
 * directory ALLOW, the only one it may write. Whether it has won is never asked of the program: a judge outside the
 * box compares what VICTIM was and is, looks for the secret in ALLOW and for the mark that the program leaves.
 *
 * Status: 0 tried everything, 1 a step failed, 77 a fact of this machine makes the trick impossible (printed).
 *
 * Words:
 *   write read stat exec   the policy it is up against: nothing but ALLOW may be written; the secret may not be read; nor
 *                          looked at; the program may not be run
 *   calls                  some system calls are refused ([harden] deny_calls), and nothing else is denied
 *   tree stdio             $TREE or $STDIO may be written as well; standard input is VICTIM/file, open for reading
 *   lift=NAME              the policy lifts that refusal, so that the trick gets as far as it can
 *   root private           it needs root; namespaces that can be thrown away
 *   race                   what race.h makes
 *   sample                 one of many that differ little
 *   refused                no policy allows the call at all, and nothing is reported
 *   never                  no policy allows it
 *   silent                 it fails as it would natively, with nothing to report
 *   vague                  its status says nothing
 *   maybe                  many kernels refuse it by themselves
 *   unable                 it does not win without the box either: what it wants is the box's rights
 *   detected               where the kernel offers no better way it wins, and its process is killed
 *   needs=NAME             the protection or refusal without which it wins; NAME+NAME: without all of these
 *   hull                   even then Landlock holds it, where the kernel itself does the call
 *
 * Built with -DINT80 a program's own calls are those of i386, made from 64-bit code.
 */
#ifndef ATTACK_H
#define ATTACK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "numbers.h"

extern char **environ;

static const char *victim, *allow, *self;

/* The descriptors the runner hands down on purpose: VICTIM and VICTIM/file, both open for reading only. */
enum { INHERITED_DIR = 3, INHERITED_FILE = 4 };

struct trick {
	const char *name, *words;
	void (*run)(void);
};
static struct trick tricks[128];
static int ntricks;

#define TRICK(name, words)                                                                                             \
	static void trick_##name(void);                                                                                \
	__attribute__((constructor)) static void register_##name(void)                                                 \
	{                                                                                                              \
		tricks[ntricks++] = (struct trick){#name, words, trick_##name};                                        \
	}                                                                                                              \
	static void trick_##name(void)

/* Strings live in static memory: in a static program without PIE that is below 4 GiB, where int $0x80 can reach it. */
__attribute__((unused, format(printf, 1, 2))) static char *str(const char *fmt, ...)
{
	static char arena[1 << 18];
	static size_t used;
	va_list ap;
	va_start(ap, fmt);
	char *s = arena + used;
	used += vsnprintf(s, sizeof arena - used, fmt, ap) + 1;
	va_end(ap);
	return s;
}
#define V(name) str("%s/%s", victim, name)
#define A(name) str("%s/%s", allow, name)

__attribute__((unused)) static void impossible(const char *why)
{
	fprintf(stderr, "not applicable: %s\n", why);
	_exit(77);
}

__attribute__((unused)) static long step(long r, const char *what, int line)
{
	if (r >= 0)
		return r;
	if (errno == ENOSYS)
		impossible(str("%s: this kernel does not have the call", what));
	if (errno == EOPNOTSUPP && strstr(what, "xattr"))
		impossible(str("%s: this file system has no user attributes (tmpfs before Linux 6.6)", what));
	fprintf(stderr, "line %d: %s: %s\n", line, what, strerror(errno));
	_exit(1);
}
/* A step that has to work; its value. */
#define DO(call) step((long)(call), #call, __LINE__)

/* A raw system call by its name, in the ABI this program is built for. */
#ifdef INT80
#define NR(name) I386_##name
__attribute__((unused)) static long raw(long nr, long a, long b, long c, long d, long e, long f)
{
	/* The sixth argument is in ebp, which the compiler may need as well. */
	long r;
	struct {
		long nr, f;
	} in = {nr, f};
	__asm__ volatile("push %%rbp; mov 8(%1), %%rbp; mov (%1), %%rax; int $0x80; pop %%rbp"
			 : "=&a"(r)
			 : "r"(&in), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11", "cc");
	r = (int)r;
	if (r < 0 && r > -4096) {
		errno = -r;
		return -1;
	}
	return r;
}
#else
#define NR(name) SYS_##name
__attribute__((unused)) static long raw(long nr, long a, long b, long c, long d, long e, long f)
{
	return syscall(nr, a, b, c, d, e, f);
}
#endif
#define S_(nr, a, b, c, d, e, f, ...) raw(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define S(name, ...) S_(NR(name), __VA_ARGS__, 0, 0, 0, 0, 0, 0)

__attribute__((unused)) static void say(long fd)
{
	DO(fd);
	DO(write(fd, "changed by an attack\n", 21));
	close(fd);
}

/* What can be read of fd becomes loot. */
__attribute__((unused)) static void loot(long fd)
{
	static char buf[4096];
	DO(fd);
	long n = DO(read(fd, buf, sizeof buf));
	int out = DO(open(A("loot"), O_WRONLY | O_CREAT | O_APPEND, 0644));
	DO(write(out, buf, n));
	close(out);
}

__attribute__((unused)) static void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	while (nanosleep(&t, &t) != 0)
		;
}

/* A child stays for as long as its parent, which says who it is, is there. */
__attribute__((unused)) static void outlast(pid_t parent)
{
	while (getppid() == parent)
		sleep_ms(10);
	_exit(0);
}

__attribute__((unused)) static int wait_for(pid_t pid)
{
	int status = 0;
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Work done in a child; a failure there is the trick's. */
#define IN_CHILD(pid)                                                                                                  \
	for (pid_t pid = (pid_t)DO(fork()), once_ = 1; once_; once_ = 0, pid == 0 ? _exit(0) : finish(pid))            \
		if (pid == 0)
__attribute__((unused)) static void finish(pid_t pid)
{
	int code = wait_for(pid);
	if (code != 0)
		_exit(code);
}

int extra_tricks(int argc, char **argv) __attribute__((weak));

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (int i = 0; i < ntricks; i++)
			printf("%s %s\n", tricks[i].name, tricks[i].words);
		return extra_tricks ? extra_tricks(argc, argv) : 0;
	}
	if (argc < 4) {
		fprintf(stderr, "usage: %s list | NAME VICTIM ALLOW\n", self);
		return 2;
	}
	/* Arguments are on the stack, out of reach of int $0x80. */
	victim = str("%s", argv[2]);
	allow = str("%s", argv[3]);
	for (int i = 0; i < ntricks; i++)
		if (strcmp(tricks[i].name, argv[1]) == 0) {
			tricks[i].run();
			return 0;
		}
	if (extra_tricks)
		return extra_tricks(argc, argv);
	fprintf(stderr, "no trick called %s\n", argv[1]);
	return 2;
}

#endif
