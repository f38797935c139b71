// victim is a program of many modes for the tests of package tracer. Each mode exits with 0 if the world behaved as it
// does without a tracer, and says on stderr what did not.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static char **args;

// touch makes a call that the filter stops and the handler lets run.
static void touch(void) { CHECK(access("/", F_OK) == 0); }

static void *toucher(void *p) {
	touch();
	return p;
}

static int threads(void) {
	static pthread_t t[200];
	static int mark[200];
	for (int i = 0; i < 200; i++) CHECK(pthread_create(&t[i], 0, toucher, &mark[i]) == 0);
	for (int i = 0; i < 200; i++) {
		void *r;
		CHECK(pthread_join(t[i], &r) == 0 && r == &mark[i]);
	}
	return 0;
}

static int forks(void) {
	for (int i = 0; i < 2000; i++) {
		pid_t p = fork();
		CHECK(p >= 0);
		if (p == 0) {
			if (i % 100 == 0) touch();
			_exit(i % 100);
		}
		int st;
		if (i % 2) { // half of them overlap with the next
			CHECK(waitpid(p, &st, 0) == p && WIFEXITED(st) && WEXITSTATUS(st) == i % 100);
		}
	}
	while (wait(0) > 0) {
	}
	return errno == ECHILD ? 0 : 1;
}

static int vforks(void) {
	for (int i = 0; i < 50; i++) {
		pid_t p = vfork();
		if (p == 0) {
			char *argv[] = {args[0], "ok", 0};
			execv(args[0], argv);
			_exit(98);
		}
		int st;
		CHECK(waitpid(p, &st, 0) == p && st == 0);
	}
	return 0;
}

static int clone_parent(void) {
	// The sibling is our parent's child: here it ends by itself, and pipes tell that it ran.
	int fd[2];
	char c;
	CHECK(pipe(fd) == 0);
	pid_t p = syscall(SYS_clone, CLONE_PARENT, 0, 0, 0, 0);
	CHECK(p >= 0);
	if (p == 0) {
		touch();
		CHECK(write(fd[1], "x", 1) == 1);
		_exit(0);
	}
	CHECK(read(fd[0], &c, 1) == 1);
	return 0;
}

static void *execer(void *p) {
	char *argv[] = {args[0], "ok", 0};
	(void)p;
	touch();
	execv(args[0], argv);
	_exit(97);
}

static void *sleeper(void *p) {
	for (;;) {
		touch();
		usleep(100);
	}
	return p;
}

// exec_thread executes a program from a thread that is not the leader, while others make calls that stop.
static int exec_thread(void) {
	pthread_t t;
	for (int i = 0; i < 5; i++) CHECK(pthread_create(&t, 0, sleeper, 0) == 0);
	usleep(2000);
	CHECK(pthread_create(&t, 0, execer, 0) == 0);
	sleeper(0);
	return 96;
}

static void *late(void *p) {
	usleep(20000);
	touch();
	exit(7);
	return p;
}

static int leader_exit(void) {
	pthread_t t;
	CHECK(pthread_create(&t, 0, late, 0) == 0);
	pthread_exit(0);
}

static int groupstop(void) {
	int fd[2];
	char c;
	CHECK(pipe(fd) == 0);
	pid_t p = fork();
	CHECK(p >= 0);
	if (p == 0) {
		CHECK(setpgid(0, 0) == 0); // a group that is not orphaned, else SIGTSTP does nothing
		raise(SIGSTOP);
		touch();
		CHECK(read(fd[0], &c, 1) == 1); // a stop now would hide from the parent that it continued
		raise(SIGTSTP);
		_exit(3);
	}
	int st;
	CHECK(waitpid(p, &st, WUNTRACED) == p && WIFSTOPPED(st) && WSTOPSIG(st) == SIGSTOP);
	usleep(10000);
	CHECK(waitpid(p, &st, WNOHANG) == 0); // it stays stopped
	CHECK(kill(p, SIGCONT) == 0);
	CHECK(waitpid(p, &st, WCONTINUED) == p && WIFCONTINUED(st));
	CHECK(write(fd[1], "x", 1) == 1);
	CHECK(waitpid(p, &st, WUNTRACED) == p && WIFSTOPPED(st) && WSTOPSIG(st) == SIGTSTP);
	CHECK(kill(p, SIGCONT) == 0);
	CHECK(waitpid(p, &st, 0) == p && WIFEXITED(st) && WEXITSTATUS(st) == 3);
	return 0;
}

static volatile sig_atomic_t got, got_value, got_pid, got_code;

static void on_info(int sig, siginfo_t *si, void *uc) {
	(void)uc;
	got = sig;
	got_value = si->si_value.sival_int;
	got_pid = si->si_pid;
	got_code = si->si_code;
}

static int siginfo(void) {
	struct sigaction sa = {.sa_sigaction = on_info, .sa_flags = SA_SIGINFO};
	sigaction(SIGUSR1, &sa, 0);
	sigaction(SIGTRAP, &sa, 0);
	union sigval v = {.sival_int = 4242};
	CHECK(sigqueue(getpid(), SIGUSR1, v) == 0);
	CHECK(got == SIGUSR1 && got_value == 4242 && got_pid == getpid() && got_code == SI_QUEUE);
	CHECK(raise(SIGTRAP) == 0);
	CHECK(got == SIGTRAP && got_pid == getpid());
	signal(SIGTERM, SIG_IGN);
	CHECK(raise(SIGTERM) == 0);
	return 0;
}

static long ms(void) {
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static volatile int *told; // what several processes count, or a handler does for another process

static void on_alarm(int sig) {
	got = sig;
	++*told;
}

// restart lets a stop interrupt sleeping calls, which must go on (restart_syscall), and a handler, which must end them.
static int restart(void) {
	told = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(told != MAP_FAILED);
	for (int mode = 0; mode < 2; mode++) {
		*told = 0;
		pid_t p = fork();
		CHECK(p >= 0);
		if (p == 0) {
			do { // once, unless all is so slow that three stops do not fit in
				long t = ms();
				struct timespec ts = {0, 600000000};
				if (mode == 0) CHECK(nanosleep(&ts, 0) == 0);
				if (mode == 1) CHECK(poll(0, 0, 600) == 0);
				CHECK(ms() - t >= 599);
			} while (*told < 3);
			_exit(0);
		}
		int st;
		for (int i = 0; i < 3; i++) {
			usleep(20000);
			CHECK(kill(p, SIGSTOP) == 0);
			CHECK(waitpid(p, &st, WUNTRACED) == p && WIFSTOPPED(st));
			*told = i + 1;
			CHECK(kill(p, SIGCONT) == 0);
		}
		CHECK(waitpid(p, &st, 0) == p && st == 0);
	}
	// The timer goes off again and again: the first time may be before the call that it is meant for.
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &sa, 0);
	struct timespec ts = {60, 0};
	long t = ms();
	ualarm(20000, 20000);
	CHECK(nanosleep(&ts, &ts) == -1 && errno == EINTR);
	long left = ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	CHECK(left < 60000 && left >= 60000 - (ms() - t) - 1);
	int fd[2];
	char c;
	CHECK(pipe(fd) == 0);
	*told = 0;
	if (fork() == 0) {
		while (*told < 2) usleep(1000);
		CHECK(write(fd[1], "x", 1) == 1);
		_exit(0);
	}
	got = 0;
	CHECK(read(fd[0], &c, 1) == 1 && got == SIGALRM); // SA_RESTART
	ualarm(0, 0);
	wait(0);
	return 0;
}

// deny expects mkdir to fail with the errno that it is told, in the ABI of this build.
static int deny(void) {
	CHECK(mkdir(args[2], 0755) == -1 && errno == atoi(args[3]));
	struct stat st;
	CHECK(stat(args[2], &st) == -1 && errno == ENOENT);
	return 0;
}

// deny80 does the same by int 0x80, which is an i386 call out of 64-bit code too. The other registers must survive.
static int deny80(void) {
#if defined(__x86_64__) || defined(__i386__)
	char *low = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS
#ifdef MAP_32BIT
	                                                      | MAP_32BIT
#endif
	                 , -1, 0);
	CHECK(low != MAP_FAILED);
	strcpy(low, args[2]);
	long r = 39, c = 0755; // __NR_mkdir of i386
#ifdef __x86_64__
	register long r12 __asm__("r12") = 0x1122334455667788;
	__asm__ volatile("int $0x80" : "+a"(r), "+c"(c), "+r"(r12) : "b"(low) : "memory", "r8", "r9", "r10", "r11");
	CHECK(r12 == 0x1122334455667788);
#else
	__asm__ volatile("int $0x80" : "+a"(r), "+c"(c) : "b"(low) : "memory");
#endif
	CHECK(r == -atoi(args[3]) && c == 0755);
#endif
	return 0;
}

// mimic makes an i386 call that leaves the registers as SYSCALL would: RCX is RIP and R11 is EFLAGS.
static int mimic(void) {
#if defined(__x86_64__)
	char *low = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(low != MAP_FAILED);
	strcpy(low, args[2]);
	long r = 39;
	__asm__ volatile("lea 1f(%%rip), %%rcx\n"
	                 "pushf\n"
	                 "pop %%r11\n"
	                 "int $0x80\n"
	                 "1:\n"
	                 : "+a"(r)
	                 : "b"(low)
	                 : "memory", "rcx", "r8", "r9", "r10", "r11");
	CHECK(r == -atoi(args[3]));
#endif
	return 0;
}

// rewritten makes such calls while another thread rewrites their instruction to SYSCALL and back. 39 is getpid there.
#if defined(__x86_64__)
static volatile unsigned short *instruction;
static volatile int rewrites;
static void *rewriter(void *unused) {
	while (rewrites) {
		*instruction = 0x80cd;
		for (volatile int i = 0; i < 30; i++)
			;
		*instruction = 0x050f;
		for (volatile int i = 0; i < 30; i++)
			;
	}
	return 0;
}
#endif
static int rewritten(void) {
#if defined(__x86_64__)
	char *low = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(low != MAP_FAILED);
	instruction = (void *)low;
	*instruction = 0x050f;
	low[2] = (char)0xc3; // ret
	strcpy(low + 8, args[2]);
	pthread_t t;
	rewrites = 1;
	CHECK(pthread_create(&t, 0, rewriter, 0) == 0);
	for (int i = 0, narrow = 0; narrow < 2000; i++) {
		long r = 39;
		__asm__ volatile("lea 2(%[code]), %%rcx\n"
		                 "pushf\n"
		                 "pop %%r11\n"
		                 "call *%[code]\n"
		                 : "+a"(r)
		                 : "b"(low + 8), [code] "r"(low)
		                 : "memory", "rcx", "r8", "r9", "r10", "r11", "cc");
		CHECK(r == getpid() || (int)r == -atoi(args[3]));
		narrow += r != getpid();
	}
	rewrites = 0;
	CHECK(pthread_join(t, 0) == 0);
#endif
	return 0;
}

// unknown makes a call that no kernel has.
static int unknown(void) {
	CHECK(syscall(1000, 1, 2, 3) == -1 && errno == ENOSYS);
	return 0;
}

// inject expects mkdir to return 4242 and to have done nothing.
static int inject(void) {
	CHECK(mkdir(args[2], 0755) == 4242);
	struct stat st;
	CHECK(stat(args[2], &st) == -1 && errno == ENOENT);
	return 0;
}

// pageend names a path that ends on the last byte before an unmapped page, one that runs into it, and none at all.
static int pageend(void) {
	char *m = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(m != MAP_FAILED && munmap(m + 4096, 4096) == 0);
	strcpy(m + 4096 - 5, "/tmp");
	CHECK(access(m + 4096 - 5, F_OK) == 0);
	memset(m + 4000, 'x', 96);
	CHECK(access(m + 4000, F_OK) == -1 && errno == EFAULT);
	CHECK(access((char *)8, F_OK) == -1 && errno == EFAULT);
	char *big = malloc(5000);
	memset(big, 'y', 4999);
	big[4999] = 0;
	CHECK(access(big, F_OK) == -1 && errno == ENAMETOOLONG);
	return 0;
}

// daemonise leaves a grandchild in another session that marks a file after as many seconds as it is told, and a bit; with
// "wait" it holds on itself too.
static int daemonise(void) {
	int fd[2];
	char c;
	CHECK(pipe(fd) == 0);
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			CHECK(write(fd[1], "x", 1) == 1);
			close(0), close(1), close(2);
			sleep(atoi(args[3])), usleep(300000);
			int f = open(args[2], O_CREAT | O_WRONLY, 0644);
			_exit(f < 0);
		}
		_exit(0);
	}
	wait(0);
	CHECK(read(fd[0], &c, 1) == 1);
	if (args[4]) pause();
	return 5;
}

// storm is a tree that never ends by itself: threads, forks and stopping calls, some of them killed at random.
static void *churn(void *p) {
	unsigned seed = getpid() ^ (unsigned)(unsigned long)&p;
	for (;;) {
		int own = rand_r(&seed) % 2;
		pid_t child = own ? fork() : syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
		if (child == 0) {
			for (int i = rand_r(&seed) % 20; i > 0; i--) touch();
			if (rand_r(&seed) % 4 == 0) execl(args[0], args[0], "ok", (char *)0);
			_exit(0);
		}
		// Of another's child the number may be anybody's by now.
		if (child > 0 && rand_r(&seed) % 2 && own) kill(child, SIGKILL);
		while (waitpid(-1, 0, WNOHANG | __WNOTHREAD) > 0) {
		}
		touch();
	}
	return p;
}

static int storm(void) {
	pthread_t t;
again:
	for (int i = 0; i < 3; i++) {
		if (fork() == 0) {
			for (int j = 0; j < 3; j++) pthread_create(&t, 0, churn, 0);
			usleep(50000 + 50000 * i);
			_exit(0); // with busy threads
		}
	}
	while (wait(0) > 0) {
	}
	if (args[2] && --args[2][0] > '0') goto again;
	return 0;
}

static volatile sig_atomic_t count;
static void counter(int sig) { count += sig == SIGTERM; }

// terms counts the SIGTERMs it gets until it is told to go on.
static int terms(void) {
	signal(SIGTERM, counter);
	signal(SIGUSR2, counter);
	CHECK(write(1, "ready\n", 6) == 6);
	while (!count) usleep(5000); // pause would miss what came just before
	usleep(400000);
	return count == 1 ? 0 : 1;
}

static int stubborn(void) {
	signal(SIGHUP, SIG_DFL); // nohup(1) may have begun this
	signal(SIGQUIT, SIG_DFL);
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	CHECK(write(1, "ready\n", 6) == 6);
	for (;;) pause();
}

static int busy(void) {
	for (int i = atoi(args[2]); i > 0; i--) touch();
	return 0;
}

static int undumpable(void) {
	CHECK(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
	return access("/", F_OK) == 0 ? 0 : errno;
}

static int ok(void) { return 0; }

// setup gives itself unusual properties and becomes the program that it is told.
static int setup(void) {
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 3); // the Go runtime unblocks what it handles itself, SIGTERM for one
	sigprocmask(SIG_BLOCK, &set, 0);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	struct rlimit nofile = {200, 4000}, core = {0, 1000000};
	CHECK(setrlimit(RLIMIT_NOFILE, &nofile) == 0 && setrlimit(RLIMIT_CORE, &core) == 0);
	umask(027);
	errno = 0;
	CHECK(nice(3) != -1 || errno == 0); // -1 is a niceness too
	CHECK(prctl(PR_SET_TIMERSLACK, 77777, 0, 0, 0) == 0);
	int fd = open("/dev/null", O_RDWR);
	CHECK(fd >= 0);
	int keep[] = {3, 4, 9, 150};
	for (int i = 0; i < 4; i++) CHECK(fd == keep[i] || dup2(fd, keep[i]) == keep[i]);
	if (fd != 3 && fd != 4 && fd != 9 && fd != 150) close(fd);
	CHECK(chdir("/usr") == 0);
	execv(args[2], args + 2);
	return 94;
}

static void show(const char *path, const char *only) {
	char line[4096];
	FILE *f = fopen(path, "r");
	CHECK(f);
	while (fgets(line, sizeof line, f)) {
		if (!only || strstr(only, strtok(strdup(line), ":"))) printf("%s %s", path, line);
	}
	fclose(f);
}

// inherit prints all that a program gets from the one that starts it.
static int inherit(void) {
	char link[4096], name[64];
	show("/proc/self/status", " Umask ShdPnd SigPnd SigBlk SigIgn SigCgt CapInh CapPrm CapEff CapBnd CapAmb Cpus_allowed "
	                          "Mems_allowed Uid Gid Groups THP_enabled CoreDumping ");
	show("/proc/self/limits", 0);
	show("/proc/self/oom_score_adj", 0);
	show("/proc/self/personality", 0);
	show("/proc/self/environ", 0);
	show("/proc/self/cmdline", 0);
	printf("\npgrp %d sid %d tty %d nice %d slack %d pdeath", getpgrp() == getpid(), getsid(0) == getpid(),
	       tcgetpgrp(0), nice(0), prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
	int sig = -1;
	prctl(PR_GET_PDEATHSIG, &sig);
	printf("signal %d dumpable %ld comm", sig, (long)prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	prctl(PR_GET_NAME, name);
	printf(" %s cwd %s\n", name, getcwd(link, sizeof link));
	for (int fd = 0; fd < 1000; fd++) {
		snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(name, link, sizeof link - 1);
		if (n < 0) continue;
		link[n] = 0;
		printf("fd %d flags %o cloexec %d %s\n", fd, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD), fd > 2 ? link : "");
	}
	return 0;
}

static void on_cont(int sig) { got = sig; }

// job is a shell in small: it runs a command in a foreground group of its own, and when that stops, continues it.
static int job(void) {
	signal(SIGTTOU, SIG_IGN);
	pid_t p = fork();
	CHECK(p >= 0);
	if (p == 0) {
		setpgid(0, 0);
		tcsetpgrp(0, getpid());
		signal(SIGTTOU, SIG_DFL);
		execv(args[2], args + 2);
		_exit(93);
	}
	int st;
	CHECK(waitpid(p, &st, WUNTRACED) == p && WIFSTOPPED(st) && WSTOPSIG(st) == SIGTSTP);
	usleep(100000);
	CHECK(kill(-p, SIGCONT) == 0);
	CHECK(waitpid(p, &st, WUNTRACED) == p && WIFEXITED(st));
	return WEXITSTATUS(st);
}

// continued waits to be stopped by the terminal and continued.
static int continued(void) {
	signal(SIGCONT, on_cont);
	CHECK(write(1, "ready\n", 6) == 6);
	while (!got) usleep(5000); // pause would miss what came just before
	usleep(100000); // a stop signal that came after all would show now
	return 4;
}

// suspended stops itself, alone or with its group, as an editor does at ^Z.
static int suspended(void) {
	if (!strcmp(args[2], "group")) CHECK(kill(0, SIGTSTP) == 0);
	else CHECK(raise(SIGTSTP) == 0);
	usleep(400000); // a second stop would show now
	return 4;
}

static struct {
	const char *name;
	int (*run)(void);
} modes[] = {
	{"threads", threads}, {"forks", forks},     {"vforks", vforks},       {"clone_parent", clone_parent},
	{"ok", ok},           {"busy", busy},       {"exec_thread", exec_thread}, {"leader_exit", leader_exit},
	{"siginfo", siginfo}, {"restart", restart}, {"groupstop", groupstop}, {"deny", deny},
	{"deny80", deny80},   {"inject", inject},   {"pageend", pageend},     {"daemonise", daemonise},
	{"storm", storm},     {"terms", terms},     {"stubborn", stubborn},   {"undumpable", undumpable},
	{"mimic", mimic},     {"rewritten", rewritten}, {"unknown", unknown},
	{"setup", setup},     {"inherit", inherit}, {"job", job},             {"continued", continued},
	{"suspended", suspended},
};

int main(int argc, char **argv) {
	args = argv;
	for (unsigned i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
		if (!strcmp(argv[1], modes[i].name)) return modes[i].run();
	}
	return 95;
}
