/*
 * System V message queues, semaphores and shared memory among members: how fakeroot's library talks to its daemon.
 * The daemon is a grandchild in a session of its own, as faked is.
 */
/* variants: m32 */
#include "check.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

struct request {
	long type;
	int op, value;
};
#define SIZE (sizeof(struct request) - sizeof(long))

static void daemon_of(int in, int out, int sem, int shm)
{
	struct request r;
	int *total = shmat(shm, NULL, 0);
	MUST(total != (void *)-1);
	while (msgrcv(in, &r, SIZE, 0, 0) >= 0 && r.op != 0) {
		*total += r.value;
		r.value = *total;
		r.type = 2;
		if (msgsnd(out, &r, SIZE, 0) < 0)
			_exit(1);
	}
	struct sembuf up = {0, 1, 0};
	semop(sem, &up, 1);
	_exit(0);
}

int main(void)
{
	int in = msgget(IPC_PRIVATE, IPC_CREAT | 0600), out = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	int sem = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600), shm = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	if (in < 0 || out < 0 || sem < 0 || shm < 0)
		not_applicable("no System V IPC");
	pid_t child = fork();
	if (child == 0) {
		setsid();
		if (fork() == 0)
			daemon_of(in, out, sem, shm);
		_exit(0);
	}
	IS(reap(child), 0);
	int total = 0;
	for (int i = 1; i <= 500; i++) {
		struct request r = {1, 1, i};
		MUST(msgsnd(in, &r, SIZE, 0) == 0);
		MUST(msgrcv(out, &r, SIZE, 2, 0) == SIZE);
		total += i;
		MUST(r.value == total);
	}
	int *seen = shmat(shm, NULL, SHM_RDONLY);
	MUST(seen != (void *)-1);
	IS(*seen, total);
	struct request end = {1, 0, 0};
	IS(msgsnd(in, &end, SIZE, 0), 0);
	struct sembuf down = {0, -1, 0};
	IS(semop(sem, &down, 1), 0);
	IS(shmdt(seen), 0);
	IS(shmctl(shm, IPC_RMID, NULL), 0);
	IS(semctl(sem, 0, IPC_RMID), 0);
	IS(msgctl(in, IPC_RMID, NULL), 0);
	IS(msgctl(out, IPC_RMID, NULL), 0);
	return done();
}
