/*
 * ways MODE [ARGUMENTS]: executes one absolute name again and again while it comes to lead to another program.
 *
 * ask PATH: executes it for each line of standard input.
 * jail PATH ROOT: executes it, then in a root of its own.
 * race PATH ROOT TRIES: executes it while another process, with which the one that executes shares its root, keeps
 *   changing that to ROOT and back.
 *
 * ask and jail print the status of each, 200 and more for an exec that failed; race counts them.
 *
 * -DEVIL makes the other program, whose status is 77.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef EVIL
int main(void) { return 77; }
#else

static long step(long r, const char *what)
{
	if (r >= 0)
		return r;
	int e = errno;
	perror(what);
	exit(e);
}
#define DO(call) step((long)(call), #call)

static pid_t begin(int flags) { return DO(syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0)); }

static int execute(const char *path, int flags)
{
	int status;
	pid_t pid = begin(flags);
	if (pid == 0) {
		char *argv[] = {"x", NULL};
		execve(path, argv, (char *[]){NULL});
		_exit(200 + (errno < 50 ? errno : 50));
	}
	DO(waitpid(pid, &status, 0));
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int race(const char *path, const char *root, int tries)
{
	int succeeded = 0, refused = 0, killed = 0, otherwise = 0;
	int top = DO(open("/", O_PATH | O_DIRECTORY));
	pid_t mover = begin(CLONE_FS);
	if (mover == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			if (chroot(root) || fchdir(top) || chroot("."))
				_exit(1);
	}
	while (tries-- > 0) {
		int status = execute(path, CLONE_FS);
		if (status == 0)
			succeeded++;
		else if (status == 200 + EACCES)
			refused++;
		else if (status == 128 + SIGKILL)
			killed++;
		else
			otherwise++;
	}
	kill(mover, SIGKILL);
	printf("%d succeeded, %d refused, %d killed, %d otherwise\n", succeeded, refused, killed, otherwise);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";
	setlinebuf(stdout);
	if (!strcmp(mode, "ask")) {
		char line[64];
		while (fgets(line, sizeof line, stdin))
			printf("%d\n", execute(argv[2], 0));
		return 0;
	}
	if (!strcmp(mode, "jail") && argc == 4) {
		for (int i = 0; i < 3; i++)
			printf("%d\n", execute(argv[2], 0));
		DO(chroot(argv[3]));
		printf("%d\n", execute(argv[2], 0));
		return 0;
	}
	if (!strcmp(mode, "race") && argc == 5)
		return race(argv[2], argv[3], atoi(argv[4]));
	return 2;
}
#endif
