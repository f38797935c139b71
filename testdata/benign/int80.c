/* int $0x80 in a 64-bit program: the calls of i386, with pointers below 4 GiB. */
#include "check.h"

#ifndef __x86_64__
int main(void)
{
	not_applicable("not x86-64");
}
#else
static long int80(long nr, long a, long b, long c)
{
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return (int)r;
}

enum { I386_read = 3, I386_write = 4, I386_open = 5, I386_close = 6, I386_unlink = 10, I386_getpid = 20, I386_mkdir = 39,
       I386_rmdir = 40, I386_rename = 38, I386_openat = 295, I386_getuid32 = 199, I386_readlink = 85 };

static volatile sig_atomic_t trapped;
static void on_segv(int sig)
{
	(void)sig;
	not_applicable("this kernel has no 32-bit calls");
}

int main(void)
{
	signal(SIGSEGV, on_segv);
	IS(int80(I386_getpid, 0, 0, 0), getpid());
	signal(SIGSEGV, SIG_DFL);
	IS(int80(I386_getuid32, 0, 0, 0), getuid());
	char *low = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	MUST(low != MAP_FAILED);
	long name = (long)strcpy(low, "made by int80"), other = (long)strcpy(low + 100, "other");
	long fd = int80(I386_open, name, O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0);
	IS(int80(I386_write, fd, name, 4), 4);
	IS(int80(I386_close, fd, 0, 0), 0);
	IS(int80(I386_open, name, O_RDWR | O_CREAT | O_EXCL, 0600), -EEXIST);
	IS(int80(I386_rename, name, other, 0), 0);
	fd = int80(I386_openat, AT_FDCWD, other, O_RDONLY);
	CHECK(fd >= 0);
	IS(int80(I386_read, fd, (long)(low + 200), 10), 4);
	CHECK(memcmp(low + 200, "made", 4) == 0);
	IS(int80(I386_mkdir, name, 0755, 0), 0);
	IS(int80(I386_rmdir, name, 0, 0), 0);
	IS(int80(I386_rmdir, name, 0, 0), -ENOENT);
	IS(int80(I386_unlink, other, 0, 0), 0);
	IS(int80(I386_mkdir, 8, 0755, 0), -EFAULT);
	IS(int80(9999, 0, 0, 0), -ENOSYS);
	/* The upper halves of registers are not part of a 32-bit call. */
	IS(int80(I386_mkdir | 0x7700000000, name | 0x1100000000, 0755, 0), 0);
	IS(int80(I386_rmdir, name | 0x1100000000, 0, 0), 0);
	/* Interleaved with 64-bit calls of the same numbers. */
	for (int i = 0; i < 200; i++) {
		IS(int80(I386_mkdir, name, 0755, 0), 0);
		IS(syscall(SYS_rmdir, low), 0);
		IS(syscall(SYS_mkdir, low, 0755), 0);
		IS(int80(I386_rmdir, name, 0, 0), 0);
		CHECK(int80(I386_getpid, 0, 0, 0) == syscall(SYS_getpid));
	}
	return done();
}
#endif
