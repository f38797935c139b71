/* Tries what a Landlock domain may forbid, and prints the name and errno of each attempt.
 *
 *	reach DIR OWN PID
 *
 * DIR has file, other, third, full/, and empty/; OWN is another directory with own, own2 and own3. PID is another process.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static char dir[4096], own[4096];

static const char *in(const char *base, const char *name)
{
	static char buf[4][8192];
	static int i;
	char *p = buf[i++ % 4];
	snprintf(p, sizeof buf[0], "%s/%s", base, name);
	return p;
}

static void say(const char *name, long result)
{
	printf("%s %d\n", name, result < 0 ? errno : 0);
	fflush(stdout);
}

static int opened(const char *path, int flags)
{
	int fd = open(path, flags, 0644);
	if (fd >= 0)
		close(fd);
	return fd;
}

static int bound(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strncpy(a.sun_path, path, sizeof a.sun_path - 1);
	return bind(fd, (struct sockaddr *)&a, sizeof a);
}

static int looked(const char *pid, const char *name)
{
	char path[64], byte;
	snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return fd;
	int n = read(fd, &byte, 1);
	close(fd);
	return n;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	strcpy(dir, argv[1]);
	strcpy(own, argv[2]);
	int pid = atoi(argv[3]);

	say("create", opened(in(dir, "new"), O_WRONLY | O_CREAT | O_EXCL));
	say("create-for-reading", opened(in(dir, "new2"), O_RDONLY | O_CREAT | O_EXCL));
	say("write", opened(in(dir, "file"), O_WRONLY));
	say("append", opened(in(dir, "file"), O_RDWR | O_APPEND));
	say("empty", opened(in(dir, "file"), O_RDONLY | O_TRUNC));
	say("truncate", truncate(in(dir, "file"), 1));
	say("tmpfile", opened(dir, O_WRONLY | O_TMPFILE));
	say("mkdir", mkdir(in(dir, "d"), 0755));
	say("symlink", symlink("to", in(dir, "l")));
	say("mkfifo", mkfifo(in(dir, "p"), 0644));
	chdir(dir); /* a socket's name is short */
	say("bind", bound("s"));
	chdir("/");
	say("link-in", link(in(own, "own"), in(dir, "linked")));
	say("link-out", link(in(dir, "file"), in(own, "linked")));
	say("rename", rename(in(dir, "other"), in(dir, "renamed")));
	say("rename-in", rename(in(own, "own2"), in(dir, "moved")));
	say("rename-out", rename(in(dir, "third"), in(own, "moved")));
	say("exchange", syscall(SYS_renameat2, AT_FDCWD, in(own, "own3"), AT_FDCWD, in(dir, "full/file"), 2));
	say("unlink", unlink(in(dir, "file")));
	say("rmdir", rmdir(in(dir, "empty")));

	say("signal", kill(pid, 0));
	say("seize", ptrace(PTRACE_SEIZE, pid, 0, 0));
	say("environ", looked(argv[3], "environ"));
	say("exe", looked(argv[3], "exe"));
	say("fd", looked(argv[3], "fd/0"));
	say("status", looked(argv[3], "status"));
	return 0;
}
