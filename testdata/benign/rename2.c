/* renameat2 with EXCHANGE, NOREPLACE and wrong flags; rename's own corner cases. */
#include "check.h"

int main(void)
{
	struct stat a, b, c;
	put("a", "A");
	put("b", "B");
	mkdir("d", 0755);
	put("d/in", "in");
	mkdir("full", 0755);
	put("full/x", "x");
	IS(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE), 0);
	CHECK(strcmp(get("a"), "B") == 0);
	CHECK(strcmp(get("b"), "A") == 0);
	IS(renameat2(AT_FDCWD, "a", AT_FDCWD, "d", RENAME_EXCHANGE), 0);
	CHECK(strcmp(get("a/in"), "in") == 0);
	IS(renameat2(AT_FDCWD, "a", AT_FDCWD, "d", RENAME_EXCHANGE), 0);
	FAILS(renameat2(AT_FDCWD, "a", AT_FDCWD, "missing", RENAME_EXCHANGE), ENOENT);
	FAILS(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE), EEXIST);
	IS(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE), 0);
	FAILS(renameat2(AT_FDCWD, "c", AT_FDCWD, "b", RENAME_NOREPLACE | RENAME_EXCHANGE), EINVAL);
	FAILS(renameat2(AT_FDCWD, "c", AT_FDCWD, "b", 0x80), EINVAL);
	FAILS(rename("d", "c"), ENOTDIR);
	FAILS(rename("c", "d"), EISDIR);
	FAILS(rename("d", "full"), ENOTEMPTY);
	FAILS(rename("d", "d/below"), EINVAL);
	FAILS(rename(".", "x"), EBUSY);
	FAILS(rename("d/..", "x"), EBUSY);
	IS(mkdir("empty", 0755), 0);
	IS(rename("d", "empty"), 0);
	/* Two names of one file: nothing happens, both stay. */
	IS(link("c", "c2"), 0);
	IS(rename("c", "c2"), 0);
	CHECK(exists("c") && exists("c2"));
	IS(rename("c", "c"), 0);
	/* The replaced file stays open; the inode moves with the name. */
	int fd = open("b", O_RDONLY);
	fstat(fd, &b);
	stat("c", &a);
	IS(rename("c", "b"), 0);
	stat("b", &c);
	CHECK(a.st_ino == c.st_ino);
	fstat(fd, &c);
	CHECK(c.st_ino == b.st_ino && c.st_nlink == 0);
	/* A link is renamed itself, not what it points to. */
	symlink("b", "s");
	IS(rename("s", "s2"), 0);
	IS(lstat("s2", &a), 0);
	CHECK(S_ISLNK(a.st_mode));
	put("over", "x");
	IS(rename("over", "s2"), 0);
	IS(lstat("s2", &a), 0);
	CHECK(S_ISREG(a.st_mode));
	CHECK(strcmp(get("b"), "B") == 0);
	return done();
}
