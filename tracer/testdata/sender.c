// sender sends and connects where that has to wait, for the tests of calls that the tracer does in a task's place. Each
// mode exits with 0 if every call came out as it does without a tracer, and says on stderr which did not. args[2] is a
// directory of its own.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "slow.h"

static char **args;

// The calls by their own numbers: the library of i386 might use socketcall.
static ssize_t say(int fd, const void *buf, size_t n) { return syscall(SYS_sendto, fd, buf, n, 0, 0, 0); }
static int reach(int fd, const struct sockaddr_un *a) { return syscall(SYS_connect, fd, a, sizeof *a); }

// until waits until n calls are being done in tasks' places: the tracer says EAGAIN until then.
static void until(int n) {
	struct sockaddr_un a = {.sun_family = AF_UNSPEC, .sun_path = {n}};
	while (reach(-1, &a) == -1 && errno == EAGAIN) usleep(1000);
}

static volatile sig_atomic_t drops;
static void on_drop(int sig, siginfo_t *si, void *uc) {
	(void)sig, (void)si, (void)uc;
	int keep = errno;
	sigset_t now;
	eased(++drops);
	// What the handler finds blocked is its own signal and nothing else.
	sigprocmask(SIG_SETMASK, 0, &now);
	if (sigismember(&now, SIGUSR2) || sigismember(&now, SIGTERM)) _exit(98);
	errno = keep;
}

static void handle(int flags) {
	struct sigaction sa = {.sa_sigaction = on_drop, .sa_flags = SA_SIGINFO | flags};
	CHECK(sigaction(SIGALRM, &sa, 0) == 0);
}

// timer goes off again and again: the first time may be before the call that it is meant for.
static void timer(long first, long again) {
	struct itimerval it = {{0, again}, {0, first}};
	CHECK(setitimer(ITIMER_REAL, &it, 0) == 0);
}

// queue is a pair of sockets that keep messages apart and hold few.
static void queue(int s[2]) {
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s) == 0);
	int small = 1;
	CHECK(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
}

// fill makes the next message wait. It returns how many there are.
static int fill(int fd) {
	int n = 0;
	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	while (write(fd, &n, sizeof n) == sizeof n) n++; // write stops nowhere
	CHECK(errno == EAGAIN && n > 0 && fcntl(fd, F_SETFL, 0) == 0);
	return n;
}

static uint32_t random_state = 1;
static unsigned dice(unsigned n) { return (random_state = random_state * 1664525 + 1013904223) >> 16 & 0x7fff % n; }

// reader checks that the numbers from 0 to n come once each and in order, and takes its time now and then.
static pid_t reader(int s[2], int n) {
	pid_t p = fork();
	CHECK(p >= 0);
	if (p) return p;
	timer(0, 0);
	close(s[0]);
	for (int want = 0, got; want < n; want++) {
		if (want % 7 == 0) usleep(dice(2000));
		CHECK(read(s[1], &got, sizeof got) == sizeof got);
		if (got != want) dprintf(2, "%s: got %d, want %d\n", args[1], got, want);
		CHECK(got == want);
	}
	int more;
	CHECK(read(s[1], &more, sizeof more) == 0); // the end, and nothing before it
	_exit(0);
}

static void ends(pid_t p) {
	int st;
	while (waitpid(p, &st, 0) != p) CHECK(errno == EINTR);
	CHECK(st == 0);
}

// numbers sends numbers while a timer goes off all the time.
static int numbers(int restart) {
	int s[2], n = 600;
	queue(s);
	pid_t p = reader(s, n);
	close(s[1]);
	handle(restart ? SA_RESTART : 0);
	timer(spaced(700), spaced(700));
	for (int i = 0; i < n;) {
		ssize_t sent = say(s[0], &i, sizeof i);
		if (sent == sizeof i) i++;
		else CHECK(sent == -1 && errno == EINTR && !restart);
	}
	timer(0, 0);
	CHECK(drops > 0);
	close(s[0]);
	ends(p);
	return 0;
}
static int eintr(void) { return numbers(0); }
static int restart(void) { return numbers(1); }

// drain empties the queue after a while.
static pid_t drain(int s[2], int us, int n) {
	pid_t p = fork();
	CHECK(p >= 0);
	if (p) return p;
	close(s[0]);
	usleep(us);
	for (int i = 0, got; i < n; i++) CHECK(read(s[1], &got, sizeof got) == sizeof got && got == i);
	_exit(0);
}

// once is one signal in the middle of one message that waits, with the handlers that there are.
static int once(void) {
	int s[2], st;
	queue(s);
	int n = fill(s[0]);
	handle(0);
	timer(30000, 30000);
	CHECK(say(s[0], &n, sizeof n) == -1 && errno == EINTR && drops > 0);
	handle(SA_RESTART);
	pid_t p = drain(s, 90000, n + 1);
	CHECK(say(s[0], &n, sizeof n) == sizeof n);
	ends(p);
	timer(0, 0);
	// One that nobody handles, and a stop.
	n = fill(s[0]);
	p = fork();
	CHECK(p >= 0);
	if (p == 0) _exit(say(s[0], &n, sizeof n) != sizeof n);
	usleep(30000);
	CHECK(kill(p, SIGWINCH) == 0);
	usleep(10000);
	for (int i = 0; i < 2; i++) {
		CHECK(kill(p, SIGSTOP) == 0 && waitpid(p, &st, WUNTRACED) == p && WIFSTOPPED(st));
		CHECK(kill(p, SIGCONT) == 0);
	}
	int got;
	for (int i = 0; i <= n; i++) CHECK(read(s[1], &got, sizeof got) == sizeof got && got == i);
	ends(p);
	CHECK(recv(s[1], &got, sizeof got, MSG_DONTWAIT) == -1 && errno == EAGAIN);
	// Killed while it waits: nothing is sent.
	n = fill(s[0]);
	p = fork();
	CHECK(p >= 0);
	if (p == 0) {
		say(s[0], &n, sizeof n);
		_exit(96);
	}
	usleep(30000);
	CHECK(kill(p, SIGKILL) == 0 && waitpid(p, &st, 0) == p && WIFSIGNALED(st));
	until(0);
	for (int i = 0; i < n; i++) CHECK(read(s[1], &got, sizeof got) == sizeof got && got == i);
	usleep(30000);
	CHECK(recv(s[1], &got, sizeof got, MSG_DONTWAIT) == -1 && errno == EAGAIN);
	return 0;
}

// reply is a message that waits and is interrupted: the answer is that it was sent, or, without a tracer, EINTR.
static int reply(void) {
	for (int i = 0; i < 10; i++) {
		int s[2];
		queue(s);
		int n = fill(s[0]);
		handle(i % 2 ? SA_RESTART : 0);
		pid_t p = drain(s, 40000, n + 1);
		timer(10000, 10000);
		while (say(s[0], &n, sizeof n) == -1) CHECK(errno == EINTR && i % 2 == 0);
		ends(p);
		timer(0, 0);
		int got;
		CHECK(recv(s[1], &got, sizeof got, MSG_DONTWAIT) == -1 && errno == EAGAIN);
		close(s[0]), close(s[1]);
	}
	return 0;
}

// patience: a socket with a timeout is never started over.
static int patience(void) {
	int s[2];
	queue(s);
	int n = fill(s[0]);
	struct timeval tv = {30, 0};
	CHECK(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv) == 0);
	for (int i = 0; i < 4; i++) {
		handle(i % 2 ? SA_RESTART : 0);
		timer(20000, 20000);
		CHECK(say(s[0], &n, sizeof n) == -1 && errno == EINTR && drops > 0);
	}
	return 0;
}

static struct sockaddr_un place(void) {
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof a.sun_path, "%s/socket", args[2]);
	return a;
}

static int unix_socket(int flags) {
	int fd = socket(AF_UNIX, SOCK_STREAM | flags, 0);
	CHECK(fd >= 0);
	return fd;
}

// connects waits for a place in a full queue.
static int connects(void) {
	struct sockaddr_un a = place();
	int l = unix_socket(0), filler[8];
	CHECK(bind(l, (struct sockaddr *)&a, sizeof a) == 0 && listen(l, 0) == 0);
	int full = 0;
	for (;; full++) {
		CHECK(full < 8);
		filler[full] = unix_socket(SOCK_NONBLOCK);
		if (reach(filler[full], &a) == -1) break;
	}
	CHECK(errno == EAGAIN && full > 0);
	int fd = unix_socket(0);
	handle(0);
	timer(30000, 30000);
	CHECK(reach(fd, &a) == -1 && errno == EINTR && drops > 0);
	handle(SA_RESTART);
	pid_t p = fork();
	CHECK(p >= 0);
	if (p == 0) {
		usleep(90000);
		CHECK(accept(l, 0, 0) >= 0);
		_exit(0);
	}
	CHECK(reach(fd, &a) == 0);
	ends(p);
	timer(0, 0);
	CHECK(unlink(a.sun_path) == 0 && reach(unix_socket(0), &a) == -1 && errno == ENOENT);
	return 0;
}

static sigjmp_buf out;
static void jump(int sig) {
	(void)sig;
	siglongjmp(out, 1);
}

// jumps leaves messages that wait by longjmp; what is sent next is what was asked for next.
static int jumps(void) {
	int s[2], other[2], got;
	queue(s);
	queue(other);
	int n = fill(s[0]);
	struct sigaction sa = {.sa_handler = jump, .sa_flags = SA_RESTART};
	CHECK(sigaction(SIGALRM, &sa, 0) == 0);
	for (volatile int i = 0; i < 20; i++) {
		if (!sigsetjmp(out, 1)) {
			timer(3000, 0);
			say(s[0], &n, sizeof n);
			CHECK(!"returned");
		}
		got = i;
		CHECK(say(other[0], &got, sizeof got) == sizeof got);
		CHECK(read(other[1], &got, sizeof got) == sizeof got && got == i);
	}
	until(0);
	for (int i = 0; i < n; i++) CHECK(read(s[1], &got, sizeof got) == sizeof got && got == i);
	CHECK(recv(s[1], &got, sizeof got, MSG_DONTWAIT) == -1 && errno == EAGAIN);
	return 0;
}

static void *talker(void *p) {
	int *s = p;
	for (int i = 0; i < often(150);) {
		ssize_t sent = say(s[0], &i, sizeof i);
		CHECK(sent == sizeof i || (sent == -1 && errno == EINTR));
		i += sent == sizeof i;
	}
	close(s[0]);
	return p;
}

// threads send at the same time, and a signal hits any of them.
static int threads(void) {
	enum { N = 6 };
	static int s[N][2];
	pid_t p[N];
	pthread_t t[N];
	for (int i = 0; i < N; i++) {
		queue(s[i]);
		CHECK(fcntl(s[i][0], F_SETFD, FD_CLOEXEC) == 0);
		p[i] = fork();
		CHECK(p[i] >= 0);
		if (p[i] == 0) {
			for (int k = 0; k <= i; k++) close(s[k][0]);
			for (int want = 0, got; want < often(150); want++) {
				CHECK(read(s[i][1], &got, sizeof got) == sizeof got && got == want);
				if (want % 5 == 0) usleep(500);
			}
			_exit(0);
		}
	}
	handle(0);
	timer(spaced(900), spaced(900));
	for (int i = 0; i < N; i++) CHECK(pthread_create(&t[i], 0, talker, s[i]) == 0);
	for (int i = 0; i < N; i++) CHECK(pthread_join(t[i], 0) == 0);
	timer(0, 0);
	for (int i = 0; i < N; i++) ends(p[i]);
	return 0;
}

static void *idle(void *p) {
	for (;;) usleep(100000);
	return p;
}

// taken: another thread may have got the signal by the time that the one which waited could.
static int taken(void) {
	pthread_t t;
	CHECK(pthread_create(&t, 0, idle, 0) == 0);
	handle(0);
	for (int i = 0; i < 10; i++) {
		int s[2], got;
		queue(s);
		int n = fill(s[0]);
		pid_t p = drain(s, 30000, n + 1);
		timer(10000, 10000);
		while (say(s[0], &n, sizeof n) == -1) CHECK(errno == EINTR);
		ends(p);
		timer(0, 0);
		CHECK(recv(s[1], &got, sizeof got, MSG_DONTWAIT) == -1 && errno == EAGAIN);
		close(s[0]), close(s[1]);
	}
	_exit(drops == 0);
}

static void *stuck(void *p) {
	int *s = p, n = 12345;
	say(s[0], &n, sizeof n);
	_exit(93);
}

static void *replaces(void *p) {
	(void)p;
	usleep(20000);
	execl(args[0], args[0], "nothing", args[2], (char *)0);
	_exit(92);
}

// replaced: while threads wait, another becomes a new program. They send nothing. It is the last that is made: nobody
// gets a thread while another executes a program (EAGAIN of copy_fs in kernel/fork.c).
static int replaced(void) {
	int s[2], got;
	queue(s);
	int n = fill(s[0]);
	for (int i = 0; i < 6; i++) {
		pid_t p = fork();
		CHECK(p >= 0);
		if (p == 0) {
			pthread_t t[4];
			for (int k = 0; k < 4; k++) CHECK(pthread_create(&t[k], 0, k == 3 ? replaces : stuck, s) == 0);
			if (i % 2) stuck(s); // the leader too
			pthread_join(t[3], 0);
			_exit(91);
		}
		ends(p);
	}
	until(0);
	for (int i = 0; i < n; i++) CHECK(read(s[1], &got, sizeof got) == sizeof got && got == i);
	usleep(20000);
	CHECK(recv(s[1], &got, sizeof got, MSG_DONTWAIT) == -1 && errno == EAGAIN);
	return 0;
}

// crowd is processes that send all the time and are killed in the middle.
static int crowd(void) {
	for (int i = 0; i < often(120); i++) {
		int s[2], st;
		queue(s);
		pid_t p = fork();
		CHECK(p >= 0);
		if (p == 0) {
			for (int n = 0;; n++) say(s[0], &n, sizeof n);
		}
		// One at least gets as far as that.
		if (i == 0) CHECK(read(s[1], &st, sizeof st) == sizeof st);
		usleep(i * 20);
		CHECK(kill(p, SIGKILL) == 0 && waitpid(p, &st, 0) == p);
		close(s[0]), close(s[1]);
	}
	return 0;
}

// stops is stopped and continued all the time while it sends.
static int stops(void) {
	int s[2], st, turn = 0, n = often(400);
	queue(s);
	pid_t r = reader(s, n);
	close(s[1]);
	pid_t p = fork();
	CHECK(p >= 0);
	if (p == 0) {
		for (int i = 0; i < n; i++) CHECK(say(s[0], &i, sizeof i) == sizeof i);
		_exit(0);
	}
	close(s[0]);
	while (waitpid(p, &st, WNOHANG) == 0) {
		kill(p, SIGSTOP);
		if (turn % 3) usleep(turn % 7 * 50);
		kill(p, SIGCONT);
		if (turn++ % 2) usleep(turn % 11 * 40);
	}
	CHECK(st == 0);
	ends(r);
	return 0;
}

static volatile sig_atomic_t sum, count;
static void on_value(int sig, siginfo_t *si, void *uc) {
	(void)sig, (void)uc;
	if (si->si_code != SI_QUEUE || si->si_pid != getppid()) _exit(94);
	sum += si->si_value.sival_int;
	count++;
}

// queued gets signals with values while it waits: each comes once, with what it carries.
static int queued(void) {
	const int N = often(300);
	int s[2];
	queue(s);
	int n = fill(s[0]);
	struct sigaction sa = {.sa_sigaction = on_value, .sa_flags = SA_SIGINFO};
	CHECK(sigaction(SIGRTMIN + 1, &sa, 0) == 0);
	pid_t p = fork();
	CHECK(p >= 0);
	if (p == 0) {
		handle(0);
		timer(50000, 50000); // the last value may come between a look at the count and the call
		while (count < N) CHECK(say(s[0], &n, sizeof n) == -1 && errno == EINTR);
		_exit(sum != N * (N + 1) / 2);
	}
	until(1); // on a busy machine all could have come before it waits
	for (int i = 1; i <= N; i++) {
		union sigval v = {.sival_int = i};
		CHECK(sigqueue(p, SIGRTMIN + 1, v) == 0);
		usleep(i % 3 ? 100 : 2000);
	}
	ends(p);
	return 0;
}

// registers: nothing but the result is changed, in any argument register.
static int registers(void) {
	int s[2], m = 7, got;
	queue(s);
	for (int i = 0; i < 50; i++) {
#if defined(__x86_64__)
		long r = SYS_sendto, di = s[0], si = (long)&m, dx = sizeof m;
		register long r10 __asm__("r10") = 0x1010101000000000, r8 __asm__("r8") = 0, r9 __asm__("r9") = 0x0909090900000000;
		register long r12 __asm__("r12") = 0x1212121212121212;
		__asm__ volatile("syscall"
		                 : "+a"(r), "+D"(di), "+S"(si), "+d"(dx), "+r"(r10), "+r"(r8), "+r"(r9), "+r"(r12)
		                 :
		                 : "rcx", "r11", "memory");
		CHECK(r == sizeof m && di == s[0] && si == (long)&m && dx == sizeof m && r10 == 0x1010101000000000);
		CHECK(r8 == 0 && r9 == 0x0909090900000000 && r12 == 0x1212121212121212);
#else
		CHECK(say(s[0], &m, sizeof m) == sizeof m);
#endif
		CHECK(read(s[1], &got, sizeof got) == sizeof got && got == 7);
	}
	return 0;
}

// sendto_at_a_page makes the call by an instruction that begins a page, whose first byte is gate.
long sendto_at_a_page(long fd, const void *buf, long n);
extern char gate[];
#if defined(__x86_64__)
__asm__(".text\n.balign 4096\nsendto_at_a_page: xor %r10d, %r10d\nxor %r8d, %r8d\nxor %r9d, %r9d\nmov $44, %eax\n"
        "jmp gate\n"
        ".balign 4096\ngate: syscall\nret\n.balign 4096\n");
#elif defined(__i386__)
__asm__(".text\n.balign 4096\nsendto_at_a_page: push %ebx\npush %esi\npush %edi\npush %ebp\nmov 20(%esp), %ebx\n"
        "mov 24(%esp), %ecx\nmov 28(%esp), %edx\nxor %esi, %esi\nxor %edi, %edi\nxor %ebp, %ebp\nmov $369, %eax\n"
        "jmp gate\n"
        ".balign 4096\ngate: int $0x80\npop %ebp\npop %edi\npop %esi\npop %ebx\nret\n.balign 4096\n");
#elif defined(__aarch64__)
__asm__(".text\n.balign 4096\nsendto_at_a_page: mov x3, #0\nmov x4, #0\nmov x5, #0\nmov x8, #206\nb gate\n"
        ".balign 4096\ngate: svc #0\nret\n.balign 4096\n");
#elif defined(__arm__)
#ifdef __thumb__
#define BACK ".thumb\n"
#else
#define BACK
#endif
__asm__(".text\n.balign 4096\n.arm\n.type sendto_at_a_page, %function\nsendto_at_a_page: "
        "push {r4, r5, r7, lr}\nmov r3, #0\nmov r4, #0\nmov r5, #0\nmov r7, #290\nb gate\n"
        ".balign 4096\ngate: svc #0\npop {r4, r5, r7, pc}\n.balign 4096\n" BACK);
#elif defined(__riscv)
__asm__(".text\n.balign 4096\nsendto_at_a_page: li a3, 0\nli a4, 0\nli a5, 0\nli a7, 206\nj gate\n"
        ".balign 4096\ngate: ecall\nret\n.balign 4096\n");
#endif

static void on_gate(int sig, siginfo_t *si, void *uc) {
	(void)sig, (void)uc;
	if (si->si_addr != gate || mprotect(gate, 4096, PROT_READ | PROT_EXEC)) _exit(90);
	drops++;
}

// again: a signal comes when a call like the last is about to be made, and its registers are loaded.
static int again(void) {
	int s[2], got;
	queue(s);
	struct sigaction sa = {.sa_sigaction = on_gate, .sa_flags = SA_SIGINFO};
	CHECK(sigaction(SIGSEGV, &sa, 0) == 0);
	for (int i = 0; i < 20; i++) {
		CHECK(sendto_at_a_page(s[0], &i, sizeof i) == sizeof i);
		CHECK(recv(s[1], &got, sizeof got, MSG_DONTWAIT) == sizeof got && got == i);
		CHECK(mprotect(gate, 4096, PROT_READ) == 0);
	}
	CHECK(recv(s[1], &got, sizeof got, MSG_DONTWAIT) == -1 && errno == EAGAIN && drops == 19);
	return 0;
}

// confined sends below a filter of its own that knows only what it needs.
static int confined(void) {
	static const int allowed[] = {
		SYS_sendto, SYS_read, SYS_write, SYS_close, SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_setitimer,
		SYS_getitimer,
		SYS_rt_sigprocmask, SYS_wait4, SYS_restart_syscall,
#ifdef SYS_sigreturn
		SYS_sigreturn,
#endif
#ifdef SYS_waitpid
		SYS_waitpid,
#endif
	};
	enum { N = sizeof allowed / sizeof *allowed };
	struct sock_filter prog[N + 3] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	for (int i = 0; i < N; i++) prog[1 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], N - i, 0);
	prog[N + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	prog[N + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog fprog = {N + 3, prog};
	int s[2], n = often(300);
	queue(s);
	pid_t p = reader(s, n);
	close(s[1]);
	handle(0);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog) == 0);
	timer(spaced(900), spaced(900));
	for (int i = 0; i < n;) {
		ssize_t sent = say(s[0], &i, sizeof i);
		CHECK(sent == sizeof i || (sent == -1 && errno == EINTR));
		i += sent == sizeof i;
	}
	timer(0, 0);
	close(s[0]);
	ends(p);
	return 0;
}

// lonely lets a message wait for ever.
static int lonely(void) {
	int s[2];
	queue(s);
	int n = fill(s[0]);
	for (int i = 0; i < 20; i++) {
		if (fork() == 0) {
			say(s[0], &n, sizeof n);
			_exit(0);
		}
	}
	until(20);
	return 0;
}

// result is what a call returns.
static int result(void) {
	long want = atol(args[2]), got = say(-1, "", 0);
	if (want < 0) CHECK(got == -1 && errno == -want);
	else CHECK(got == want);
	return 0;
}

static int nothing(void) { return 0; }

static struct {
	const char *name;
	int (*run)(void);
} modes[] = {
	{"eintr", eintr},       {"restart", restart},     {"once", once},         {"reply", reply},
	{"patience", patience}, {"connects", connects},   {"jumps", jumps},       {"threads", threads},
	{"replaced", replaced}, {"crowd", crowd},         {"stops", stops},       {"queued", queued},
	{"registers", registers}, {"confined", confined}, {"lonely", lonely},     {"nothing", nothing},
	{"result", result},     {"taken", taken},         {"again", again},
};

int main(int argc, char **argv) {
	args = argv;
	for (unsigned i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
		if (!strcmp(argv[1], modes[i].name)) return modes[i].run();
	}
	return 95;
}
