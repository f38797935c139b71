/* Tasks come and go in every way there is, many of them killed in the middle of something. */
#include "soak.h"

static void *short_life(void *arg)
{
	char name[32];
	snprintf(name, sizeof name, "t%d.%d", (int)getpid(), (int)(intptr_t)arg);
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0);
	IS(close(fd), 0);
	IS(unlink(name), 0);
	FAILS(unlink(in_victim("file")), EACCES);
	return arg;
}

static void threads(void)
{
	pthread_t t[8];
	void *ret;
	for (int i = 0; i < 8; i++)
		MUST((errno = pthread_create(&t[i], NULL, short_life, (void *)(intptr_t)i)) == 0);
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], &ret);
		CHECK(ret == (void *)(intptr_t)i);
	}
}

static void *become_true(void *arg)
{
	usleep(below(300));
	execl("/bin/true", "true", NULL);
	_exit(9);
	return arg;
}

static void *open_for_ever(void *arg)
{
	for (;;) {
		int fd = open("busy", O_RDWR | O_CREAT, 0600);
		close(fd);
		open(in_victim("file"), O_RDWR | O_TRUNC);
	}
	return arg;
}

/* A thread that is not the leader becomes another program while all others are in calls. */
static void exec_from_thread(void)
{
	pid_t child = fork();
	if (child == 0) {
		pthread_t t;
		for (int i = 0; i < 2; i++)
			pthread_create(&t, NULL, open_for_ever, NULL);
		pthread_create(&t, NULL, become_true, NULL);
		open_for_ever(NULL);
	}
	ENDS(child, 0);
}

/* A process with threads is killed at any moment. */
static void killed(void)
{
	pid_t child = fork();
	if (child == 0) {
		pthread_t t;
		pthread_create(&t, NULL, open_for_ever, NULL);
		open_for_ever(NULL);
	}
	usleep(below(2000));
	IS(kill(child, SIGKILL), 0);
	ENDS(child, -SIGKILL);
}

static void vforked(void)
{
	pid_t child = vfork();
	if (child == 0) {
		execl("/bin/true", "true", NULL);
		_exit(9);
	}
	ENDS(child, 0);
	child = vfork();
	if (child == 0) {
		execl("/bin/dd", "dd", NULL); /* which may not be executed */
		_exit(errno == EACCES ? 3 : 4);
	}
	ENDS(child, 3);
}

/* A grandchild outlives its parent, and comes to us: we are asked to wait for it. */
static void orphaned(void)
{
	int p[2];
	char c;
	MUST(pipe(p) == 0);
	pid_t child = fork();
	if (child == 0) {
		if (fork() == 0) {
			setsid();
			close(open("orphan", O_RDWR | O_CREAT, 0600));
			usleep(below(500));
			_exit(unlink("orphan") != 0);
		}
		_exit(0);
	}
	close(p[1]);
	ENDS(child, 0);
	IS(read(p[0], &c, 1), 0); /* everybody who had the other end is gone */
	close(p[0]);
	int status = -1;
	MUST(wait(&status) > 0);
	IS(status, 0);
}

static int in_clone(void *arg)
{
	return chdir(arg) != 0;
}

/* A task that shares our file system context changes our directory. */
static void shared_cwd(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	char where[PATH_MAX], then[PATH_MAX];
	struct stat here, there;
	MUST(getcwd(where, sizeof where));
	IS(mkdir("below", 0700), 0);
	pid_t child = clone(in_clone, stack + sizeof stack, CLONE_FS | CLONE_VM | CLONE_VFORK | SIGCHLD, "below");
	MUST(child > 0);
	ENDS(child, 0);
	MUST(getcwd(then, sizeof then));
	CHECK(strlen(then) == strlen(where) + 6);
	IS(mkdir("made", 0700), 0);
	IS(stat("../below/made", &there), 0);
	IS(stat("made", &here), 0);
	CHECK(here.st_ino == there.st_ino);
	IS(rmdir("made"), 0);
	IS(chdir(".."), 0);
	IS(rmdir("below"), 0);
}

int main(int argc, char **argv)
{
	static void (*const ways[])(void) = {threads, exec_from_thread, killed, vforked, orphaned, shared_cwd};
	begin(argc, argv);
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	int had = descriptors();
	for (int i = 0; more(); i++)
		ways[below(sizeof ways / sizeof *ways)]();
	IS(descriptors(), had);
	return failures != 0;
}
