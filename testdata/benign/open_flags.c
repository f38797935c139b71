/* variants: m32 */
/* Every access mode with every opening flag: what the descriptor is afterwards, and what became of the file. */
#include "check.h"

static const struct {
	const char *name;
	int flag;
} flags[] = {{"CREAT", O_CREAT}, {"EXCL", O_EXCL}, {"TRUNC", O_TRUNC}, {"APPEND", O_APPEND}, {"NOFOLLOW", O_NOFOLLOW},
	     {"DIRECTORY", O_DIRECTORY}, {"CLOEXEC", O_CLOEXEC}, {"PATH", O_PATH}, {"NONBLOCK", O_NONBLOCK},
	     {"SYNC", O_SYNC}, {"NOATIME", O_NOATIME}, {"NOCTTY", O_NOCTTY}};
/* A descriptor that the tracer opened differs in these: docs/threat-model.md, "What a program can notice". O_LARGEFILE is
   0 to a 64-bit program, and 0100000 or, on arm, 0400000 to the kernel. */
#if defined(__arm__) || defined(__aarch64__)
enum { LEFT_OUT = O_NOFOLLOW | 0400000 };
#else
enum { LEFT_OUT = O_NOFOLLOW | 0100000 };
#endif
enum { FLAGS = sizeof flags / sizeof *flags };
static const char *const targets[] = {"file", "missing", "link", "dangling", "dir", "/dev/null"};

int main(void)
{
	umask(027);
	mkdir("dir", 0755);
	symlink("file", "link");
	symlink("missing", "dangling");
	for (size_t t = 0; t < sizeof targets / sizeof *targets; t++)
		for (int mode = 0; mode < 4; mode++)
			/* Every pair of flags. */
			for (int i = 0; i < FLAGS; i++)
				for (int j = i; j < FLAGS; j++) {
					struct stat st;
					int want = mode | flags[i].flag | flags[j].flag;
					put("file", "0123456789");
					unlink("missing");
					errno = 0;
					int fd = open(targets[t], want, 0666);
					printf("open(%s, %d|%s|%s): ", targets[t], mode, flags[i].name, flags[j].name);
					if (fd < 0) {
						printf("%s", strerror(errno));
					} else {
						fstat(fd, &st);
						printf("%x %x mode %o size %ld", fcntl(fd, F_GETFL) & ~LEFT_OUT, fcntl(fd, F_GETFD), st.st_mode,
						       (long)st.st_size);
						close(fd);
					}
					printf(", file %ld%s\n", stat("file", &st) == 0 ? (long)st.st_size : -1L,
					       exists("missing") ? ", made" : "");
				}
	/* The mode is masked, and the descriptor of a new file has the access that was asked for, whatever the mode. */
	int fd = open("sealed", O_RDWR | O_CREAT | O_EXCL, 0);
	CHECK(fd >= 0);
	IS(write(fd, "x", 1), 1);
	IS(lseek(fd, 0, SEEK_SET), 0);
	char c;
	IS(read(fd, &c, 1), 1);
	struct stat st;
	fstat(fd, &st);
	IS(st.st_mode & 07777, 0);
	/* The lowest free descriptor. */
	close(0);
	IS(open("file", O_RDWR), 0);
	IS(open("new", O_RDWR | O_CREAT, 0600), fd + 1);
	return done();
}
