/*
 * Writes to descriptor 9, a file without a name that is open for reading: by an entry of /proc/self/map_files that was
 * looked up while a file of its own, open for writing, was mapped there. Its own it reopens by its descriptor first.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	char name[64], *at = (char *)0x10000000;
	const int size = 4096;
	int own = memfd_create("own", 0);
	if (own < 0 || ftruncate(own, size) != 0)
		err(2, "memfd");
	snprintf(name, sizeof name, "/proc/self/fd/%d", own);
	int again = open(name, O_RDWR);
	if (again < 0 || write(again, "mine", 4) != 4)
		err(2, "its own: %s", name);
	if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, own, 0) == MAP_FAILED)
		err(2, "map its own");
	snprintf(name, sizeof name, "/proc/self/map_files/%lx-%lx", (long)at, (long)at + size);
	int held = open(name, O_PATH); /* keeps what was said of it */
	munmap(at, size);
	if (mmap(at, size, PROT_READ, MAP_SHARED | MAP_FIXED, 9, 0) == MAP_FAILED)
		err(2, "map descriptor 9");
	int fd = open(name, O_RDWR);
	if (fd < 0 || write(fd, "changed", 7) != 7)
		err(1, "%s", name);
	(void)held;
	return 0;
}
