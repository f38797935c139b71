/* variants: static m32 */
/* 200 threads make, rename, read and remove files at once; every result is right. */
#include "check.h"

enum { THREADS = 200, ROUNDS = 10 };
static int wrong[THREADS];
static pthread_barrier_t barrier;

static void *work(void *arg)
{
	int id = (int)(intptr_t)arg;
	char a[64], b[64], buf[64];
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(a, sizeof a, "t%d.%d", id, i);
		snprintf(b, sizeof b, "t%d.%d.done", id, i);
		int fd = open(a, O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd < 0 || write(fd, a, strlen(a)) != (ssize_t)strlen(a) || close(fd) != 0)
			wrong[id]++;
		if (rename(a, b) != 0)
			wrong[id]++;
		fd = open(b, O_RDONLY);
		ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof buf);
		if (n != (ssize_t)strlen(a) || memcmp(buf, a, n) != 0)
			wrong[id]++;
		close(fd);
		errno = 0;
		if (open(a, O_RDONLY) >= 0 || errno != ENOENT)
			wrong[id]++;
		errno = 0;
		if (mkdir(b, 0700) == 0 || errno != EEXIST)
			wrong[id]++;
		if (unlink(b) != 0)
			wrong[id]++;
	}
	return arg;
}

int main(void)
{
	pthread_t t[THREADS];
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		MUST((errno = pthread_create(&t[i], &attr, work, (void *)(intptr_t)i)) == 0);
	for (int i = 0; i < THREADS; i++) {
		void *ret;
		pthread_join(t[i], &ret);
		CHECK(ret == (void *)(intptr_t)i);
		IS(wrong[i], 0);
	}
	DIR *d = opendir(".");
	struct dirent *e;
	while ((e = readdir(d)))
		if (e->d_name[0] == 't')
			printf("left behind: %s\n", e->d_name);
	closedir(d);
	/* Short-lived threads, one after the other. */
	memset(wrong, 0, sizeof wrong);
	pthread_barrier_init(&barrier, NULL, 1);
	for (int i = 0; i < THREADS; i++) {
		pthread_create(&t[0], &attr, work, (void *)(intptr_t)i);
		pthread_join(t[0], NULL);
		IS(wrong[i], 0);
	}
	return done();
}
