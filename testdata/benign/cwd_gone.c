/* variants: m32 */
/* A working directory that is removed: nothing can be made in it, everything else goes on, errnos are the kernel's. */
#include "check.h"

int main(void)
{
	char here[PATH_MAX], buf[PATH_MAX];
	struct stat st;
	MUST(getcwd(here, sizeof here));
	mkdir("gone", 0755);
	MUST(chdir("gone") == 0);
	int fd = open(".", O_RDONLY | O_DIRECTORY);
	put("open", "still here");
	int file = open("open", O_RDWR);
	IS(unlink("open"), 0);
	IS(rmdir("../gone"), 0);
	FAILS(syscall(SYS_getcwd, buf, sizeof buf), ENOENT);
	IS(stat(".", &st), 0);
	IS(st.st_nlink, 0);
	IS(stat("..", &st), 0);
	FAILS(open("new", O_RDWR | O_CREAT, 0600), ENOENT);
	FAILS(openat(fd, "new", O_RDWR | O_CREAT, 0600), ENOENT);
	FAILS(mkdir("new", 0700), ENOENT);
	FAILS(symlink("x", "new"), ENOENT);
	FAILS(link("x", "new"), ENOENT);
	FAILS(stat("none", &st), ENOENT);
	FAILS(rmdir("."), EINVAL);
	IS(chmod(".", 0700), 0);
	/* A removed file keeps working, also through its magic link. */
	snprintf(buf, sizeof buf, "/proc/self/fd/%d", file);
	int again = open(buf, O_RDWR);
	CHECK(again >= 0);
	IS(write(again, "STILL", 5), 5);
	char text[11] = "";
	IS(pread(file, text, 10, 0), 10);
	CHECK(strcmp(text, "STILL here") == 0);
	IS(fchmod(file, 0600), 0);
	IS(ftruncate(file, 0), 0);
	/* Absolute names and the parent are unharmed. */
	snprintf(buf, sizeof buf, "%s/absolute", here);
	put(buf, "x");
	put("../parent", "x");
	IS(unlink("../absolute"), 0);
	pid_t child = fork();
	if (child == 0) {
		execl("/bin/true", "true", NULL);
		_exit(99);
	}
	IS(exited(child), 0);
	IS(chdir(".."), 0);
	MUST(getcwd(buf, sizeof buf));
	CHECK(strcmp(buf, here) == 0);
	CHECK(exists("parent"));
	return done();
}
