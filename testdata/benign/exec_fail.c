/* variants: m32 */
/* Programs that cannot be executed: the errno is the kernel's, and the caller goes on unharmed. */
#include "check.h"
#include <sys/file.h>

static char *const argv_[] = {"x", NULL};

int main(void)
{
	char *name = getcwd(NULL, 0);
	mkdir("dir", 0755);
	put("plain", "#!/bin/sh\n");
	put("garbage", "\x01\x02\x03\x04 garbage");
	chmod("garbage", 0755);
	put("no-interpreter", "#!/nonexistent/interpreter\nexit 0\n");
	chmod("no-interpreter", 0755);
	put("dir-interpreter", "#!/\nexit 0\n");
	chmod("dir-interpreter", 0755);
	put("empty", "");
	chmod("empty", 0755);
	put("truncated", "\177ELF\2\1\1");
	chmod("truncated", 0755);
	symlink("loop", "loop");
	symlink("nowhere", "dangling");
	mkfifo("fifo", 0755);
	for (int i = 0; i < 8; i++) {
		char file[16], text[64];
		snprintf(file, sizeof file, "chain%d", i);
		snprintf(text, sizeof text, "#!%s/chain%d\n", name, i + 1);
		put(file, i < 7 && strlen(name) < 40 ? text : "#!/bin/true\n");
		chmod(file, 0755);
	}
	int marker = open("plain", O_RDONLY | O_CLOEXEC);

	FAILS(execv("dir", argv_), EACCES);
	FAILS(execv("/", argv_), EACCES);
	FAILS(execv("plain", argv_), EACCES);
	FAILS(execv("garbage", argv_), ENOEXEC);
	FAILS(execv("no-interpreter", argv_), ENOENT);
	FAILS(execv("dir-interpreter", argv_), EACCES);
	FAILS(execv("empty", argv_), ENOEXEC);
	FAILS(execv("truncated", argv_), ENOEXEC);
	FAILS(execv("missing", argv_), ENOENT);
	FAILS(execv("plain/x", argv_), ENOTDIR);
	FAILS(execv("loop", argv_), ELOOP);
	FAILS(execv("dangling", argv_), ENOENT);
	FAILS(execv("fifo", argv_), EACCES);
	FAILS(execv("/dev/null", argv_), EACCES);
	int fd = open("busy", O_RDWR | O_CREAT, 0755);
	FAILS(execv("busy", argv_), ETXTBSY);
	close(fd);
	FAILS(syscall(SYS_execveat, -1, "plain", argv_, environ, 0), EBADF);
	FAILS(syscall(SYS_execveat, marker, "x", argv_, environ, 0), ENOTDIR);
	FAILS(syscall(SYS_execveat, AT_FDCWD, "plain", argv_, environ, 0x40000000), EINVAL);
	FAILS(syscall(SYS_execveat, AT_FDCWD, "", argv_, environ, 0), ENOENT);
	FAILS(syscall(SYS_execveat, AT_FDCWD, "dangling", argv_, environ, AT_SYMLINK_NOFOLLOW), ELOOP);
	/* A descriptor to be closed at exec is still there after a failed one; a caught signal is still caught. */
	CHECK(fcntl(marker, F_GETFD) == FD_CLOEXEC);
	put("long-chain-status", "");
	pid_t child = fork();
	if (child == 0) {
		execv("chain0", argv_);
		_exit(errno == ELOOP ? 50 : errno == ENOEXEC ? 51 : 52);
	}
	printf("chain of 8 interpreters: %d\n", exited(child));
	child = fork();
	if (child == 0) {
		execv("chain4", argv_);
		_exit(errno == ELOOP ? 50 : 52);
	}
	IS(exited(child), 0);
	child = fork();
	if (child == 0) {
		char **path = (char *[]){"x", NULL};
		setenv("PATH", "/nonexistent::/dev:dir:.:/bin", 1);
		execvp("sh-does-not-exist", path);
		if (errno != ENOENT)
			_exit(1);
		execvp("true", path);
		_exit(2);
	}
	IS(exited(child), 0);
	return done();
}
