/* variants: m32 */
/* access, faccessat and faccessat2 inside the writable tree, in every mode, for files of every permission. */
#include "check.h"

static const char *verdict(long r) { return r == 0 ? "yes" : strerror(errno); }

int main(void)
{
	mkdir("dir", 0755);
	put("file", "x");
	symlink("file", "link");
	symlink("nowhere", "dangling");
	static const mode_t perms[] = {0644, 0755, 0400, 0000, 0111};
	for (int p = 0; p < 5; p++) {
		chmod("file", perms[p]);
		for (int m = 0; m < 8; m++)
			printf("%04o %d: %s, %s, %s\n", perms[p], m, verdict(access("file", m)),
			       verdict(faccessat(AT_FDCWD, "link", m, 0)), verdict(faccessat(AT_FDCWD, "file", m, AT_EACCESS)));
	}
	FAILS(access("missing", F_OK), ENOENT);
	FAILS(access("dangling", F_OK), ENOENT);
	FAILS(access("file/x", F_OK), ENOTDIR);
	FAILS(access("file", 8), EINVAL);
	FAILS(access("", F_OK), ENOENT);
	FAILS(faccessat(-1, "file", F_OK, 0), EBADF);
	IS(faccessat(-1, "/", F_OK, 0), 0);
	IS(access("dir", W_OK | X_OK), 0);
	IS(system("test -w . && test -w dir && test -x dir && test ! -e missing"), 0);
	return done();
}
