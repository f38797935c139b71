/* variants: m32 */
/* One's own descriptors opened again: /dev/stdin, /dev/stdout, /dev/fd/N, /proc/self/fd/N, /proc/thread-self. */
#include "check.h"

static const char *fd_path(const char *dir, int fd)
{
	static char path[64];
	snprintf(path, sizeof path, "%s/%d", dir, fd);
	return path;
}

int main(void)
{
	static const char *const dirs[] = {"/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"};
	char buf[64];
	/* Standard output is the runner's, and may be opened again by any of its names. */
	static const char *const outs[] = {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/stderr"};
	for (int i = 0; i < 4; i++) {
		/* Where it is a pipe that somebody else has made, it may be closed to this user, in the box as natively. */
		errno = 0;
		int out = open(outs[i], O_WRONLY | O_APPEND);
		printf("%s: %s\n", outs[i], out >= 0 ? "opened" : strerror(errno));
		if (i < 3 && out >= 0)
			dprintf(out, "by %s\n", outs[i]);
		close(out);
	}
	for (int i = 0; i < 3; i++) {
		/* A pipe: the other end by the same name, and each end only as what it is. */
		int p[2];
		MUST(pipe(p) == 0);
		int w = open(fd_path(dirs[i], p[1]), O_WRONLY);
		CHECK(w >= 0);
		IS(write(w, "pipe", 4), 4);
		int r = open(fd_path(dirs[i], p[0]), O_RDONLY);
		IS(read(r, buf, sizeof buf), 4);
		close(r), close(w), close(p[0]), close(p[1]);
		/* A file: a new description with its own offset. */
		int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
		IS(write(fd, "0123456789", 10), 10);
		int again = open(fd_path(dirs[i], fd), O_RDONLY);
		IS(read(again, buf, sizeof buf), 10);
		close(again);
		again = open(fd_path(dirs[i], fd), O_WRONLY | O_APPEND);
		IS(write(again, "+", 1), 1);
		close(again);
		IS(lseek(fd, 0, SEEK_END), 11);
		again = open(fd_path(dirs[i], fd), O_RDWR | O_TRUNC);
		IS(lseek(fd, 0, SEEK_END), 0);
		close(again);
		/* Removed, but open. */
		IS(pwrite(fd, "gone", 4, 0), 4);
		unlink("file");
		again = open(fd_path(dirs[i], fd), O_RDWR);
		CHECK(again >= 0);
		IS(read(again, buf, sizeof buf), 4);
		close(again);
		FAILS(open(fd_path(dirs[i], fd), O_RDONLY | O_NOFOLLOW), ELOOP);
		close(fd);
		FAILS(open(fd_path(dirs[i], fd), O_RDONLY), ENOENT);
		/* A directory, and names below it. */
		mkdir("dir", 0755);
		fd = open("dir", O_RDONLY | O_DIRECTORY);
		snprintf(buf, sizeof buf, "%s/made", fd_path(dirs[i], fd));
		int made = open(buf, O_WRONLY | O_CREAT | O_EXCL, 0600);
		CHECK(made >= 0);
		close(made);
		IS(unlink("dir/made"), 0);
		snprintf(buf, sizeof buf, "%s/../made", fd_path(dirs[i], fd));
		IS(mkdir(buf, 0700), 0);
		IS(rmdir("made"), 0);
		close(fd);
	}
	/* The terminal's names where there is none. */
	int null = open("/dev/null", O_RDWR);
	IS(write(null, "x", 1), 1);
	int full = open("/dev/full", O_WRONLY);
	FAILS(write(full, "x", 1), ENOSPC);
	int zero = open("/dev/zero", O_RDONLY);
	IS(read(zero, buf, 1), 1);
	/* Redirections of a shell. */
	IS(system("echo to stderr 2>/dev/null >/dev/stderr 2>&1; echo x >/dev/null; : >>/dev/null; cat </dev/null"), 0);
	IS(system("echo through | cat /dev/stdin; cat <<END\nhere\nEND"), 0);
	IS(system("exec 5>five; echo five >/dev/fd/5; exec 5>&-; cat five"), 0);
	return done();
}
