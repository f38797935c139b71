/* variants: m32 */
/* Hard links, chains of symbolic links up to the limit and beyond, trailing slashes, dangling ones. */
#include "check.h"

int main(void)
{
	char a[64], b[64], buf[PATH_MAX];
	struct stat st;
	put("target", "x");
	symlink("target", "l0");
	for (int i = 1; i <= 45; i++) {
		snprintf(a, sizeof a, "l%d", i - 1);
		snprintf(b, sizeof b, "l%d", i);
		symlink(a, b);
	}
	for (int i = 36; i <= 45; i++) {
		snprintf(b, sizeof b, "l%d", i);
		int fd = open(b, O_RDWR);
		printf("%d links: %s\n", i + 1, fd >= 0 ? "opened" : strerror(errno));
		close(fd);
	}
	/* The limit counts those in the middle as well. */
	mkdir("d", 0755);
	put("d/f", "x");
	symlink("d", "m");
	buf[0] = 0;
	for (int i = 0; i < 41; i++)
		strcat(buf, "m/../");
	strcat(buf, "d/f");
	FAILS(open(buf, O_RDWR), ELOOP);
	IS(open(buf + 5 * 2, O_RDWR) >= 0, 1);
	/* Dangling: created through by O_CREAT, not by O_EXCL, mkdir or mknod. */
	symlink("d/made", "dangling");
	FAILS(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	FAILS(mkdir("dangling", 0700), EEXIST);
	FAILS(mkfifo("dangling", 0600), EEXIST);
	FAILS(open("dangling", O_RDWR), ENOENT);
	close(open("dangling", O_RDWR | O_CREAT, 0600));
	CHECK(exists("d/made"));
	/* Trailing slashes follow. */
	symlink("d", "todir");
	IS(lstat("todir/", &st), 0);
	CHECK(S_ISDIR(st.st_mode));
	FAILS(unlink("todir/"), ENOTDIR);
	FAILS(rmdir("todir"), ENOTDIR);
	FAILS(open("target/", O_RDWR), ENOTDIR);
	FAILS(open("new/", O_RDWR | O_CREAT, 0600), EISDIR);
	IS(mkdir("newdir/", 0700), 0);
	FAILS(readlink("todir/", buf, sizeof buf), EINVAL);
	/* link follows nothing unless told to. */
	IS(link("todir", "hard link to a link"), 0);
	lstat("hard link to a link", &st);
	CHECK(S_ISLNK(st.st_mode) && st.st_nlink == 2);
	IS(linkat(AT_FDCWD, "l0", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW), 0);
	lstat("followed", &st);
	CHECK(S_ISREG(st.st_mode) && st.st_nlink == 2);
	FAILS(link("d", "x"), EPERM);
	FAILS(link("target", "l0"), EEXIST);
	FAILS(symlink("", "x"), ENOENT);
	/* .. after a link is the parent of what it points to. */
	mkdir("d/sub", 0755);
	symlink("d/sub", "tosub");
	IS(stat("tosub/../f", &st), 0);
	FAILS(stat("tosub/../target", &st), ENOENT);
	int fd = open("tosub/../beside", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0 && exists("d/beside"));
	return done();
}
