/*
 * What a tracer hears of a task is made up, or means another task by the time that it is heard: traps with the codes of
 * the tracer's own events, its private call, a child of its own, calls that a signal handler or an exec cuts short.
 */
/* variants: static m32 */
#include "attack.h"
#include <linux/ptrace.h>

static void write_file(void) { say(open(V("file"), O_WRONLY)); }
static int wrote(long fd) { return fd >= 0 && write(fd, "changed by an attack\n", 21) == 21; }

static void lost(void)
{
	fprintf(stderr, "nothing was opened for writing\n");
	_exit(1);
}

/* Codes of SIGTRAP: every event's, and what PTRACE_O_TRACESYSGOOD makes of a call's stop. */
static void forge(pid_t tid, unsigned n)
{
	siginfo_t info = {.si_signo = SIGTRAP};
	unsigned event = n % 10;
	info.si_code = SIGTRAP | (event < 8 ? event << 8 : event == 8 ? PTRACE_EVENT_STOP << 8 : 0x80);
	syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, SIGTRAP, &info);
}
static void nothing(int sig) { (void)sig; }
TRICK(forged_events, "write")
{
	signal(SIGTRAP, SIG_IGN); /* a traced task stops all the same */
	for (unsigned n = 0; n < 20; n++) {
		if (n == 10)
			signal(SIGTRAP, nothing);
		forge(getpid(), n);
		if (wrote(open(V("file"), O_WRONLY)))
			return;
	}
	lost();
}
static volatile int stop;
static void *forges(void *unused)
{
	for (unsigned n = 0; !stop; n++)
		forge(getpid(), n);
	return unused;
}
TRICK(forged_events_by_thread, "write")
{
	pthread_t t;
	struct sigaction act = {.sa_handler = nothing, .sa_flags = SA_RESTART};
	sigaction(SIGTRAP, &act, NULL);
	DO(-(errno = pthread_create(&t, NULL, forges, NULL)));
	int won = 0;
	for (int n = 0; n < 500 && !won; n++)
		won = wrote(open(V("file"), O_WRONLY));
	stop = 1;
	pthread_join(t, NULL);
	if (!won)
		lost();
}

/* The tracer's private call and its mark on argument 5 (tracer/givefilter.go), asked for by the task itself. */
enum { PRIVATE_CALL = 0x5359 };
static const long mark = (long)0x535944424f582d47LL;
TRICK(private_call, "write unable")
{
	char *path = V("file");
	for (int n = 0; n < 20; n++) {
		close(open(path, O_RDONLY)); /* the last thing that was judged for this task */
		if (wrote(syscall(PRIVATE_CALL, AT_FDCWD, path, O_WRONLY, 0, 0, 0)))
			return;
	}
	lost();
}
TRICK(private_mark, "write refused")
{
	char *path = V("file");
	for (int n = 0; n < 20; n++) {
		close(open(path, O_RDONLY));
		if (wrote(syscall(SYS_openat, AT_FDCWD, path, O_WRONLY, 0, 0, mark)) ||
		    wrote(syscall(SYS_open, path, O_WRONLY, 0, 0, 0, mark)))
			return;
	}
	lost();
}
static void *opens(void *path)
{
	while (!stop)
		close(open(path, O_RDONLY));
	return NULL;
}
TRICK(private_mark_beside_others, "write refused")
{
	pthread_t t;
	char *path = V("file");
	DO(-(errno = pthread_create(&t, NULL, opens, path)));
	int won = 0;
	for (int n = 0; n < 500 && !won; n++)
		won = wrote(syscall(SYS_openat, AT_FDCWD, path, O_WRONLY, 0, 0, mark));
	stop = 1;
	pthread_join(t, NULL);
	if (!won)
		lost();
}

TRICK(born_to_the_tracer, "write")
{
	/* The parent of this child is this program's, which is the tracer. */
	int done[2];
	char c;
	DO(pipe(done));
	if (DO(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0)) == 0) {
		write_file();
		_exit(write(done[1], "", 1) != 1);
	}
	close(done[1]);
	DO(read(done[0], &c, 1) - 1);
}

/* Calls that come back to the program, which then makes them by itself (syscall user dispatch, Linux 5.11). */
static volatile char selector;
static void dispatched(int sig)
{
	(void)sig;
	selector = 0;
	write_file();
}
TRICK(user_dispatch, "write")
{
	enum { DISPATCH = 59, ON = 1, BLOCK = 1 };
	signal(SIGSYS, dispatched);
	if (prctl(DISPATCH, ON, 0, 0, &selector) != 0)
		impossible("no syscall user dispatch");
	selector = BLOCK;
	long r = syscall(SYS_openat, AT_FDCWD, str("own"), O_RDONLY);
	if (selector != BLOCK)
		return; /* it came back; what it returns is left to the machine (syscall_rollback) */
	selector = 0;
	DO(r);
}

/* Another program has the number of a task that waits in a call. */
static char *fifo;
static void *execs(void *arg)
{
	sleep_ms(100);
	DO(execl("/proc/self/exe", self, "forged_events", victim, allow, NULL));
	return arg;
}
static void after_waiting(void *(*first)(void *), void (*then)(void))
{
	pthread_t t;
	fifo = A("fifo");
	DO(mkfifo(fifo, 0600));
	if (DO(fork()) == 0) {
		/* The other end comes when the program is another one, or is about to be. */
		sleep_ms(110);
		close(open(fifo, O_WRONLY | O_NONBLOCK));
		_exit(0);
	}
	DO(-(errno = pthread_create(&t, NULL, first, NULL)));
	then();
}
static void *waits(void *arg)
{
	open(fifo, O_RDONLY);
	return arg;
}
static void wait_here(void)
{
	waits(NULL);
	pause();
}
static void exec_here(void) { execs(NULL); }
TRICK(exec_beside_a_waiting_open, "write") { after_waiting(waits, exec_here); }
TRICK(exec_over_a_waiting_open, "write") { after_waiting(execs, wait_here); }

#ifndef AT_EXECVE_CHECK
#define AT_EXECVE_CHECK 0x10000
#endif
TRICK(after_a_checked_exec, "write")
{
	/* Nothing is executed, so that no event tells of it. */
	static char *argv[] = {"true", NULL};
	if (syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, environ, AT_EXECVE_CHECK) != 0 && errno == EINVAL)
		impossible("no AT_EXECVE_CHECK");
	write_file();
}
