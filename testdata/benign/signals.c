/* Signals arrive once, in order, with the value, the code and the sender they were sent with. */
#include "check.h"
#include <ucontext.h>

static volatile sig_atomic_t count, last_code, last_value, last_pid_ok, last_uid_ok;
static void *volatile fault_address;
static volatile int *handled; /* counts as well, if there is one */

static void note(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	(void)sig;
	count++;
	last_code = si->si_code;
	last_value = si->si_value.sival_int;
	last_pid_ok = si->si_pid == getpid();
	last_uid_ok = si->si_uid == getuid();
	if (handled)
		++*handled;
}

static void on(int sig, int flags)
{
	struct sigaction sa = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | flags};
	sigemptyset(&sa.sa_mask);
	MUST(sigaction(sig, &sa, NULL) == 0);
	count = 0;
}

static char *guard;

static void fault(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	(void)sig;
	fault_address = si->si_addr;
	last_code = si->si_code;
	mprotect(guard, 4096, PROT_READ | PROT_WRITE);
}

static void queued_values(void)
{
	on(SIGRTMIN, 0);
	sigset_t set, old;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, &old);
	for (int i = 0; i < 50; i++)
		IS(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i}), 0);
	for (int i = 0; i < 49; i++) {
		siginfo_t si;
		IS(sigwaitinfo(&set, &si), SIGRTMIN);
		IS(si.si_value.sival_int, i);
		IS(si.si_code, SI_QUEUE);
	}
	IS(count, 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	IS(count, 1);
	IS(last_value, 49);
	IS(last_code, SI_QUEUE);
	CHECK(last_pid_ok && last_uid_ok);
	struct timespec none = {0, 0};
	sigprocmask(SIG_BLOCK, &set, NULL);
	FAILS(sigtimedwait(&set, NULL, &none), EAGAIN);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void codes(void)
{
	on(SIGUSR1, 0);
	kill(getpid(), SIGUSR1);
	IS(count, 1);
	IS(last_code, SI_USER);
	CHECK(last_pid_ok && last_uid_ok);
	raise(SIGUSR1);
	IS(count, 2);
	IS(last_code, SI_TKILL);
	/* A tracer that uses SIGTRAP for itself must not swallow or invent one. */
	on(SIGTRAP, 0);
	raise(SIGTRAP);
	IS(count, 1);
	IS(last_code, SI_TKILL);
	kill(getpid(), SIGTRAP);
	IS(count, 2);
	IS(last_code, SI_USER);
#if defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("int3");
	IS(count, 3);
	IS(last_code, SI_KERNEL);
#endif
	signal(SIGTRAP, SIG_IGN);
	raise(SIGTRAP);
	IS(count, count);
	signal(SIGTRAP, SIG_DFL);
}

static void suspended(void)
{
	on(SIGUSR2, 0);
	sigset_t set, old, none;
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid_t child = fork();
	if (child == 0) {
		pause_ms(30);
		kill(getppid(), SIGUSR2);
		_exit(0);
	}
	FAILS(sigsuspend(&none), EINTR);
	IS(count, 1);
	IS(exited(child), 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void interrupted(int flags, int want_restart)
{
	int p[2];
	MUST(pipe(p) == 0);
	struct { volatile int sent, handled, over; } *seen;
	seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(seen != MAP_FAILED);
	on(SIGUSR1, flags);
	handled = &seen->handled;
	pid_t parent = getpid(), child = fork();
	if (child == 0) {
		/* The first may come before the read. Each is handled before the next is sent, so that none merge. */
		while (want_restart ? seen->sent < 3 : !seen->over) {
			pause_ms(50);
			seen->sent++;
			kill(parent, SIGUSR1);
			while (seen->handled < seen->sent)
				pause_ms(1);
		}
		_exit(want_restart && write(p[1], "x", 1) != 1);
	}
	char c = 0;
	if (want_restart) {
		IS(read(p[0], &c, 1), 1);
		IS(c, 'x');
	} else {
		FAILS(read(p[0], &c, 1), EINTR);
		seen->over = 1;
	}
	IS(exited(child), 0);
	IS(count, seen->sent);
	handled = NULL;
	munmap((void *)seen, 4096);
	close(p[0]);
	close(p[1]);
}

static void faults(void)
{
	struct sigaction sa = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO};
	guard = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(guard != MAP_FAILED);
	sigaction(SIGSEGV, &sa, NULL);
	guard[100] = 1;
	CHECK(fault_address == guard + 100);
	IS(last_code, SEGV_ACCERR);
	signal(SIGSEGV, SIG_DFL);
}

static int on_altstack;
static char alt[65536];

static void where(int sig)
{
	char here;
	(void)sig;
	on_altstack = &here >= alt && &here < alt + sizeof alt;
}

static void stacks(void)
{
	stack_t ss = {.ss_sp = alt, .ss_size = sizeof alt};
	struct sigaction sa = {.sa_handler = where, .sa_flags = SA_ONSTACK | SA_RESETHAND};
	IS(sigaltstack(&ss, NULL), 0);
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	IS(on_altstack, 1);
	struct sigaction now;
	sigaction(SIGUSR1, NULL, &now);
	CHECK(now.sa_handler == SIG_DFL);
}

static void children(void)
{
	static const int codes[] = {CLD_EXITED, CLD_KILLED};
	for (int i = 0; i < 2; i++) {
		sigset_t set;
		siginfo_t si;
		sigemptyset(&set);
		sigaddset(&set, SIGCHLD);
		sigprocmask(SIG_BLOCK, &set, NULL);
		pid_t child = fork();
		if (child == 0) {
			if (i == 1)
				kill(getpid(), SIGKILL);
			_exit(8);
		}
		IS(sigwaitinfo(&set, &si), SIGCHLD);
		IS(si.si_code, codes[i]);
		IS(si.si_status, i == 0 ? 8 : SIGKILL);
		CHECK(si.si_pid == child);
		reap(child);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
	}
}

int main(void)
{
	queued_values();
	codes();
	suspended();
	interrupted(0, 0);
	interrupted(SA_RESTART, 1);
	faults();
	stacks();
	children();
	return done();
}
