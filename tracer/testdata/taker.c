// taker opens things in many ways, for the tests of what the tracer gives. Each mode exits with 0 if every open came out
// as it does without a tracer, and says on stderr which did not. args[2] is a directory of its own.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "slow.h"

static char **args;

static const char *in(const char *name) {
	static __thread char path[8][256];
	static __thread unsigned turn;
	char *p = path[turn++ % 8];
	snprintf(p, sizeof path[0], "%s/%s", args[2], name);
	return p;
}

// put makes a file with its own name as content.
static void put(const char *name) {
	int fd = open(in(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	CHECK(fd >= 0);
	CHECK(write(fd, name, strlen(name)) == (ssize_t)strlen(name));
	CHECK(close(fd) == 0);
}

// holds says whether fd is open on the file of that name.
static int holds(int fd, const char *name) {
	char got[64];
	ssize_t n = read(fd, got, sizeof got);
	return n == (ssize_t)strlen(name) && !memcmp(got, name, n);
}

// plain opens by every call that opens, and looks at numbers, flags and contents.
static int plain(void) {
	put("a");
	int fd = open(in("a"), O_RDONLY);
	CHECK(fd == 3 && fcntl(fd, F_GETFD) == 0 && holds(fd, "a"));
	int exec = openat(AT_FDCWD, in("a"), O_RDONLY | O_CLOEXEC);
	CHECK(exec == 4 && fcntl(exec, F_GETFD) == FD_CLOEXEC && holds(exec, "a"));
	CHECK(close(fd) == 0);
	fd = creat(in("b"), 0600);
	CHECK(fd == 3 && write(fd, "b", 1) == 1 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY);
	CHECK(open(in("none"), O_RDONLY) == -1 && errno == ENOENT);
	CHECK(open(in("b"), O_WRONLY | O_CREAT | O_EXCL, 0600) == -1 && errno == EEXIST);
	return 0;
}

// registers makes the call with values in all of them that a system call preserves.
static int registers(void) {
	put("a");
#if defined(__x86_64__)
	long r = SYS_openat, di = AT_FDCWD, si = (long)in("a"), dx = O_RDONLY;
	register long r10 __asm__("r10") = 0x1010101010101010, r8 __asm__("r8") = 0x0808080808080808;
	register long r9 __asm__("r9") = 0x0909090909090909, r12 __asm__("r12") = 0x1212121212121212;
	__asm__ volatile("syscall"
	                 : "+a"(r), "+D"(di), "+S"(si), "+d"(dx), "+r"(r10), "+r"(r8), "+r"(r9), "+r"(r12)
	                 :
	                 : "rcx", "r11", "memory");
	CHECK(r >= 3 && di == AT_FDCWD && dx == O_RDONLY && r10 == 0x1010101010101010 && r8 == 0x0808080808080808);
	CHECK(r9 == 0x0909090909090909 && r12 == 0x1212121212121212);
#elif defined(__i386__)
	long r = SYS_openat, bp;
	__asm__ volatile("push %%ebp\n mov $0x12345679, %%ebp\n int $0x80\n mov %%ebp, %1\n pop %%ebp\n"
	                 : "+a"(r), "=&c"(bp)
	                 : "b"(AT_FDCWD), "1"(in("a")), "d"(O_RDONLY)
	                 : "memory");
	CHECK(r >= 3 && bp == 0x12345679);
#endif
	return 0;
}

static int full(void) {
	put("a");
	struct rlimit limit = {5, 5};
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK(open(in("a"), O_RDONLY) == 3 && open(in("a"), O_RDONLY) == 4);
	CHECK(open(in("a"), O_RDONLY) == -1 && errno == EMFILE);
	CHECK(close(3) == 0 && open(in("a"), O_RDONLY) == 3);
	return 0;
}

static volatile sig_atomic_t drops;
static void on_drop(int sig, siginfo_t *si, void *uc) {
	(void)sig, (void)si, (void)uc;
	int keep = errno;
	eased(++drops);
	sigset_t now;
	// What the handler finds blocked is its own signal and nothing else.
	sigprocmask(SIG_SETMASK, 0, &now);
	if (sigismember(&now, SIGUSR2) || sigismember(&now, SIGTERM)) _exit(98);
	errno = keep;
}

static void rain(long us, int flags) {
	struct sigaction sa = {.sa_sigaction = on_drop, .sa_flags = SA_SIGINFO | flags};
	CHECK(sigaction(SIGALRM, &sa, 0) == 0);
	struct itimerval it = {{0, us}, {0, us}};
	CHECK(setitimer(ITIMER_REAL, &it, 0) == 0);
}

// signals opens while a timer goes off all the time, and has no SA_RESTART: the open of a file is never EINTR.
static int signals(void) {
	put("a");
	rain(spaced(atoi(args[3])), 0);
	// A timer that is spaced out for a slow machine may not go off in as many natively.
	for (int i = often(atoi(args[4])); i > 0 || (drops == 0 && i > -1000000); i--) {
		int fd = open(in("a"), O_RDONLY);
		CHECK(fd == 3 && holds(fd, "a") && close(fd) == 0);
	}
	rain(0, 0);
	CHECK(drops > 0);
	CHECK(open("/proc/self/fd/3", O_RDONLY) == -1);
	return 0;
}

static void *taker(void *p) {
	const char *name = p;
	for (int i = often(300); i > 0; i--) {
		int fd = open(in(name), O_RDONLY);
		CHECK(fd >= 3 && holds(fd, name) && close(fd) == 0);
	}
	return p;
}

// threads share a descriptor table and open different files at the same time.
static int threads(void) {
	pthread_t t[8];
	static char name[8][2];
	for (int i = 0; i < 8; i++) name[i][0] = 'a' + i, put(name[i]);
	if (args[3]) rain(spaced(atoi(args[3])), 0);
	for (int i = 0; i < 8; i++) CHECK(pthread_create(&t[i], 0, taker, name[i]) == 0);
	for (int i = 0; i < 8; i++) CHECK(pthread_join(t[i], 0) == 0);
	return 0;
}

// children open in processes that share memory or nothing with their parent, and in the programs they become.
static int children(void) {
	put("a");
	for (int i = often(50); i > 0; i--) {
		pid_t p = i % 2 ? vfork() : fork();
		if (p == 0) {
			int fd = open("/proc/self/cmdline", O_RDONLY);
			fd = open(in("a"), O_RDONLY);
			if (!holds(fd, "a")) _exit(97);
			if (i % 3 == 0) execl(args[0], args[0], "registers", args[2], (char *)0);
			_exit(0);
		}
		int st;
		CHECK(p > 0 && waitpid(p, &st, 0) == p);
		CHECK(WIFEXITED(st) && (WEXITSTATUS(st) == 0 || i % 3 == 0));
	}
	return 0;
}

// write_and_run executes what it has just written: nobody may hold it open for writing any more.
static int write_and_run(void) {
	int self = open("/proc/self/exe", O_RDONLY);
	CHECK(self >= 0);
	static char image[4 << 20];
	ssize_t size = read(self, image, sizeof image);
	CHECK(size > 0 && size < (ssize_t)sizeof image);
	close(self);
	for (int i = often(100); i > 0; i--) {
		char name[16];
		snprintf(name, sizeof name, "prog%d", i % 10);
		unlink(in(name));
		int fd = open(in(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
		CHECK(fd >= 0 && pwrite(fd, image, size, 0) == size);
		CHECK(close(fd) == 0);
		// Open again and close at once: the least time that there can be between the two.
		const char *path = in(name);
		pid_t p = fork();
		if (p == 0) {
			close(open(path, O_WRONLY | O_CLOEXEC));
			execl(path, path, "nothing", (char *)0);
			_exit(errno);
		}
		int st;
		CHECK(waitpid(p, &st, 0) == p);
		if (!WIFEXITED(st) || WEXITSTATUS(st) != 0) dprintf(2, "wait status %#x, turn %d\n", st, i);
		CHECK(WIFEXITED(st) && WEXITSTATUS(st) == 0);
	}
	return 0;
}

static int nothing(void) { return 0; }

static void once(int us) {
	struct itimerval it = {{0, 0}, {0, us}};
	CHECK(setitimer(ITIMER_REAL, &it, 0) == 0);
}

static pid_t reader_after(int us) {
	pid_t p = fork();
	CHECK(p >= 0);
	if (p == 0) {
		usleep(us);
		int fd = open(in("fifo"), O_RDONLY); // not stopped: its name is reached by another way, see the test
		char c;
		_exit(fd < 0 || read(fd, &c, 1) != 1);
	}
	return p;
}

// fifo waits for the other end: a handler without SA_RESTART ends that, one with it does not, a stop does not.
static int fifo(void) {
	int st;
	CHECK(mkfifo(in("fifo"), 0600) == 0);
	rain(30000, 0);
	CHECK(open(in("fifo"), O_WRONLY) == -1 && errno == EINTR && drops > 0);
	rain(30000, SA_RESTART);
	pid_t p = reader_after(90000);
	int fd = open(in("fifo"), O_WRONLY);
	CHECK(fd == 3 && write(fd, "x", 1) == 1 && close(fd) == 0);
	CHECK(waitpid(p, &st, 0) == p && st == 0);
	rain(0, 0);
	// A default-ignored signal, and a stop.
	p = fork();
	CHECK(p >= 0);
	if (p == 0) {
		fd = open(in("fifo"), O_WRONLY);
		_exit(!(fd == 3 && write(fd, "x", 1) == 1));
	}
	usleep(30000);
	CHECK(kill(p, SIGWINCH) == 0);
	usleep(10000);
	for (int i = 0; i < 2; i++) {
		CHECK(kill(p, SIGSTOP) == 0 && waitpid(p, &st, WUNTRACED) == p && WIFSTOPPED(st));
		CHECK(kill(p, SIGCONT) == 0);
	}
	fd = open(in("fifo"), O_RDONLY);
	char c;
	CHECK(read(fd, &c, 1) == 1 && close(fd) == 0);
	CHECK(waitpid(p, &st, 0) == p && st == 0);
	// Killed while it waits.
	p = fork();
	CHECK(p >= 0);
	if (p == 0) {
		open(in("fifo"), O_WRONLY);
		_exit(96);
	}
	usleep(30000);
	CHECK(kill(p, SIGKILL) == 0 && waitpid(p, &st, 0) == p && WIFSIGNALED(st));
	return 0;
}

static sigjmp_buf out;
static void jump(int sig) {
	(void)sig;
	siglongjmp(out, 1);
}

// jumps leaves a waiting open by longjmp; what is opened next must be what was asked for next.
static int jumps(void) {
	CHECK(mkfifo(in("fifo"), 0600) == 0);
	put("a");
	put("b");
	struct sigaction sa = {.sa_handler = jump, .sa_flags = SA_RESTART};
	CHECK(sigaction(SIGALRM, &sa, 0) == 0);
	for (volatile int i = 0; i < 20; i++) {
		if (!sigsetjmp(out, 1)) {
			once(3000);
			open(in("fifo"), O_WRONLY);
			CHECK(!"returned");
		}
		int fd = open(in(i % 2 ? "a" : "b"), O_RDONLY);
		CHECK(fd == 3 && holds(fd, i % 2 ? "a" : "b") && close(fd) == 0);
	}
	// And out of an open of a file, whenever the timer hits one.
	sigset_t alarm;
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm, 0); // before the timer: a jump would lead back into the loop above
	struct itimerval it = {{0, spaced(300)}, {0, spaced(300)}};
	CHECK(setitimer(ITIMER_REAL, &it, 0) == 0);
	for (volatile int i = 0; i < often(500); i++) {
		volatile int fd = -1;
		char path[8];
		strcpy(path, i % 2 ? "a" : "b");
		if (!sigsetjmp(out, 1)) {
			sigprocmask(SIG_UNBLOCK, &alarm, 0);
			fd = open(in(path), O_RDONLY);
			sigprocmask(SIG_BLOCK, &alarm, 0);
		}
		CHECK(fd == -1 || holds(fd, path));
		for (int n = 3; n < 8; n++) close(n); // a jump right after the call loses the number, natively too
	}
	return 0;
}

// hostile uses the private number and mark without having been given anything.
static int hostile(void) {
	put("a");
	const char *a = in("a");
	pid_t p = fork();
	CHECK(p >= 0);
	if (p) {
		int st;
		CHECK(waitpid(p, &st, 0) == p && st == 0);
		return 0;
	}
	CHECK(syscall(0x5359, AT_FDCWD, in("a"), O_RDONLY, 0, 0, 0) == -1 && errno == ENOSYS);
	CHECK(syscall(SYS_openat, AT_FDCWD, in("a"), O_RDONLY, 0, 0, 0x535944424f582d47) == -1 && errno == ENOSYS);
	rain(spaced(500), 0);
	for (int i = often(500); i > 0; i--) {
		CHECK(syscall(0x5359, AT_FDCWD, a, O_RDONLY, 0, 0, 0) == -1 && (errno == ENOSYS || errno == EINTR));
	}
	rain(0, 0);
	CHECK(open(in("a"), O_RDONLY) == 3);
	// The last answer may be repeated, as long as the tracer has seen nothing else; it makes no further descriptor.
	long r = syscall(0x5359, AT_FDCWD, in("a"), O_RDONLY, 0, 0, 0);
	CHECK(r == 3 || (r == -1 && errno == ENOSYS));
	CHECK(fcntl(4, F_GETFD) == -1 && open(in("a"), O_RDONLY) == 4);
	return 0;
}

// confined puts itself under a filter that knows only the calls it needs, and opens below it.
static int confined(void) {
	put("a");
	static const int allowed[] = {
		SYS_openat, SYS_read, SYS_write, SYS_close, SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_setitimer,
		SYS_getitimer,
		SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_futex, SYS_restart_syscall,
#ifdef SYS_open
		SYS_open,
#endif
#ifdef SYS_sigreturn
		SYS_sigreturn,
#endif
#ifdef SYS_time64
		SYS_time64,
#endif
	};
	enum { N = sizeof allowed / sizeof *allowed };
	struct sock_filter prog[N + 3] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	for (int i = 0; i < N; i++) prog[1 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], N - i, 0);
	prog[N + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	prog[N + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog fprog = {N + 3, prog};
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (args[3][0] == 'p') CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog) == 0);
	else CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog) == 0);
	rain(spaced(1000), 0);
	for (int i = often(300); i > 0; i--) {
		int fd = open(in("a"), O_RDONLY);
		CHECK(fd == 3 && holds(fd, "a") && close(fd) == 0);
	}
	return 0;
}

// many opens the same file again and again.
static int many(void) {
	put("a");
	for (int i = atoi(args[3]); i > 0; i--) {
		int fd = open(in("a"), O_RDONLY);
		CHECK(fd >= 0);
		close(fd);
	}
	return 0;
}

// crowd is processes that open all the time and are killed in the middle.
static int crowd(void) {
	put("a");
	for (int i = often(200); i > 0; i--) {
		pid_t p = fork();
		CHECK(p >= 0);
		if (p == 0) {
			if (i % 4 == 0) open(in("fifo"), O_WRONLY);
			for (;;) close(open(in("a"), O_RDONLY));
		}
		usleep(i * 10);
		CHECK(kill(p, SIGKILL) == 0);
		int st;
		CHECK(waitpid(p, &st, 0) == p);
	}
	return 0;
}

// waiting leaves many tasks waiting for the other end of a fifo that nobody opens, and still opens files.
static int waiting(void) {
	put("a");
	CHECK(mkfifo(in("fifo"), 0600) == 0);
	for (int i = 0; i < 100; i++) {
		if (fork() == 0) {
			open(in("fifo"), O_WRONLY);
			_exit(0);
		}
	}
	for (int i = 0; i < 200; i++) CHECK(open(in("a"), O_RDONLY) == 3 && close(3) == 0);
	return 0;
}

// stops is stopped and continued all the time while it opens.
static int stops(void) {
	put("a");
	int st, turn = 0;
	pid_t p = fork();
	CHECK(p >= 0);
	if (p == 0) {
		for (int i = often(1000); i > 0; i--) {
			int fd = open(in("a"), O_RDONLY);
			CHECK(fd == 3 && holds(fd, "a") && close(fd) == 0);
		}
		_exit(0);
	}
	while (waitpid(p, &st, WNOHANG) == 0) {
		kill(p, SIGSTOP);
		if (turn % 3) usleep(turn % 7 * 50);
		kill(p, SIGCONT);
		if (turn++ % 2) usleep(turn % 11 * 40);
	}
	CHECK(st == 0);
	return 0;
}

static volatile sig_atomic_t sum, count;
static void on_value(int sig, siginfo_t *si, void *uc) {
	(void)sig, (void)uc;
	if (si->si_code != SI_QUEUE || si->si_pid != getppid()) _exit(94);
	sum += si->si_value.sival_int;
	count++;
}

// queued gets signals with values while it opens: each comes once, with what it carries.
static int queued(void) {
	put("a");
	int st;
	const int N = often(1000);
	struct sigaction sa = {.sa_sigaction = on_value, .sa_flags = SA_SIGINFO};
	CHECK(sigaction(SIGRTMIN + 1, &sa, 0) == 0);
	pid_t p = fork();
	CHECK(p >= 0);
	if (p == 0) {
		while (count < N) {
			int fd = open(in("a"), O_RDONLY);
			CHECK(fd == 3 && holds(fd, "a") && close(fd) == 0);
		}
		_exit(sum != N * (N + 1) / 2);
	}
	for (int i = 1; i <= N; i++) {
		union sigval v = {.sival_int = i};
		CHECK(sigqueue(p, SIGRTMIN + 1, v) == 0);
		usleep(50);
	}
	CHECK(waitpid(p, &st, 0) == p && st == 0);
	return 0;
}

// registers80 opens by int 0x80, which out of 64-bit code uses the low halves of registers.
static int registers80(void) {
	put("a");
#if defined(__x86_64__)
	char *low = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(low != MAP_FAILED);
	strcpy(low, in("a"));
	for (int i = 0; i < 20; i++) {
		long r = 295 /* __NR_openat of i386 */, c = (long)low, d = O_RDONLY, bp;
		__asm__ volatile("push %%rbp\n movabs $0x1122334455667788, %%rbp\n int $0x80\n mov %%rbp, %1\n pop %%rbp\n"
		                 : "+a"(r), "=&S"(bp), "+c"(c), "+d"(d)
		                 : "b"((long)AT_FDCWD)
		                 : "memory", "r8", "r9", "r10", "r11");
		CHECK(r == 3 && bp == 0x1122334455667788 && c == (long)low && d == O_RDONLY && close(r) == 0);
	}
#else
	CHECK(open(in("a"), O_RDONLY) == 3);
#endif
	return 0;
}

// makers are many processes that make things until they are stopped.
static int makers(void) {
	for (int i = 0; i < 8; i++) {
		if (fork()) continue;
		for (int n = 0;; n++) {
			char name[32];
			snprintf(name, sizeof name, "%d.%d", i, n);
			mkdir(in(name), 0700);
			if (n % 8 == 0 && fork() == 0) _exit(0);
		}
	}
	for (;;) pause();
}

// spy tries to look into its parent, and says with what errno that fails.
static int spy(void) {
	char name[64];
	snprintf(name, sizeof name, "/proc/%d/environ", getppid());
	int fd = open(name, O_RDONLY);
	return fd < 0 ? errno : 0;
}

// seen prints what descriptors it has.
static int seen(void) {
	char name[64], link[256];
	for (int fd = 0; fd < 100; fd++) {
		snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(name, link, sizeof link - 1);
		if (n >= 0) dprintf(1, "%d %.*s\n", fd, (int)n, link);
	}
	return 0;
}

static struct {
	const char *name;
	int (*run)(void);
} modes[] = {
	{"plain", plain},     {"registers", registers}, {"full", full},         {"signals", signals},
	{"threads", threads}, {"children", children},   {"fifo", fifo},         {"write_and_run", write_and_run},
	{"jumps", jumps},     {"hostile", hostile},     {"confined", confined}, {"nothing", nothing},
	{"many", many},       {"crowd", crowd},         {"waiting", waiting},   {"seen", seen},
	{"stops", stops},     {"queued", queued},       {"makers", makers},     {"registers80", registers80},
	{"spy", spy},
};

int main(int argc, char **argv) {
	args = argv;
	for (unsigned i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
		if (!strcmp(argv[1], modes[i].name)) return modes[i].run();
	}
	return 95;
}
