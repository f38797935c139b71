/* Tasks that a tracer may lose: unusual clones, early and late moments, threads that share, stops and kills. */
/* variants: static m32 */
#include "attack.h"
#include <linux/sched.h>
#include <sys/ptrace.h>

static void write_file(void) { say(open(V("file"), O_WRONLY | O_TRUNC)); }

static void *in_thread(void *arg)
{
	write_file();
	return arg;
}
static void threads(pthread_t *t, void *(*f)(void *), void *arg)
{
	errno = pthread_create(t, NULL, f, arg);
	DO(errno ? -1 : 0);
}

TRICK(in_fork, "write") { IN_CHILD(pid) write_file(); }
TRICK(in_vfork, "write")
{
	pid_t pid = vfork();
	if (pid == 0) {
		write_file();
		_exit(0);
	}
	finish(pid);
}
TRICK(in_a_thread, "write")
{
	pthread_t t;
	threads(&t, in_thread, NULL);
	pthread_join(t, NULL);
}
TRICK(daemon, "write vague")
{
	if (DO(fork()) == 0) {
		setsid();
		if (DO(fork()) == 0) {
			sleep_ms(300);
			write_file();
		}
		_exit(0);
	}
}
TRICK(daemon_without_output, "write vague")
{
	/* Nothing ties it to the starter: no group, no session, no descriptor. */
	if (DO(fork()) == 0) {
		setsid();
		for (int i = 0; i < 10; i++)
			close(i);
		if (DO(fork()) == 0) {
			DO(chdir("/"));
			sleep_ms(300);
			write_file();
		}
		_exit(0);
	}
}
TRICK(first_instruction, "write")
{
	char *path = V("file");
	pid_t pid = DO(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		int fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_TRUNC, 0);
		_exit(fd < 0);
	}
	finish(pid);
}
TRICK(untraced_clone, "write refused")
{
	/* The kernel does not attach a tracer to such a child. */
	pid_t pid = DO(syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		sleep_ms(100);
		write_file();
		_exit(0);
	}
	finish(pid);
}
TRICK(untraced_clone_high_garbage, "write refused")
{
	if (sizeof(long) < 8)
		impossible("needs a 64-bit ABI");
	pid_t pid = DO(syscall(SYS_clone, (long)((1ULL << 40) | CLONE_UNTRACED | SIGCHLD), 0, 0, 0, 0));
	if (pid == 0) {
		sleep_ms(100);
		write_file();
		_exit(0);
	}
	finish(pid);
}
TRICK(clone3_untraced, "write refused")
{
	struct clone_args args = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};
	pid_t pid = DO(syscall(SYS_clone3, &args, sizeof args));
	if (pid == 0) {
		sleep_ms(100);
		write_file();
		_exit(0);
	}
	finish(pid);
}
TRICK(clone_ptrace, "write refused")
{
	pid_t pid = DO(syscall(SYS_clone, CLONE_PTRACE | SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		write_file();
		_exit(0);
	}
	finish(pid);
}
TRICK(clone_parent, "write vague")
{
	IN_CHILD(pid)
	{
		pid_t sibling = DO(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0));
		if (sibling == 0)
			write_file();
		_exit(0);
	}
	wait_for(-1);
}
TRICK(no_exit_signal, "write")
{
	pid_t pid = DO(syscall(SYS_clone, 0, 0, 0, 0, 0));
	if (pid == 0) {
		write_file();
		_exit(0);
	}
	finish(pid);
}

static char stack[65536] __attribute__((aligned(16)));
static int moves(void *arg)
{
	(void)arg;
	DO(chdir(victim));
	return 0;
}
TRICK(shared_cwd, "write")
{
	/* Another task moves the directory that this one's relative name is read against. */
	pid_t pid = DO(clone(moves, stack + sizeof stack, CLONE_FS | CLONE_VM | SIGCHLD, NULL));
	finish(pid);
	say(open("file", O_WRONLY));
}
static int swaps(void *arg)
{
	int dir = DO(open(victim, O_RDONLY | O_DIRECTORY));
	DO(dup2(dir, (int)(intptr_t)arg));
	return 0;
}
TRICK(shared_descriptors, "write")
{
	intptr_t dir = DO(open(allow, O_RDONLY | O_DIRECTORY));
	pid_t pid = DO(clone(swaps, stack + sizeof stack, CLONE_FILES | CLONE_VM | SIGCHLD, (void *)dir));
	finish(pid);
	say(openat(dir, "file", O_WRONLY));
}
static void *thread_moves(void *arg)
{
	DO(chdir(victim));
	return arg;
}
TRICK(thread_chdir, "write")
{
	pthread_t t;
	threads(&t, thread_moves, NULL);
	pthread_join(t, NULL);
	say(open("file", O_WRONLY));
}
static void *unshares(void *arg)
{
	DO(unshare(CLONE_FS));
	DO(chdir(victim));
	say(open("file", O_WRONLY));
	return arg;
}
TRICK(thread_own_cwd, "write")
{
	pthread_t t;
	threads(&t, unshares, NULL);
	pthread_join(t, NULL);
}
static void *execs(void *arg)
{
	DO(execl("/proc/self/exe", self, "in_fork", victim, allow, NULL));
	return arg;
}
TRICK(exec_from_thread, "write")
{
	pthread_t t;
	threads(&t, execs, NULL);
	pthread_join(t, NULL);
}
TRICK(exec_and_write, "write") { DO(execl("/proc/self/exe", self, "in_a_thread", victim, allow, NULL)); }
TRICK(shell_redirection, "write")
{
	DO(execl("/bin/sh", "sh", "-c", "echo changed >\"$0/file\"", victim, NULL));
}
TRICK(script_of_own, "write")
{
	int fd = DO(open("script", O_WRONLY | O_CREAT, 0755));
	const char *text = str("#!/bin/sh\necho changed >'%s/file'\n", victim);
	DO(write(fd, text, strlen(text)));
	close(fd);
	DO(execl("./script", "script", NULL));
}
TRICK(leader_gone, "write")
{
	pthread_t t;
	threads(&t, in_thread, NULL);
	pthread_exit(NULL);
}
TRICK(after_stop, "write")
{
	pid_t pid = DO(fork());
	if (pid == 0) {
		raise(SIGSTOP);
		write_file();
		_exit(0);
	}
	int status;
	DO(waitpid(pid, &status, WUNTRACED));
	kill(pid, SIGCONT);
	finish(pid);
}
TRICK(stop_storm, "write vague")
{
	pid_t pid = DO(fork());
	if (pid == 0) {
		for (int i = 0; i < 200; i++) {
			int fd = open(V("file"), O_WRONLY);
			if (fd >= 0) {
				say(fd);
				break;
			}
		}
		_exit(0);
	}
	for (int i = 0; i < 200; i++) {
		kill(pid, SIGSTOP);
		sched_yield();
		kill(pid, SIGCONT);
	}
	wait_for(pid);
}
TRICK(kill_storm, "write vague")
{
	for (int i = 0; i < 100; i++) {
		pid_t pid = DO(fork());
		if (pid == 0) {
			for (;;) {
				int fd = open(V("file"), O_WRONLY | O_APPEND);
				if (fd >= 0)
					say(fd);
			}
		}
		struct timespec t = {0, i * i * 1000L}; /* the last have 10 ms */
		nanosleep(&t, NULL);
		kill(pid, SIGKILL);
		wait_for(pid);
	}
}
static void handler(int sig)
{
	(void)sig;
	write_file();
}
TRICK(in_a_handler, "write")
{
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
}
TRICK(traced_child, "write refused")
{
	/* Take the tracer's place for a child of one's own. */
	pid_t pid = DO(fork());
	if (pid == 0) {
		DO(ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		write_file();
		_exit(0);
	}
	int status;
	DO(waitpid(pid, &status, WUNTRACED));
	DO(ptrace(PTRACE_CONT, pid, 0, 0));
	finish(pid);
}
TRICK(fork_bomblet, "write vague")
{
	/* Many at once, any of which would do. */
	for (int i = 0; i < 100; i++)
		if (DO(fork()) == 0) {
			for (int j = 0; j < 3; j++)
				fork();
			int fd = open(V("file"), O_WRONLY);
			if (fd >= 0)
				say(fd);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	sleep_ms(100);
}
TRICK(subreaper_orphan, "write vague")
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (DO(fork()) == 0) {
		if (DO(fork()) == 0) {
			sleep_ms(50);
			write_file();
			_exit(0);
		}
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
}
TRICK(core_file, "write refused vague hull needs=core")
{
	char pattern[64] = "";
	int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY);
	if (fd < 0 || read(fd, pattern, sizeof pattern) < 1 || *pattern == '|' || *pattern == '/')
		impossible("core files are not written to the working directory here");
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	if (getrlimit(RLIMIT_CORE, &all) == 0 && (all.rlim_cur = all.rlim_max, setrlimit(RLIMIT_CORE, &all)) != 0)
		impossible("the core limit cannot be raised");
	if (all.rlim_max == 0)
		impossible("the core limit is 0");
	IN_CHILD(pid)
	{
		DO(chdir(victim));
		DO(prctl(PR_SET_DUMPABLE, 1));
		signal(SIGABRT, SIG_DFL);
		if (fork() == 0)
			abort();
		wait(NULL);
	}
}
