/* Signals fall on calls that never wait: such a call is not interrupted, not done twice, and loses no descriptor. */
#include "soak.h"

static atomic_int alarms;

static void count(int sig)
{
	(void)sig;
	atomic_fetch_add(&alarms, 1);
}

/* Opens, and makes names, under a timer that nobody restarts for. */
static void under_fire(void)
{
	struct sigaction sa = {.sa_handler = count};
	struct itimerval it = {{0, 300}, {0, 300}};
	sigaction(SIGALRM, &sa, NULL);
	int had = descriptors(), lowest = open("/dev/null", O_RDONLY);
	close(lowest);
	setitimer(ITIMER_REAL, &it, NULL);
	while (more()) {
		IS(open("f", O_RDWR | O_CREAT | O_EXCL, 0600), lowest);
		IS(open("f", O_RDWR | O_CREAT, 0600), lowest + 1);
		IS(close(lowest), 0);
		IS(open("f", O_WRONLY | O_TRUNC), lowest);
		IS(close(lowest), 0);
		IS(close(lowest + 1), 0);
		FAILS(open("f", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
		FAILS(open(in_victim("file"), O_RDWR), EACCES);
		FAILS(open(in_victim("none"), O_RDWR), ENOENT);
		IS(rename("f", "g"), 0);
		IS(mkdir("d", 0700), 0);
		FAILS(mkdir("d", 0700), EEXIST);
		IS(rmdir("d"), 0);
		IS(unlink("g"), 0);
		FAILS(unlink("g"), ENOENT);
	}
	memset(&it, 0, sizeof it);
	setitimer(ITIMER_REAL, &it, NULL);
	IS(descriptors(), had);
	CHECK(atomic_load(&alarms) > 0);
	_exit(failures != 0);
}

/* Does the same while it is stopped and continued from outside. */
static void stopped(void)
{
	int had = descriptors();
	while (more()) {
		int fd = open("s", O_RDWR | O_CREAT | O_EXCL, 0600);
		CHECK(fd >= 0);
		IS(close(fd), 0);
		IS(unlink("s"), 0);
		FAILS(mkdir(in_victim("x"), 0700), EACCES);
	}
	IS(descriptors(), had);
	_exit(failures != 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv);
	pid_t fire = fork();
	if (fire == 0)
		under_fire();
	pid_t child = fork();
	if (child == 0)
		stopped();
	while (more()) {
		int status;
		usleep(below(3000));
		IS(kill(child, SIGSTOP), 0);
		if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)) {
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
			child = 0;
			break;
		}
		usleep(below(500));
		IS(kill(child, SIGCONT), 0);
	}
	if (child != 0) {
		kill(child, SIGCONT);
		ENDS(child, 0);
	}
	ENDS(fire, 0);
	return failures != 0;
}
