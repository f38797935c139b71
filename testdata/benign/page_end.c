/* variants: m32 */
/* Strings that end at the last byte before an unmapped page are read; those that run into it give EFAULT. */
#include "check.h"

static char *page, *end;

static const char *at_end(const char *s)
{
	return memcpy(end - strlen(s) - 1, s, strlen(s) + 1);
}
static const char *unterminated(const char *s) { return memcpy(end - strlen(s), s, strlen(s)); }

static void go(void)
{
	struct stat st;
	int fd = open(at_end("file"), O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0);
	close(fd);
	IS(stat(at_end("file"), &st), 0);
	IS(chmod(at_end("file"), 0644), 0);
	IS(rename(at_end("file"), "other"), 0);
	IS(rename("other", at_end("file")), 0);
	IS(mkdir(at_end("d"), 0700), 0);
	IS(rmdir(at_end("d")), 0);
	FAILS(open(unterminated("file"), O_RDWR), EFAULT);
	FAILS(open(unterminated("file"), O_RDWR | O_CREAT, 0600), EFAULT);
	FAILS(stat(unterminated("file"), &st), EFAULT);
	FAILS(mkdir(unterminated("new"), 0700), EFAULT);
	FAILS(unlink(unterminated("file")), EFAULT);
	FAILS(rename(unterminated("file"), "x"), EFAULT);
	FAILS(rename("file", unterminated("x")), EFAULT);
	FAILS(symlink(unterminated("x"), "link"), EFAULT);
	FAILS(execv(unterminated("/bin/true"), (char *[]){"x", NULL}), EFAULT);
	FAILS(mkdir(end, 0700), EFAULT);
	FAILS(mkdir((char *)-1, 0700), EFAULT);
	FAILS(mkdir((char *)-4096, 0700), EFAULT);
	FAILS(open((char *)1, O_RDWR | O_CREAT, 0600), EFAULT);
	FAILS(unlink(NULL), EFAULT);
	IS(unlink(at_end("file")), 0);
	CHECK(!exists("new") && !exists("link") && !exists("x"));
}

int main(void)
{
	page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(page != MAP_FAILED);
	end = page + 4096;
	munmap(end, 4096);
	go();
	/* The same before a page that is mapped but may not be read; ptrace could, the kernel's own read may not. */
	MUST(mmap(end, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == end);
	go();
	strcpy(page, "unreadable");
	mprotect(page, 4096, PROT_NONE);
	FAILS(mkdir(page, 0700), EFAULT);
	FAILS(open(page, O_RDWR | O_CREAT, 0600), EFAULT);
	CHECK(!exists("unreadable"));
	/* A string across two pages, one of them never touched before, one of a file. */
	int fd = open("map", O_RDWR | O_CREAT, 0600);
	IS(ftruncate(fd, 2 * 4096), 0);
	char *map = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(map != MAP_FAILED);
	IS(pwrite(fd, "across", 7, 4093), 7);
	char *fresh = mmap(NULL, 2 * 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	IS(mkdir(fresh + 4093, 0700), 0);
	IS(rmdir("across"), 0);
	/* Beyond the end of the file the mapping gives EFAULT, not a signal. */
	IS(ftruncate(fd, 100), 0);
	FAILS(mkdir(map + 4096, 0700), EFAULT);
	/* A buffer for a result that cannot be written. */
	IS(symlink("target", "link"), 0);
	FAILS(readlink("link", end, 10), EFAULT);
#if __SIZEOF_POINTER__ == 8 /* a 32-bit C library converts the result, and would fault itself */
	FAILS(stat("map", (struct stat *)end), EFAULT);
#endif
	return done();
}
