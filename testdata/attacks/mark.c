/* The program that must not run. If it does, it leaves a mark. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
	char path[4096];
	const char *dir = getenv("ATTACK_ALLOW");
	snprintf(path, sizeof path, "%s/ran", dir ? dir : ".");
	int fd = open(path, O_WRONLY | O_CREAT, 0644);
	return fd < 0 || write(fd, "ran\n", 4) != 4;
}
