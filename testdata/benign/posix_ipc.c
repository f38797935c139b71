/* POSIX shared memory, semaphores and message queues among members, and the pipe of make's job server. */
#include "check.h"
#include <mqueue.h>
#include <semaphore.h>

static char name[64];

static void shared_memory(void)
{
	int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	MUST(fd >= 0);
	MUST(ftruncate(fd, 4096) == 0);
	volatile int *mine = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(mine != MAP_FAILED);
	pid_t child = fork();
	if (child == 0) {
		int other = shm_open(name, O_RDWR, 0);
		int *its = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);
		if (its == MAP_FAILED)
			_exit(1);
		*its = 42;
		_exit(0);
	}
	IS(reap(child), 0);
	IS(*mine, 42);
	IS(shm_unlink(name), 0);
	FAILS(shm_open(name, O_RDWR, 0), ENOENT);
}

static void semaphores(void)
{
	sem_t *s = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
	MUST(s != SEM_FAILED);
	pid_t child = fork();
	if (child == 0) {
		sem_t *its = sem_open(name, 0);
		_exit(its == SEM_FAILED || sem_post(its) != 0);
	}
	IS(sem_wait(s), 0);
	IS(reap(child), 0);
	IS(sem_close(s), 0);
	IS(sem_unlink(name), 0);
}

static void queues(void)
{
	struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = 16};
	mqd_t q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	if (q < 0) /* a kernel without them */
		return;
	pid_t child = fork();
	if (child == 0)
		_exit(mq_send(mq_open(name, O_WRONLY), "hello", 5, 1) != 0);
	char text[16] = "";
	IS(mq_receive(q, text, sizeof text, NULL), 5);
	IS(strcmp(text, "hello"), 0);
	IS(reap(child), 0);
	IS(mq_unlink(name), 0);
}

/* Tokens in a pipe that all jobs inherit; each takes one and puts it back. */
static void job_server(void)
{
	int tokens[2];
	MUST(pipe(tokens) == 0);
	MUST(write(tokens[1], "++", 2) == 2);
	pid_t jobs[8];
	for (int i = 0; i < 8; i++) {
		jobs[i] = fork();
		if (jobs[i] == 0) {
			char token;
			while (read(tokens[0], &token, 1) != 1)
				;
			pause_ms(2);
			_exit(write(tokens[1], &token, 1) != 1);
		}
	}
	for (int i = 0; i < 8; i++)
		IS(reap(jobs[i]), 0);
	char rest[4];
	IS(read(tokens[0], rest, sizeof rest), 2);
	/* By name, as make 4.4 has it. */
	MUST(mkfifo("tokens", 0600) == 0);
	int fifo = open("tokens", O_RDWR);
	MUST(fifo >= 0);
	pid_t child = fork();
	if (child == 0) {
		int out = open("tokens", O_WRONLY | O_NONBLOCK);
		_exit(out < 0 || write(out, "+", 1) != 1);
	}
	IS(reap(child), 0);
	IS(read(fifo, rest, sizeof rest), 1);
}

int main(void)
{
	snprintf(name, sizeof name, "/sydbox-benign-%s", unique());
	shared_memory();
	semaphores();
	queues();
	job_server();
	return done();
}
