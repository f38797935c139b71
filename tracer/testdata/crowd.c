// crowd IDLE BUSY ROUNDS: makes IDLE processes that do nothing, then BUSY ones that make one call each, all at once,
// ROUNDS times, and lets a token go round the idle ones, each of which makes a call for it. Last of all are killed at once.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void call(void) { CHECK(access("/nowhere", F_OK) == -1); }

// Everybody's end of a pipe to the next one.
static void pass(int in, int out) {
	char token;
	while (read(in, &token, 1) == 1) {
		call();
		CHECK(write(out, &token, 1) == 1);
	}
	_exit(0);
}

int main(int argc, char **argv) {
	CHECK(argc == 4);
	int idle = atoi(argv[1]), busy = atoi(argv[2]), rounds = atoi(argv[3]);
	pid_t *pids = calloc(idle + busy, sizeof *pids);
	volatile int *go = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(pids && go != MAP_FAILED);
	int first[2], last[2], done[2];
	CHECK(pipe(first) == 0 && pipe(done) == 0);
	int in = first[0];
	for (int i = 0; i < idle; i++) {
		CHECK(pipe(last) == 0);
		CHECK((pids[i] = fork()) >= 0);
		if (pids[i] == 0) pass(in, last[1]);
		close(in), close(last[1]);
		in = last[0];
	}
	for (int i = idle; i < idle + busy; i++) {
		CHECK((pids[i] = fork()) >= 0);
		if (pids[i] != 0) continue;
		for (int round = 1; round <= rounds; round++) {
			while (*go < round) poll(NULL, 0, 1);
			call();
			CHECK(write(done[1], "", 1) == 1);
		}
		for (;;) pause();
	}
	char c;
	for (int round = 1; round <= rounds; round++) {
		*go = round;
		for (int i = 0; i < busy; i++) CHECK(read(done[0], &c, 1) == 1);
		CHECK(write(first[1], "", 1) == 1);
		CHECK(read(in, &c, 1) == 1);
	}
	for (int i = 0; i < idle + busy; i++) CHECK(kill(pids[i], SIGKILL) == 0);
	for (int i = 0; i < idle + busy; i++) CHECK(waitpid(pids[i], NULL, 0) == pids[i]);
	return 0;
}
