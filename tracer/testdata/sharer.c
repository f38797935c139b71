// sharer makes processes that share their descriptors and others that do not, for the tests of who is known to. Each
// process says what it is by access(2).
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char **args;

static void alone(void) { access("alone", 0); }
static void shares(void) { access("shares", 0); }
static void perhaps(void) { access("perhaps", 0); }

// Two ends that wait for each other.
static int to[2], fro[2];
static void let(int *p) { CHECK(write(p[1], "", 1) == 1); }
static void await(int *p) {
	char c;
	CHECK(read(p[0], &c, 1) == 1);
}

static pid_t raw(long flags) { return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }

static void reap(pid_t p) {
	int st;
	CHECK(p > 0 && waitpid(p, &st, __WALL) == p && st == 0);
}

static int says(void *p) {
	((void (*)(void))p)();
	return 0;
}

static void *thread(void *p) {
	(void)p;
	shares();
	if (args[2]) {
		execl(args[0], args[0], "alone", (char *)0);
		_exit(98);
	}
	return p;
}

static char stack[1 << 16] __attribute__((aligned(64)));

static int run(void) {
	alone();
	CHECK(pipe(to) == 0 && pipe(fro) == 0);
	// Plain ones.
	pid_t p = fork();
	if (p == 0) alone(), _exit(0);
	alone();
	reap(p);
	p = vfork();
	if (p == 0) {
		execl(args[0], args[0], "alone", (char *)0);
		_exit(98);
	}
	reap(p);
	reap(clone(says, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, alone));
	// One that shares, as long as it lives.
	p = raw(CLONE_FILES);
	CHECK(p >= 0);
	if (p == 0) {
		shares();
		pid_t q = fork(); // has a table of its own
		if (q == 0) alone(), _exit(0);
		reap(q);
		shares();
		let(to), await(fro);
		_exit(0);
	}
	await(to);
	shares();
	let(fro);
	reap(p);
	alone();
	// One that becomes another program.
	p = raw(CLONE_FILES | CLONE_FS);
	CHECK(p >= 0);
	if (p == 0) {
		shares();
		execl(args[0], args[0], "alone", (char *)0);
		_exit(98);
	}
	reap(p);
	alone();
	reap(clone(says, stack + sizeof stack, CLONE_FILES | CLONE_VM | CLONE_VFORK | SIGCHLD, shares));
	reap(clone(says, stack + sizeof stack, CLONE_FILES, shares)); // no signal at its end
	alone();
	// Three share; the one in the middle goes.
	p = raw(CLONE_FILES);
	CHECK(p >= 0);
	if (p == 0) {
		if (raw(CLONE_FILES) == 0) {
			await(to);
			shares();
			let(fro);
			_exit(0);
		}
		_exit(0);
	}
	reap(p);
	shares();
	let(to), await(fro);
	perhaps();
	// A thread makes one, and ends.
	pthread_t t;
	args[2] = 0;
	CHECK(pthread_create(&t, 0, thread, 0) == 0 && pthread_join(t, 0) == 0);
	perhaps();
	// One that fails may be taken for one that comes.
	CHECK(raw(CLONE_FILES | CLONE_VM | CLONE_SIGHAND | CLONE_NEWUSER | CLONE_FS) == -1);
	p = fork();
	if (p == 0) perhaps(), _exit(0);
	reap(p);
	perhaps();
	return 0;
}

// lone is one process, after the exec of a thread of it.
static int lone(void) {
	pthread_t t;
	args[2] = "exec";
	alone();
	CHECK(pthread_create(&t, 0, thread, 0) == 0);
	pthread_join(t, 0);
	return 97;
}

// modern makes a process by clone3.
static int modern(void) {
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	} a = {.flags = CLONE_FILES, .exit_signal = SIGCHLD};
	pid_t p = syscall(SYS_clone3, &a, sizeof a);
	if (p == -1 && errno == ENOSYS) return 77;
	CHECK(p >= 0);
	if (p == 0) {
		shares();
		let(to);
		pause();
	}
	await(to);
	shares();
	CHECK(kill(p, SIGKILL) == 0 && waitpid(p, 0, 0) == p);
	perhaps();
	execl(args[0], args[0], "alone", (char *)0);
	return 98;
}

int main(int argc, char **argv) {
	args = argv;
	if (argc < 2) return 95;
	if (!strcmp(argv[1], "run")) return run();
	if (!strcmp(argv[1], "lone")) return lone();
	CHECK(pipe(to) == 0);
	if (!strcmp(argv[1], "modern")) return modern();
	alone();
	return 0;
}
