/* Looks at a path by every old call of i386 and prints result and buffer. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

static int call(int nr, long a, long b, long c, long d)
{
	int r;
	__asm__ volatile("xchg %%ebx, %2\n\tint $0x80\n\txchg %%ebx, %2"
			 : "=a"(r) : "0"(nr), "r"(a), "c"(b), "d"(c), "S"(d) : "memory");
	return r;
}

static unsigned char buf[128];

static void show(const char *name, int result)
{
	printf("%s %d ", name, result);
	for (unsigned i = 0; i < sizeof buf; i++)
		printf("%02x", buf[i]);
	printf("\n");
}

static void *fresh(void)
{
	return memset(buf, 0xee, sizeof buf);
}

int main(int argc, char **argv)
{
	long path = (long)argv[1];
	(void)argc;
	show("oldstat", call(18, path, (long)fresh(), 0, 0));
	show("oldlstat", call(84, path, (long)fresh(), 0, 0));
	show("stat", call(106, path, (long)fresh(), 0, 0));
	show("lstat", call(107, path, (long)fresh(), 0, 0));
	show("stat64", call(195, path, (long)fresh(), 0, 0));
	show("lstat64", call(196, path, (long)fresh(), 0, 0));
	show("fstatat64", call(300, -100, path, (long)fresh(), 0));
	show("statfs", call(99, path, (long)fresh(), 0, 0));
	show("statfs64", call(268, path, 84, (long)fresh(), 0));
	return 0;
}
