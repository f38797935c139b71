/* O_TMPFILE: a file without a name, that gets one by linkat or never. */
#include "check.h"

int main(void)
{
	char path[64];
	struct stat st;
	umask(022);
	int fd = open(".", O_TMPFILE | O_RDWR, 0666);
	if (fd < 0 && errno == EOPNOTSUPP)
		not_applicable("this file system has no O_TMPFILE");
	MUST(fd >= 0);
	IS(write(fd, "named late", 10), 10);
	IS(fstat(fd, &st), 0);
	IS(st.st_nlink, 0);
	IS(st.st_mode & 0777, 0644);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	IS(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), 0);
	FAILS(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), EEXIST);
	CHECK(strcmp(get("named"), "named late") == 0);
	IS(linkat(AT_FDCWD, path, AT_FDCWD, "second", AT_SYMLINK_FOLLOW), 0);
	fstat(fd, &st);
	IS(st.st_nlink, 2);
	/* ENOENT before Linux 6.10 without CAP_DAC_READ_SEARCH, where the tracer links all the same. */
	int r = linkat(fd, "", AT_FDCWD, "third", AT_EMPTY_PATH);
	int why = errno;
	CHECK(r == 0 || why == ENOENT);
	close(fd);
	/* O_EXCL: never to be linked. */
	fd = open(".", O_TMPFILE | O_WRONLY | O_EXCL, 0600);
	CHECK(fd >= 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	FAILS(linkat(AT_FDCWD, path, AT_FDCWD, "never", AT_SYMLINK_FOLLOW), ENOENT);
	close(fd);
	FAILS(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
	FAILS(open("missing", O_TMPFILE | O_RDWR, 0600), ENOENT);
	FAILS(open("named", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
	return done();
}
