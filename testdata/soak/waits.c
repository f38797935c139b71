/* Opens that wait: for the other end of a FIFO, for the holder of a lease. They can be interrupted, killed, and met. */
#include "soak.h"

static void nothing(int sig) { (void)sig; }

/* Two processes meet in a FIFO again and again, whoever comes first. A reader that was interrupted may have been met by
 * then; its writer learns of it (EPIPE) and comes again. */
static void meet(int interrupted)
{
	char c = 0;
	int n;
	pid_t child = fork();
	if (child == 0) {
		int w;
		signal(SIGPIPE, SIG_IGN);
		usleep(below(interrupted ? 6000 : 800));
		while ((w = open("fifo", O_WRONLY)) >= 0 && write(w, "x", 1) != 1 && errno == EPIPE)
			close(w);
		_exit(w < 0);
	}
	struct itimerval it = {{0, 2000}, {0, 2000}}, none = {{0, 0}, {0, 0}};
	if (interrupted)
		setitimer(ITIMER_REAL, &it, NULL);
	do
		n = open("fifo", O_RDONLY);
	while (n < 0 && errno == EINTR);
	setitimer(ITIMER_REAL, &none, NULL);
	if (n < 0) {
		failed(__LINE__, "open of a FIFO", "says %s", strerror(errno));
		kill(child, SIGKILL);
		exited(child);
		return;
	}
	IS(read(n, &c, 1), 1);
	CHECK(c == 'x');
	IS(close(n), 0);
	ENDS(child, 0);
}

/* One waits for somebody who never comes, and is killed. */
static void given_up(void)
{
	pid_t child = fork();
	if (child == 0)
		_exit(open("lonely", O_RDONLY) >= 0);
	usleep(below(1500));
	IS(kill(child, SIGKILL), 0);
	ENDS(child, -SIGKILL);
	/* Nobody is left there, if not at once: it is the sandbox that waited for it. */
	int fd, tries = 0;
	while ((fd = open("lonely", O_WRONLY | O_NONBLOCK)) >= 0 && ++tries < 1000) {
		close(fd);
		usleep(1000);
	}
	if (fd >= 0 || errno != ENXIO)
		failed(__LINE__, "a FIFO", "still has a reader (%s)", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static int leased = -1;

static void release(int sig)
{
	(void)sig;
	fcntl(leased, F_SETLEASE, F_UNLCK);
}

/* An open waits until who has a lease on the file gives it up. */
static void lease(void)
{
	leased = open("leased", O_RDONLY);
	if (fcntl(leased, F_SETLEASE, F_RDLCK) != 0) { /* not on this file system, or not of this user's file */
		close(leased);
		return;
	}
	pid_t child = fork();
	if (child == 0) {
		close(leased);
		int fd = open("leased", O_RDWR);
		_exit(fd < 0);
	}
	int status;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	IS(status, 0);
	IS(close(leased), 0);
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = nothing}, io = {.sa_handler = release};
	begin(argc, argv);
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGIO, &io, NULL);
	MUST(mkfifo("fifo", 0600) == 0 && mkfifo("lonely", 0600) == 0);
	put("leased", "x");
	int had = descriptors();
	for (int i = 0; more(); i++)
		switch (i % 4) {
		case 0: meet(0); break;
		case 1: meet(1); break;
		case 2: given_up(); break;
		case 3: lease(); break;
		}
	IS(descriptors(), had);
	return failures != 0;
}
