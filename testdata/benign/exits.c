/* Every exit status and every deadly signal arrive at the parent, and a shell sees 128+N. */
#include "check.h"

int main(void)
{
	for (int code = 0; code < 256; code++) {
		pid_t child = fork();
		if (child == 0)
			_exit(code);
		IS(exited(child), code);
	}
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	for (int sig = 1; sig < NSIG; sig++) {
		if (sig == SIGCHLD || sig == SIGCONT || sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
		    sig == SIGTTOU || sig == SIGURG || sig == SIGWINCH || sig == 32 || sig == 33)
			continue;
		pid_t child = fork();
		if (child == 0) {
			sigset_t set;
			sigemptyset(&set);
			sigprocmask(SIG_SETMASK, &set, NULL);
			signal(sig, SIG_DFL);
			kill(getpid(), sig);
			_exit(0);
		}
		int status = reap(child);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != sig || WCOREDUMP(status))
			failed(__LINE__, "status", "signal %d gives status %x", sig, status);
	}
	/* Ignored by default. */
	static const int ignored[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH};
	for (int i = 0; i < 4; i++) {
		pid_t child = fork();
		if (child == 0) {
			kill(getpid(), ignored[i]);
			_exit(17);
		}
		IS(exited(child), 17);
	}
	IS(system("sh -c 'kill -9 $$'; test $? = 137; exit $?"), 0);
	IS(system("sh -c 'kill -TERM $$'; test $? = 143; exit $?"), 0);
	/* Real deaths, not sent ones. */
	pid_t child = fork();
	if (child == 0)
		*(volatile int *)16 = 1;
	IS(exited(child), -SIGSEGV);
	child = fork();
	if (child == 0)
		abort();
	IS(exited(child), -SIGABRT);
	child = fork();
	if (child == 0)
		__builtin_trap();
#if defined __aarch64__ || defined __riscv && !defined __clang__
	IS(exited(child), -SIGTRAP); /* the compiler's trap is a breakpoint there */
#else
	IS(exited(child), -SIGILL);
#endif
	return done();
}
