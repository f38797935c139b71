/* variants: m32 */
/* Directories: entries, seeking, descriptors as bases, fchdir, getdents with tiny buffers, many files. */
#include "check.h"

int main(void)
{
	char name[64];
	enum { FILES = 2000 };
	MUST(mkdir("many", 0755) == 0);
	int dir = open("many", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "entry-%d", i);
		int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		MUST(fd >= 0);
		close(fd);
	}
	DIR *d = fdopendir(dup(dir));
	int n = 0, dots = 0;
	for (struct dirent *e; (e = readdir(d));)
		e->d_name[0] == '.' ? dots++ : n++;
	IS(n, FILES);
	IS(dots, 2);
	rewinddir(d);
	readdir(d);
	long where = telldir(d);
	struct dirent *e = readdir(d);
	strcpy(name, e->d_name);
	readdir(d);
	seekdir(d, where);
	CHECK(strcmp(readdir(d)->d_name, name) == 0);
	closedir(d);
	FAILS(unlinkat(AT_FDCWD, "many", AT_REMOVEDIR), ENOTEMPTY);
	IS(fchdir(dir), 0);
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "entry-%d", i);
		IS(unlink(name), 0);
	}
	FAILS(rmdir("."), EINVAL);
	IS(chdir(".."), 0);
	IS(rmdir("many"), 0);
	FAILS(openat(dir, "x", O_WRONLY | O_CREAT, 0600), ENOENT);
	FAILS(mkdirat(dir, "x", 0700), ENOENT);
	/* Bases that are no directories, or nothing at all; an absolute name does not care. */
	put("file", "x");
	int file = open("file", O_RDONLY), path = open(".", O_PATH);
	FAILS(openat(file, "x", O_RDONLY), ENOTDIR);
	FAILS(mkdirat(file, "x", 0700), ENOTDIR);
	FAILS(mkdirat(-1, "x", 0700), EBADF);
	FAILS(mkdirat(999, "x", 0700), EBADF);
	IS(mkdirat(path, "x", 0700), 0);
	char *here = getcwd(NULL, 0), *abs = malloc(strlen(here) + 8);
	sprintf(abs, "%s/y", here);
	IS(mkdirat(-1, abs, 0700), 0);
	IS(mkdirat(file, abs, 0700), -1);
	IS(renameat(path, "x", -1, abs), 0);
	IS(unlinkat(file, abs, AT_REMOVEDIR), 0);
	/* A directory moved while one is in it. */
	mkdir("a", 0755), mkdir("b", 0755), mkdir("a/in", 0755);
	IS(chdir("a/in"), 0);
	IS(rename("../../a", "../../b/a"), 0);
	put("made", "x");
	CHECK(exists("../../../b/a/in/made"));
	IS(chdir("../../.."), 0);
	IS(system("find . -type d | sort"), 0);
	return done();
}
