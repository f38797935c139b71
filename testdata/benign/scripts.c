/* Scripts get the arguments that execve(2) says, through links, descriptors and nested interpreters. */
#include "check.h"

static int go(const char *path, char *const argv[])
{
	pid_t child = fork();
	if (child == 0) {
		execv(path, argv);
		_exit(99);
	}
	return exited(child);
}

int main(void)
{
	char text[PATH_MAX + 64], *here = getcwd(NULL, 0);
	put("script", "#!/bin/sh -u\nprintf '<%s>' \"${0##*/}\" \"$@\"\necho\nexit 12\n");
	chmod("script", 0755);
	IS(go("./script", (char *[]){"ignored", "a b", "", "$x", NULL}), 12);
	symlink("script", "alias");
	IS(go("./alias", (char *[]){"ignored", "by link", NULL}), 12);
	snprintf(text, sizeof text, "#!%s/script one argument with spaces\nnever run\n", here);
	put("nested", text);
	chmod("nested", 0755);
	if (strlen(here) < 80) {
		pid_t child = fork();
		if (child == 0) {
			int p[2];
			pipe(p);
			if (fork() == 0) {
				dup2(p[1], 1);
				execv("./nested", (char *[]){"ignored", "last", NULL});
				_exit(99);
			}
			close(p[1]);
			char buf[512];
			ssize_t n = read(p[0], buf, sizeof buf - 1);
			buf[n > 0 ? n : 0] = 0;
			int status;
			wait(&status);
			_exit(strstr(buf, "<one argument with spaces>") && strstr(buf, "<last>") ? WEXITSTATUS(status) : 1);
		}
		IS(exited(child), 12);
	}
	put("env-script", "#!/usr/bin/env sh\necho by env \"$1\"; exit 13\n");
	chmod("env-script", 0755);
	IS(go("./env-script", (char *[]){"x", "arg", NULL}), 13);
	/* A script by descriptor: works where the descriptor survives, ENOENT where it is closed at exec. */
	pid_t child = fork();
	if (child == 0) {
		int fd = open("script", O_RDONLY);
		fexecve(fd, (char *[]){"x", "by descriptor", NULL}, environ);
		_exit(99);
	}
	fflush(stdout);
	IS(exited(child), 12);
	child = fork();
	if (child == 0) {
		int fd = open("script", O_RDONLY | O_CLOEXEC);
		fexecve(fd, (char *[]){"x", NULL}, environ);
		_exit(errno == ENOENT ? 60 : 61);
	}
	IS(exited(child), 60);
	child = fork();
	if (child == 0) {
		int fd = open("/bin/sh", O_PATH | O_CLOEXEC);
		fexecve(fd, (char *[]){"sh", "-c", "exit 14", NULL}, environ);
		_exit(99);
	}
	IS(exited(child), 14);
	child = fork();
	if (child == 0) {
		int dir = open("/bin", O_PATH | O_DIRECTORY);
		syscall(SYS_execveat, dir, "sh", (char *[]){"sh", "-c", "exit 15", NULL}, environ, 0);
		_exit(99);
	}
	IS(exited(child), 15);
	return done();
}
