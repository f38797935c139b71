/* variants: m32 */
/* Shared and private mappings of files that other names and descriptors change meanwhile. */
#include "check.h"

int main(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0600);
	IS(ftruncate(fd, 8192), 0);
	char *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *private = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	MUST(shared != MAP_FAILED && private != MAP_FAILED);
	IS(pwrite(fd, "written", 7, 0), 7);
	CHECK(memcmp(shared, "written", 7) == 0);
	strcpy(shared, "mapped");
	char buf[16] = "";
	IS(pread(fd, buf, 6, 0), 6);
	CHECK(strcmp(buf, "mapped") == 0);
	private[4096] = 'p';
	CHECK(shared[4096] == 0);
	pid_t child = fork();
	if (child == 0) {
		strcpy(shared + 100, "by a child");
		private[4096] = 'c';
		_exit(msync(shared, 8192, MS_SYNC) != 0);
	}
	IS(exited(child), 0);
	CHECK(strcmp(shared + 100, "by a child") == 0);
	CHECK(private[4096] == 'p');
	IS(rename("f", "g"), 0);
	IS(unlink("g"), 0);
	strcpy(shared, "after the end");
	IS(pread(fd, buf, 13, 0), 13);
	int ro = open("h", O_RDONLY | O_CREAT, 0600);
	errno = 0;
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0) == MAP_FAILED && errno == EACCES);
	int tru = open("/bin/true", O_RDONLY);
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, tru, 0);
	CHECK(code != MAP_FAILED && memcmp(code, "\177ELF", 4) == 0);
	/* Memory is given back and moved. */
	char *moved = mremap(shared, 8192, 16384, MREMAP_MAYMOVE);
	CHECK(moved != MAP_FAILED && strcmp(moved, "after the end") == 0);
	IS(munmap(moved, 16384), 0);
	return done();
}
