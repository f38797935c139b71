/* variants: m32 */
/* Memory files: written, sealed, reopened, mapped, passed on over exec. */
#include "check.h"

int main(int argc, char **argv)
{
	char buf[64], path[64];
	if (argc == 2) {
		IS(pread(atoi(argv[1]), buf, sizeof buf, 0), 6);
		return done();
	}
	int fd = memfd_create("name with space", MFD_ALLOW_SEALING);
	MUST(fd >= 0);
	IS(write(fd, "memory", 6), 6);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(path, buf, sizeof buf - 1);
	buf[n > 0 ? n : 0] = 0;
	printf("%s\n", buf);
	int again = open(path, O_RDWR);
	CHECK(again >= 0);
	IS(write(again, "M", 1), 1);
	IS(pread(fd, buf, 1, 0), 1);
	IS(buf[0], 'M');
	IS(fchmod(fd, 0600), 0);
	IS(ftruncate(fd, 4096), 0);
	char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map[0] == 'M');
	IS(ftruncate(fd, 6), 0);
	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	munmap(map, 4096);
	IS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
	FAILS(write(fd, "x", 1), EPERM);
	FAILS(ftruncate(fd, 1), EPERM);
	FAILS(open(path, O_RDWR | O_TRUNC), EPERM);
	pid_t child = fork();
	if (child == 0) {
		snprintf(path, sizeof path, "%d", fd);
		execl(argv[0], argv[0], path, NULL);
		_exit(99);
	}
	IS(exited(child), 0);
	return done();
}
