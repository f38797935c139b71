/* Extended attributes in the user namespace: set, get, list, remove, by path, link and descriptor. */
#include "check.h"
#include <sys/xattr.h>

int main(void)
{
	char buf[64];
	put("f", "x");
	mkdir("d", 0755);
	symlink("f", "s");
	if (setxattr("f", "user.a", "one", 3, 0) != 0 && errno == EOPNOTSUPP)
		not_applicable("this file system has no user attributes");
	IS(getxattr("f", "user.a", buf, sizeof buf), 3);
	CHECK(memcmp(buf, "one", 3) == 0);
	FAILS(setxattr("f", "user.a", "x", 1, XATTR_CREATE), EEXIST);
	FAILS(setxattr("f", "user.b", "x", 1, XATTR_REPLACE), ENODATA);
	FAILS(setxattr("f", "user.b", "x", 1, 8), EINVAL);
	FAILS(setxattr("f", "nonsense", "x", 1, 0), EOPNOTSUPP);
	FAILS(setxattr("f", "", "x", 1, 0), ERANGE);
	FAILS(setxattr("missing", "user.a", "x", 1, 0), ENOENT);
	FAILS(setxattr("f/x", "user.a", "x", 1, 0), ENOTDIR);
	IS(setxattr("s", "user.s", "through", 7, 0), 0);
	IS(getxattr("f", "user.s", buf, sizeof buf), 7);
	FAILS(lsetxattr("s", "user.s", "x", 1, 0), EPERM);
	IS(lsetxattr("d", "user.d", "x", 1, 0), 0);
	int fd = open("f", O_RDONLY);
	IS(fsetxattr(fd, "user.fd", "by descriptor", 13, 0), 0);
	IS(fgetxattr(fd, "user.fd", NULL, 0), 13);
	FAILS(fgetxattr(fd, "user.fd", buf, 3), ERANGE);
	IS(listxattr("f", NULL, 0), strlen("user.a") + strlen("user.s") + strlen("user.fd") + 3);
	IS(removexattr("f", "user.a"), 0);
	FAILS(removexattr("f", "user.a"), ENODATA);
	IS(fremovexattr(fd, "user.fd"), 0);
	IS(lremovexattr("f", "user.s"), 0);
	IS(flistxattr(fd, buf, sizeof buf), 0);
	FAILS(fsetxattr(-1, "user.a", "x", 1, 0), EBADF);
	int path_only = open("f", O_PATH);
	FAILS(fsetxattr(path_only, "user.a", "x", 1, 0), EBADF);
	FAILS(fchmod(path_only, 0600), EBADF);
	snprintf(buf, sizeof buf, "/proc/self/fd/%d", path_only);
	IS(setxattr(buf, "user.path", "x", 1, 0), 0);
	IS(chmod(buf, 0600), 0);
	IS(getxattr("f", "user.path", NULL, 0), 1);
	return done();
}
