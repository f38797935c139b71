/* A process that has ended is in /proc until its parent has waited for it, for its parent and for others. */
#include "check.h"

static void *ends_last(void *unused)
{
	pause_ms(20);
	syscall(SYS_exit_group, 7);
	return unused;
}

/* Waits for the end of a child and leaves it as it is. */
static void ended(pid_t pid)
{
	siginfo_t si;
	MUST(pid > 0);
	MUST(waitid(P_PID, pid, &si, WEXITED | WNOWAIT) == 0);
}

static const char *entry(pid_t pid, const char *name)
{
	static char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	return path;
}

/* What supervisors and ps(1) read of it. */
static void shows(pid_t pid)
{
	char name[64], line[64];
	IS(state_of(pid), 'Z');
	CHECK(strstr(get(entry(pid, "status")), "State:\tZ (zombie)") != NULL);
	snprintf(line, sizeof line, "Pid:\t%d\n", (int)pid);
	CHECK(strstr(get(entry(pid, "status")), line) != NULL);
	CHECK(strlen(get(entry(pid, "comm"))) > 0);
	IS(strlen(get(entry(pid, "cmdline"))), 0);
	snprintf(name, sizeof name, "task/%d/stat", (int)pid);
	CHECK(strstr(get(entry(pid, name)), ") Z ") != NULL);
	DIR *tasks = opendir(entry(pid, "task"));
	CHECK(tasks != NULL);
	if (tasks != NULL)
		closedir(tasks);
}

static void gone(pid_t pid)
{
	FAILS(open(entry(pid, "stat"), O_RDONLY), ENOENT);
	FAILS(open(entry(pid, "status"), O_RDONLY), ENOENT);
	FAILS(open(entry(pid, "task"), O_RDONLY | O_DIRECTORY), ENOENT);
}

static void one(pid_t pid, int status)
{
	ended(pid);
	shows(pid);
	int dir = open(entry(pid, ""), O_RDONLY | O_DIRECTORY), file = open(entry(pid, "stat"), O_RDONLY);
	char byte;
	CHECK(dir >= 0 && file >= 0);
	IS(openat(dir, "comm", O_RDONLY) >= 0, 1);
	IS(exited(pid), status);
	gone(pid);
	FAILS(read(file, &byte, 1), ESRCH);
	close(dir);
	close(file);
}

/* One whose parent is another: it is shown until that one ends, and init waits for it. */
static void grandchild(void)
{
	int out[2], in[2];
	MUST(pipe(out) == 0 && pipe(in) == 0);
	pid_t child = fork();
	if (child == 0) {
		pid_t grand = fork();
		if (grand == 0)
			_exit(5);
		ended(grand);
		char byte;
		MUST(write(out[1], &grand, sizeof grand) == sizeof grand);
		MUST(read(in[0], &byte, 1) == 1);
		IS(exited(grand), 5);
		MUST(write(out[1], &grand, sizeof grand) == sizeof grand);
		MUST(read(in[0], &byte, 1) == 1);
		_exit(failures);
	}
	pid_t grand;
	MUST(read(out[0], &grand, sizeof grand) == sizeof grand);
	shows(grand);
	MUST(write(in[1], "", 1) == 1);
	MUST(read(out[0], &grand, sizeof grand) == sizeof grand);
	gone(grand);
	MUST(write(in[1], "", 1) == 1);
	IS(exited(child), 0);
}

int main(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(3);
	one(pid, 3);

	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	kill(pid, SIGKILL);
	one(pid, -SIGKILL);

	pid = vfork();
	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	one(pid, 0);

	/* Its first thread ends before the others. */
	pid = fork();
	if (pid == 0) {
		pthread_t t;
		pthread_create(&t, NULL, ends_last, NULL);
		syscall(SYS_exit, 0);
	}
	one(pid, 7);

	/* Many, in both orders. */
	enum { MANY = 40 };
	pid_t many[MANY];
	for (int i = 0; i < MANY; i++) {
		many[i] = fork();
		if (many[i] == 0)
			_exit(i);
	}
	for (int i = 0; i < MANY; i++)
		ended(many[i]);
	for (int i = 0; i < MANY; i++)
		IS(state_of(many[i]), 'Z');
	for (int i = MANY - 1; i >= 0; i--) {
		IS(state_of(many[i]), 'Z');
		IS(exited(many[i]), i);
		FAILS(open(entry(many[i], "stat"), O_RDONLY), ENOENT);
	}
	grandchild();
	return done();
}
