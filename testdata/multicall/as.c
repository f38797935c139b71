/*
 * as HOW FILE [ARG0 [ARG]...]: executes a file in a way that a shell has no word for.
 *
 *   run       execve(2) with this argument vector
 *   none      the same with an empty one
 *   memfd     a copy of the file in memory, by execveat(2) with an empty path
 *   opath     the file by an O_PATH descriptor and execveat(2) with an empty path
 *   unlinked  a copy of the file in the working directory that is gone by then, by /proc/self/fd/N
 *   helps     for each ARG a process with the argument vector "ARG0 ARG --help"; prints ARG and its status
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

extern char **environ;

static int die(const char *what)
{
	perror(what);
	exit(126);
}

static void copy(const char *file, int to)
{
	int from = open(file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (from < 0 || to < 0 || fstat(from, &st) != 0)
		die(file);
	for (off_t at = 0; at < st.st_size;)
		if (sendfile(to, from, &at, st.st_size - at) <= 0)
			die("copy");
	close(from);
}

static void by_descriptor(int fd, char **argv)
{
	syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
}

static void helps(const char *file, char *name, char **each)
{
	for (; *each; each++) {
		pid_t pid = fork();
		if (pid == 0) {
			int null = open("/dev/null", O_RDWR);
			dup2(null, 0);
			dup2(null, 1);
			dup2(null, 2);
			alarm(20); /* one that does not know --help must not wait for ever */
			execve(file, (char *[]){name, *each, "--help", NULL}, environ);
			_exit(126);
		}
		int status;
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			die("fork");
		printf("%s %d\n", *each, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	}
	exit(0);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	const char *how = argv[1], *file = argv[2];
	argv += 3;
	if (!strcmp(how, "run")) {
		execve(file, argv, environ);
	} else if (!strcmp(how, "none")) {
		execve(file, (char *[]){NULL}, environ);
	} else if (!strcmp(how, "memfd")) {
		int fd = syscall(SYS_memfd_create, "copy", 1 /* MFD_CLOEXEC */);
		copy(file, fd);
		by_descriptor(fd, argv);
	} else if (!strcmp(how, "opath")) {
		by_descriptor(open(file, O_PATH | O_CLOEXEC), argv);
	} else if (!strcmp(how, "unlinked")) {
		char path[64];
		int fd = open("unlinked", O_WRONLY | O_CREAT | O_EXCL, 0755);
		copy(file, fd);
		close(fd); /* or ETXTBSY */
		fd = open("unlinked", O_RDONLY);
		unlink("unlinked");
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		execve(path, argv, environ);
	} else if (!strcmp(how, "helps") && argv[0]) {
		helps(file, argv[0], argv + 1);
	}
	return die(how);
}
