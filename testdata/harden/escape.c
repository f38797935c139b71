/*
 * escape.c - what a shell cannot do of what [harden] takes away. `escape euid` prints the effective user; `escape call
 * PORT` says something to a server of this machine; `escape burn MS` uses that much CPU time, whatever tells it not to;
 * `escape crowd N` has N children at the same time; `escape segment ID` writes to shared memory;
 * `escape exchange A B` exchanges two files' names. Status 0: it has done it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int call(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char answer[8];
	if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
		perror("connect");
		return 1;
	}
	/* Only the server itself answers like this. */
	return read(fd, answer, sizeof answer) != 5 || memcmp(answer, "hello", 5) != 0;
}

static int burn(long ms)
{
	struct timespec t = {0, 0};
	signal(SIGXCPU, SIG_IGN);
	while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < ms)
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 0;
}

static int crowd(int n)
{
	int made = 0, gate[2];
	char end;
	if (pipe(gate) != 0)
		return 1;
	for (; made < n; made++) {
		pid_t pid = fork();
		if (pid < 0)
			break;
		if (pid == 0) {
			close(gate[1]);
			_exit(read(gate[0], &end, 1) != 0);
		}
	}
	close(gate[1]);
	while (wait(NULL) > 0)
		;
	return made != n;
}

static int segment(int id)
{
	char *memory = shmat(id, NULL, 0);
	if (memory == (char *)-1) {
		perror("shmat");
		return 1;
	}
	memory[0]++;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "euid") == 0)
		return printf("%d\n", (int)geteuid()) < 0;
	if (argc == 4 && strcmp(argv[1], "exchange") == 0)
		return syscall(SYS_renameat2, AT_FDCWD, argv[2], AT_FDCWD, argv[3], RENAME_EXCHANGE) != 0;
	if (argc != 3)
		return 2;
	if (strcmp(argv[1], "call") == 0)
		return call(atoi(argv[2]));
	if (strcmp(argv[1], "burn") == 0)
		return burn(atol(argv[2]));
	if (strcmp(argv[1], "segment") == 0)
		return segment(atoi(argv[2]));
	return strcmp(argv[1], "crowd") == 0 ? crowd(atoi(argv[2])) : 2;
}
