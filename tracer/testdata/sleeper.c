// sleeper is in the middle of something when a tracer comes and goes. It exits with 0 if it did not notice.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "slow.h"

static long ms(void) {
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static volatile int done;
static volatile sig_atomic_t alarms;

static void on_alarm(int sig) { alarms += sig == SIGALRM; }

static void *spin(void *p) {
	volatile long n = 0;
	while (!done) {
		n++;
		if (n % 1000 == 0) CHECK(access("/", F_OK) == 0);
		if (n % 1000 == 500) CHECK(access("/nonexistent", F_OK) == -1 && errno == ENOENT);
	}
	return p;
}

static char *args[1];

static void *shortly(void *p) { return p; }

static void *churn(void *p) {
	pthread_t t;
	void *r;
	while (!done) {
		CHECK(pthread_create(&t, 0, shortly, args) == 0);
		CHECK(pthread_join(t, &r) == 0 && r == args);
	}
	return p;
}

static long span;

static void *executes(void *path) {
	usleep(span * 1000);
	execl(path, path, "now", (char *)0);
	_exit(97);
}

// until is access(2), which checks that the call leaves all registers alone but its result.
static int until(const char *path) {
#ifdef __x86_64__
	long r = SYS_access, di = (long)path, si = F_OK, dx = 0x1111;
	register long r10 __asm__("r10") = 0x2222, r8 __asm__("r8") = 0x3333, r9 __asm__("r9") = 0x4444;
	__asm__ volatile("syscall"
	                 : "+a"(r), "+D"(di), "+S"(si), "+d"(dx), "+r"(r10), "+r"(r8), "+r"(r9)
	                 :
	                 : "rcx", "r11", "memory");
	CHECK(di == (long)path && si == F_OK && dx == 0x1111 && r10 == 0x2222 && r8 == 0x3333 && r9 == 0x4444);
	errno = -r;
	return r;
#else
	return access(path, F_OK);
#endif
}

int main(int argc, char **argv) {
	const char *mode = argc > 1 ? argv[1] : "";
	long start = ms();
	span = argc > 2 ? atoi(argv[2]) : 700;
	if (!strcmp(mode, "nanosleep")) {
		struct timespec ts = {span / 1000, span % 1000 * 1000000};
		CHECK(nanosleep(&ts, 0) == 0);
		CHECK(ms() - start >= span - 1);
	} else if (!strcmp(mode, "poll")) {
		CHECK(poll(0, 0, span) == 0);
		CHECK(ms() - start >= span - 1);
	} else if (!strcmp(mode, "eintr")) { // the handler ends the call, and the rest of the time is right
		struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
		sigaction(SIGALRM, &sa, 0);
		struct timespec ts = {span / 1000 + 60, 0};
		struct itimerval timer = {.it_value = {span / 1000, span % 1000 * 1000}};
		long whole = ts.tv_sec * 1000, before = ms();
		CHECK(setitimer(ITIMER_REAL, &timer, 0) == 0);
		CHECK(nanosleep(&ts, &ts) == -1 && errno == EINTR && alarms == 1);
		long left = ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
		CHECK(left >= whole - (ms() - before) - 1 && left < whole);
		// What was left when it was stopped is all that it is told if the alarm comes before it goes on.
		if (left >= whole - span / 2) return 6;
	} else if (!strcmp(mode, "read")) {
		int fd[2];
		char c;
		CHECK(pipe(fd) == 0);
		if (fork() == 0) {
			usleep(span * 1000);
			CHECK(write(fd[1], "x", 1) == 1);
			_exit(0);
		}
		CHECK(read(fd[0], &c, 1) == 1);
		int st;
		CHECK(wait(&st) > 0 && st == 0);
	} else if (!strcmp(mode, "told")) { // two processes, until a file is there
		pid_t p = fork();
		CHECK(p >= 0);
		while (p == 0 && access(argv[2], F_OK) != 0) usleep(5000);
		if (p == 0) _exit(0);
		int st;
		CHECK(waitpid(p, &st, 0) == p && st == 0);
	} else if (!strcmp(mode, "heavy")) { // told, but the fork takes long, and says when it begins
		long page = sysconf(_SC_PAGESIZE), areas = often(25000);
		char *p = mmap(0, 2 * areas * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		CHECK(p != MAP_FAILED);
		for (long i = 0; i < areas; i++) CHECK(mprotect(p + 2 * i * page, page, PROT_NONE) == 0);
		CHECK(mkdir(argv[3], 0777) == 0);
		pid_t child = fork();
		CHECK(child >= 0);
		while (child == 0 && access(argv[2], F_OK) != 0) usleep(5000);
		if (child == 0) _exit(0);
		int st;
		CHECK(waitpid(child, &st, 0) == child && st == 0);
	} else if (!strcmp(mode, "threads")) {
		pthread_t t[4];
		for (int i = 0; i < 4; i++) CHECK(pthread_create(&t[i], 0, i < 3 ? spin : churn, 0) == 0);
		usleep(span * 1000);
		done = 1;
		for (int i = 0; i < 4; i++) CHECK(pthread_join(t[i], 0) == 0);
	} else if (!strcmp(mode, "forks")) {
		for (int i = 0; ms() - start < span; i++) {
			pid_t p = i % 2 ? fork() : vfork();
			int st;
			CHECK(p >= 0);
			if (p == 0) _exit(i % 100);
			CHECK(waitpid(p, &st, 0) == p && WIFEXITED(st) && WEXITSTATUS(st) == i % 100);
		}
	} else if (!strcmp(mode, "vfork")) { // the parent cannot stop as long as its child sleeps
		pid_t p = vfork();
		if (p == 0) {
			usleep(span * 1000);
			_exit(3);
		}
		int st;
		CHECK(waitpid(p, &st, 0) == p && WIFEXITED(st) && WEXITSTATUS(st) == 3);
	} else if (!strcmp(mode, "stopped")) { // stays stopped until it is continued
		raise(SIGSTOP);
		CHECK(ms() - start >= span - 100);
	} else if (!strcmp(mode, "exits")) {
		usleep(atoi(argv[2]));
		_exit(4);
	} else if (!strcmp(mode, "until")) { // a call returns what it cannot, and every register survives it
		while (until("/nonexistent") != 0) CHECK(errno == ENOENT);
	} else if (!strcmp(mode, "headless")) { // the leader is gone, and a thread executes a program after a while
		pthread_t t;
		CHECK(pthread_create(&t, 0, executes, argv[0]) == 0);
		pthread_exit(0);
	} else if (!strcmp(mode, "now")) {
	} else if (!strcmp(mode, "tree")) { // of 50 processes
		for (int i = 0; i < 7; i++) {
			if (fork() != 0) continue;
			for (int j = 0; j < 6; j++) {
				if (fork() == 0) {
					usleep(span * 1000);
					_exit(0);
				}
			}
			int st;
			while (wait(&st) > 0) CHECK(st == 0);
			_exit(0);
		}
		int st;
		while (wait(&st) > 0) CHECK(st == 0);
	} else {
		return 98;
	}
	CHECK(printf("done\n") == 5);
	return 7;
}
