/* variants: m32 */
/* chmod, chown, times by path, link and descriptor do exactly what they did, with the right effect on each. */
#include "check.h"
#include <sys/time.h>
#include <utime.h>

static struct stat of(const char *path)
{
	struct stat st;
	MUST(lstat(path, &st) == 0);
	return st;
}

int main(void)
{
	put("f", "x");
	symlink("f", "l");
	mkdir("d", 0755);
	int fd = open("f", O_RDONLY), dir = open(".", O_RDONLY | O_DIRECTORY);
	IS(chmod("l", 0600), 0);
	IS(of("f").st_mode & 07777, 0600);
	IS(fchmod(fd, 04755), 0);
	IS(of("f").st_mode & 07777, 04755);
	IS(fchmodat(dir, "d", 0700, 0), 0);
	IS(of("d").st_mode & 07777, 0700);
	long r = syscall(452, dir, "f", 0640, 0);
	printf("fchmodat2: %s\n", r == 0 ? "done" : strerror(errno));
	chmod("f", 0640);
	uid_t me = getuid();
	IS(chown("f", me, -1), 0);
	IS(lchown("l", me, -1), 0);
	IS(fchown(fd, me, -1), 0);
	IS(fchownat(dir, "l", me, -1, AT_SYMLINK_NOFOLLOW), 0);
	IS(fchownat(fd, "", me, -1, AT_EMPTY_PATH), 0);
	FAILS(fchownat(dir, "", me, -1, 0), ENOENT);
	struct timespec t[2] = {{1000, 5}, {2000, 7}};
	IS(utimensat(AT_FDCWD, "l", t, 0), 0);
	IS(of("f").st_mtim.tv_sec, 2000);
	IS(of("f").st_mtim.tv_nsec, 7);
	IS(utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW), 0);
	IS(of("l").st_mtim.tv_sec, 2000);
	t[0].tv_nsec = UTIME_OMIT;
	t[1].tv_sec = 3000;
	IS(futimens(fd, t), 0);
	IS(of("f").st_atim.tv_sec, 1000);
	IS(of("f").st_mtim.tv_sec, 3000);
	t[0].tv_nsec = t[1].tv_nsec = UTIME_OMIT;
	IS(utimensat(AT_FDCWD, "f", t, 0), 0);
	t[1].tv_nsec = 1000000000;
	FAILS(utimensat(AT_FDCWD, "f", t, 0), EINVAL);
	struct timeval tv[2] = {{10, 0}, {20, 0}};
	IS(utimes("f", tv), 0);
	IS(of("f").st_mtim.tv_sec, 20);
	IS(lutimes("l", tv), 0);
	IS(futimesat(dir, "d", tv), 0);
	struct utimbuf ub = {30, 40};
	IS(utime("f", &ub), 0);
	IS(of("f").st_mtim.tv_sec, 40);
	IS(utimensat(AT_FDCWD, "f", NULL, 0), 0);
	CHECK(of("f").st_mtim.tv_sec > 1000000000);
	IS(truncate("l", 5), 0);
	IS(of("f").st_size, 5);
	FAILS(truncate("d", 0), EISDIR);
	FAILS(truncate("f", -1), EINVAL);
	FAILS(fchmod(99, 0), EBADF);
	FAILS(fchown(99, 0, 0), EBADF);
	/* An execute bit set and used at once. */
	put("script", "#!/bin/sh\nexit 9\n");
	chmod("script", 0755);
	IS(WEXITSTATUS(system("./script")), 9);
	return done();
}
