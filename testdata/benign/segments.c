/*
 * A 64-bit program that makes calls from 32-bit code has its thread's storage afterwards: FS begins where no selector
 * says. arch_prctl(2), the 32-bit code segment of Linux (__USER32_CS).
 */
/* variants: static */
#include "check.h"

#ifndef __x86_64__
int main(void)
{
	not_applicable("not x86-64");
}
#else
enum { I386_mkdir = 39, I386_rmdir = 40, I386_open = 5 };
static __thread long mine = 4711;
static unsigned char *low;

/* Below 4 GiB: the code "int $0x80; lret", a path, and a stack with the way back. */
static long call32(long nr, const char *name, long b, long c)
{
	static const unsigned char code[] = {0xcd, 0x80, 0xcb};
	memcpy(low, code, sizeof code);
	char *path = strcpy((char *)low + 4096, name);
	long r;
	__asm__ volatile("mov %%rsp, %%r15; mov %[stack], %%rsp; mov %[path], %%ebx\n\t"
			 "lea 1f(%%rip), %%r8; mov %%r8d, (%%rsp); movl $0x33, 4(%%rsp)\n\t"
			 "mov %k[code], -16(%%rsp); movl $0x23, -12(%%rsp)\n\t"
			 "ljmpl *-16(%%rsp)\n"
			 "1: mov %%r15, %%rsp"
			 : "=&a"(r)
			 : "0"(nr), [stack] "r"(low + 12000), [path] "r"((unsigned)(uintptr_t)path),
			   [code] "r"((uintptr_t)low), "c"(b), "d"(c)
			 : "memory", "rbx", "r8", "r9", "r10", "r11", "r15", "cc");
	return (int)r;
}

static void *calls(void *unused)
{
	(void)unused;
	for (int i = 0; i < 20; i++) {
		IS(call32(I386_mkdir, "d", 0755, 0), 0);
		IS(mine, 4711);
		IS(call32(I386_mkdir, "d", 0755, 0), -EEXIST);
		IS(call32(I386_rmdir, "d", 0, 0), 0);
		IS(call32(I386_open, "missing/f", O_WRONLY | O_CREAT, 0600), -ENOENT);
		FAILS(rmdir("d"), ENOENT); /* errno is the thread's own, too */
		IS(mine, 4711);
		long fd = call32(I386_open, "f", O_WRONLY | O_CREAT, 0600);
		CHECK(fd >= 0);
		IS(close((int)fd), 0);
		IS(unlink("f"), 0);
	}
	return NULL;
}

int main(void)
{
	/* The way back is below 4 GiB only in a program that is linked to a fixed address. */
	if ((uintptr_t)&call32 >> 32)
		not_applicable("this variant is above 4 GiB");
	low = mmap(NULL, 16384, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	MUST(low != MAP_FAILED);
	pid_t probe = fork();
	if (probe == 0) {
		call32(20, "", 0, 0); /* getpid */
		_exit(0);
	}
	if (exited(probe) != 0)
		not_applicable("this kernel has no 32-bit calls");
	calls(NULL);
	pthread_t thread;
	MUST(pthread_create(&thread, NULL, calls, NULL) == 0);
	MUST(pthread_join(thread, NULL) == 0);
	return done();
}
#endif
