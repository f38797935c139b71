/* variants: m32 */
/* Paths of 4,095 and 4,096 bytes, names of 255 and 256, and directories deeper than PATH_MAX with work done in them. */
#include "check.h"

static char long_path[2 * PATH_MAX];

/* "./././…/name" with len bytes. */
static const char *noise(const char *name, size_t len)
{
	size_t n = strlen(name), i = 0;
	while (i + 2 <= len - n) {
		long_path[i++] = '.';
		long_path[i++] = '/';
	}
	while (i < len - n)
		long_path[i++] = '/';
	strcpy(long_path + i, name);
	return long_path;
}

int main(void)
{
	put("file", "content");
	struct stat st;
	IS(strlen(noise("file", PATH_MAX - 1)), PATH_MAX - 1);
	IS(stat(long_path, &st), 0);
	int fd = open(long_path, O_RDWR);
	CHECK(fd >= 0);
	close(fd);
	FAILS(stat(noise("file", PATH_MAX), &st), ENAMETOOLONG);
	FAILS(open(long_path, O_RDWR), ENAMETOOLONG);
	FAILS(open(long_path, O_RDWR | O_CREAT, 0600), ENAMETOOLONG);
	fd = open(noise("new", PATH_MAX - 1), O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0);
	close(fd);
	IS(rename(long_path, "renamed"), 0);
	FAILS(mkdir(noise("dir", PATH_MAX), 0700), ENAMETOOLONG);
	IS(mkdir(noise("dir", PATH_MAX - 1), 0700), 0);
	IS(rmdir(long_path), 0);

	char name[300];
	memset(name, 'n', sizeof name);
	name[255] = 0;
	put(name, "x");
	IS(unlink(name), 0);
	name[255] = 'n';
	name[256] = 0;
	FAILS(open(name, O_RDWR | O_CREAT, 0600), ENAMETOOLONG);
	FAILS(mkdir(name, 0700), ENAMETOOLONG);
	FAILS(stat(name, &st), ENAMETOOLONG);

	/* Down, 250 bytes at a time, to about 20,000 bytes. */
	int top = open(".", O_RDONLY | O_DIRECTORY);
	memset(name, 'd', 250);
	name[250] = 0;
	enum { DEPTH = 80 };
	for (int i = 0; i < DEPTH; i++) {
		MUST(mkdir(name, 0755) == 0);
		MUST(chdir(name) == 0);
	}
	char small[PATH_MAX];
	FAILS(syscall(SYS_getcwd, small, sizeof small), ENAMETOOLONG);
	put("deep", "far down");
	CHECK(strcmp(get("deep"), "far down") == 0);
	IS(link("deep", "linked"), 0);
	IS(symlink("deep", "symbolic"), 0);
	IS(open("symbolic", O_WRONLY | O_NOFOLLOW), -1);
	IS(truncate("symbolic", 3), 0);
	CHECK(strcmp(get("linked"), "far") == 0);
	IS(rename("linked", "moved"), 0);
	IS(chmod("moved", 0600), 0);
	IS(stat("moved", &st), 0);
	IS(st.st_mode & 0777, 0600);
	IS(mkdir("sub", 0755), 0);
	IS(rename("moved", "sub/moved"), 0);
	IS(rename("sub/moved", "../above"), 0);
	FAILS(open("deep", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	FAILS(open("none/x", O_RDWR | O_CREAT, 0600), ENOENT);
	FAILS(rmdir("../none"), ENOENT);
	fd = open("../above", O_RDWR | O_APPEND);
	CHECK(fd >= 0);
	close(fd);
	pid_t child = fork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", "echo by a shell >shell && test -f deep", NULL);
		_exit(99);
	}
	IS(exited(child), 0);
	CHECK(strcmp(get("shell"), "by a shell\n") == 0);
	/* Up again, relative to descriptors. */
	unlink("../above");
	const char *leaves[] = {"deep", "symbolic", "shell"};
	for (int i = 0; i < 3; i++)
		IS(unlink(leaves[i]), 0);
	IS(rmdir("sub"), 0);
	for (int i = 0; i < DEPTH; i++) {
		MUST(chdir("..") == 0);
		MUST(rmdir(name) == 0);
	}
	struct stat a, b;
	fstat(top, &a);
	stat(".", &b);
	CHECK(a.st_ino == b.st_ino);
	return done();
}
