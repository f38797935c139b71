/*
 * cell UID GID COMMAND...: runs a command in namespaces of its own that are thrown away with it: mounts, processes,
 * System V and POSIX queues, names, network. There /proc shows the cell alone, the loopback is up, and kill(-1, 9) ends
 * nobody but the cell. Waits for everything in it, so that late writers count, and ends as the command did.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "cell: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void loopback(void)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s >= 0)
		ioctl(s, SIOCSIFFLAGS, &r);
	close(s);
}

/* Process 1 reaps until nobody is left. */
static int reap(pid_t first)
{
	int result = 125, status;
	for (pid_t pid; (pid = wait(&status)) > 0 || errno == EINTR;)
		if (pid == first)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return result;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	uid_t uid = atoi(argv[1]);
	gid_t gid = atoi(argv[2]);
	must(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET) == 0, "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "make mounts private");
	pid_t init = fork();
	must(init >= 0, "fork");
	if (init == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		must(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0, "mount /proc");
		loopback();
		pid_t pid = fork();
		must(pid >= 0, "fork");
		if (pid > 0)
			return reap(pid);
		must(setgroups(0, NULL) == 0 && setgid(gid) == 0 && setuid(uid) == 0, "become another user");
		execv(argv[3], argv + 3);
		must(0, argv[3]);
	}
	return reap(init);
}
