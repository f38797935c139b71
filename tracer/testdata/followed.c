// followed makes calls that no filter stops, for the tests of followed tasks. By access(2) it tells the tracer what to
// do next; natively that does nothing. Each mode exits with 0 if every call came out as it should.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "slow.h"

static char **args;

static void tell(const char *what) { access(what, 0); }

// counts: three of them are seen, and what is stopped anyhow is not.
static int counts(void) {
	pid_t me = getpid(), group = getpgrp();
	syscall(SYS_getpid);
	tell("follow 3");
	CHECK(syscall(SYS_getpid) == me);
	tell("/tmp");
	CHECK(syscall(SYS_getpgid, 0) == group);
	syscall(SYS_getppid);
	tell("follow 2");
	syscall(SYS_gettid);
	tell("unfollow");
	syscall(SYS_getpid);
	tell("follow 9");
	tell("follow 1"); // instead
	syscall(SYS_getsid, 0);
	syscall(SYS_getpid);
	return 0;
}

// unknown is a number that no table has.
static int unknown(void) {
	tell("follow 1");
	CHECK(syscall(4242) == -1 && errno == ENOSYS);
	return 0;
}

static int program(void) {
	syscall(SYS_getpid);
	return 0;
}

// ends: not in another program.
static int ends(void) {
	tell("follow 100");
	execl(args[0], args[0], "program", (char *)0);
	return 98;
}

static void *other(void *p) {
	for (int i = 0; i < 50; i++) syscall(SYS_getpid);
	return p;
}

// others are not followed: threads, forks and vforks of one that is.
static int others(void) {
	pthread_t t;
	int st;
	tell("follow 100000");
	CHECK(pthread_create(&t, 0, other, 0) == 0 && pthread_join(t, 0) == 0);
	for (int i = 0; i < 10; i++) {
		pid_t p = i % 2 ? vfork() : fork();
		if (p == 0) {
			syscall(SYS_getpid);
			if (i % 3) _exit(0);
			execl(args[0], args[0], "program", (char *)0);
			_exit(98);
		}
		CHECK(waitpid(p, &st, 0) == p && st == 0);
	}
	syscall(SYS_gettid);
	return 0;
}

static long result_of(const char *want, long got) {
	long w = atol(want);
	if (w < 0) return got == -1 && errno == -w;
	return got == w;
}

// returns: the next write does not happen.
static void returns(int times) {
	int p[2];
	char c;
	CHECK(pipe(p) == 0);
	for (int i = 0; i < times; i++) {
		tell("return write");
		CHECK(result_of(args[2], write(p[1], "no", 2)));
#if defined(__x86_64__)
		tell("return write");
		long r = SYS_write, di = p[1], si = (long)"no", dx = 2;
		register long r10 __asm__("r10") = 0x1010101010101010, r8 __asm__("r8") = 0x0808080808080808;
		register long r9 __asm__("r9") = 0x0909090909090909;
		__asm__ volatile("syscall"
		                 : "+a"(r), "+D"(di), "+S"(si), "+d"(dx), "+r"(r10), "+r"(r8), "+r"(r9)
		                 :
		                 : "rcx", "r11", "memory");
		int kept = di == p[1] && dx == 2 && r10 == 0x1010101010101010 && r8 == 0x0808080808080808;
		kept = kept && r9 == 0x0909090909090909;
		CHECK(kept && r == atol(args[2]));
#endif
		CHECK(write(p[1], "y", 1) == 1 && read(p[0], &c, 1) == 1 && c == 'y');
	}
}

static int returned(void) {
	returns(3);
	return 0;
}

// confined: below a filter that kills for what it does not know.
static int confined(void) {
	static const int allowed[] = {
		SYS_read, SYS_write, SYS_exit_group, SYS_pipe2,
#ifdef SYS_access
		SYS_access, SYS_pipe,
#else
		SYS_faccessat, // arm64, riscv64
#endif
	};
	enum { N = sizeof allowed / sizeof *allowed };
	struct sock_filter prog[N + 3] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	for (int i = 0; i < N; i++) prog[1 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], N - i, 0);
	prog[N + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	prog[N + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog fprog = {N + 3, prog};
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog) == 0);
	returns(3);
	return 0;
}

// one makes one call that is seen.
static int one(void) {
	tell("follow 1");
	syscall(SYS_getpgid, 0);
	_exit(7);
}

static volatile sig_atomic_t drops;
static void on_drop(int sig) {
	int keep = errno;
	(void)sig, eased(++drops);
	errno = keep;
}

static void rain(long us, int flags) {
	struct sigaction sa = {.sa_handler = on_drop, .sa_flags = flags};
	CHECK(sigaction(SIGALRM, &sa, 0) == 0);
	struct itimerval it = {{0, us}, {0, us}};
	CHECK(setitimer(ITIMER_REAL, &it, 0) == 0);
}

// hurried: no signal is lost, and none gets in the way of the result.
static int hurried(void) {
	rain(spaced(500), 0);
	returns(200);
	rain(0, 0);
	CHECK(drops > 0);
	return 0;
}

// signals: what waits is interrupted or starts over, as it would.
static int signals(void) {
	int p[2], st;
	char c;
	CHECK(pipe(p) == 0);
	pid_t writer = fork();
	if (writer == 0) {
		for (int i = 0; i < 40; i++) {
			usleep(3000);
			CHECK(write(p[1], "x", 1) == 1);
		}
		_exit(0);
	}
	tell("follow 1000000");
	rain(spaced(1000), 0);
	for (int i = 0; i < 20;) {
		ssize_t n = read(p[0], &c, 1);
		CHECK(n == 1 || (n == -1 && errno == EINTR));
		i += n == 1;
	}
	rain(spaced(1000), SA_RESTART);
	for (int i = 0; i < 20; i++) CHECK(read(p[0], &c, 1) == 1);
	struct timespec ts = {0, 50000000}, left;
	while (nanosleep(&ts, &left) == 0) {} // on a busy machine it may be over before the signal is looked at
	CHECK(errno == EINTR);
	rain(0, 0);
	CHECK(drops > 0 && waitpid(writer, &st, 0) == writer && st == 0);
	// What has to be started over by restart_syscall: a stop in the middle of a sleep.
	pid_t parent = getpid(), stopper = fork();
	if (stopper == 0) {
		usleep(10000);
		for (int i = 0; i < 3; i++) {
			kill(parent, SIGSTOP), usleep(1000);
			kill(parent, SIGCONT), kill(parent, SIGWINCH), usleep(1000);
		}
		_exit(0);
	}
	struct timespec before, after, nap = {0, 60000000};
	CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
	CHECK(nanosleep(&nap, &left) == 0);
	CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
	long long ns = (after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec;
	CHECK(ns >= nap.tv_nsec);
	CHECK(waitpid(stopper, &st, 0) == stopper && st == 0);
	return 0;
}

static struct {
	const char *name;
	int (*run)(void);
} modes[] = {
	{"counts", counts}, {"unknown", unknown},   {"ends", ends},         {"program", program}, {"others", others},
	{"one", one},       {"returned", returned}, {"confined", confined}, {"signals", signals},
	{"hurried", hurried},
};

int main(int argc, char **argv) {
	args = argv;
	for (unsigned i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
		if (!strcmp(argv[1], modes[i].name)) return modes[i].run();
	}
	return 95;
}
