/* Lookups that the kernel refuses for their arguments, before it looks at the name: EINVAL, also where nothing is there. */
#include "check.h"
#include <linux/stat.h>

static void is(const char *what, long result, int expected)
{
	int got = result < 0 ? errno : 0;
	if (got != expected)
		failed(0, what, "%s, expected %s", strerror(got), strerror(expected));
}

int main(void)
{
	static char buf[4096]; /* a struct statx, or a link's text */
	MUST(mkdir("dir", 0755) == 0 && symlink("dir", "link") == 0);
	int statx_known = syscall(SYS_statx, -1, 0L, 0, 0, 0L) == 0 || errno != ENOSYS; /* Linux 4.11 */
	static const char *const names[] = {"dir", "link", "missing", "dir/missing", "missing/x"};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		const char *n = names[i];
#ifdef SYS_access
		is("access", syscall(SYS_access, n, 8), EINVAL);
		is("readlink of nothing", syscall(SYS_readlink, n, buf, 0), EINVAL);
		is("readlink of less", syscall(SYS_readlink, n, buf, -1), EINVAL);
#endif
		is("faccessat", syscall(SYS_faccessat, AT_FDCWD, n, 8), EINVAL);
		is("readlinkat", syscall(SYS_readlinkat, AT_FDCWD, n, buf, 0), EINVAL);
		if (!statx_known)
			continue;
		is("statx, mask", syscall(SYS_statx, AT_FDCWD, n, 0, STATX__RESERVED, buf), EINVAL);
		is("statx, sync", syscall(SYS_statx, AT_FDCWD, n, AT_STATX_SYNC_TYPE, STATX_BASIC_STATS, buf), EINVAL);
	}
	is("faccessat", syscall(SYS_faccessat, AT_FDCWD, "missing", 7), ENOENT);
	is("readlinkat", syscall(SYS_readlinkat, AT_FDCWD, "link", buf, sizeof buf), 0);
#ifdef SYS_access
	is("access", syscall(SYS_access, "missing", 7), ENOENT);
	is("readlink", syscall(SYS_readlink, "link", buf, sizeof buf), 0);
#endif
	return done();
}
