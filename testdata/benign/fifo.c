/* A FIFO's open waits for the other side, whoever comes first, and can be interrupted; others go on meanwhile. */
#include "check.h"

static void nothing(int sig) { (void)sig; }

int main(void)
{
	char c;
	IS(mkfifo("f", 0600), 0);
	FAILS(mkfifo("f", 0600), EEXIST);
	FAILS(open("f", O_WRONLY | O_NONBLOCK), ENXIO);
	int r = open("f", O_RDONLY | O_NONBLOCK);
	CHECK(r >= 0);
	close(r);
	for (int first = 0; first < 2; first++) {
		pid_t child = fork();
		if (child == 0) {
			pause_ms(first ? 50 : 0);
			int w = open("f", O_WRONLY);
			_exit(write(w, "x", 1) != 1);
		}
		pause_ms(first ? 0 : 50);
		/* Nobody else is held up by the one who waits in open. */
		put("meanwhile", "x");
		r = open("f", O_RDONLY);
		IS(read(r, &c, 1), 1);
		IS(exited(child), 0);
		IS(read(r, &c, 1), 0);
		close(r);
	}
	/* Interrupted, and restarted. */
	struct sigaction sa = {.sa_handler = nothing};
	sigaction(SIGALRM, &sa, NULL);
	struct itimerval it = {.it_value = {0, 50000}, .it_interval = {0, 50000}}, none = {{0}};
	setitimer(ITIMER_REAL, &it, NULL);
	FAILS(open("f", O_RDONLY), EINTR);
	FAILS(open("f", O_WRONLY), EINTR);
	setitimer(ITIMER_REAL, &none, NULL);
	sa.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &sa, NULL);
	pid_t child = fork();
	if (child == 0) {
		pause_ms(150);
		int w = open("f", O_WRONLY);
		_exit(write(w, "y", 1) != 1);
	}
	setitimer(ITIMER_REAL, &it, NULL);
	r = open("f", O_RDONLY);
	IS(read(r, &c, 1), 1);
	setitimer(ITIMER_REAL, &none, NULL);
	IS(c, 'y');
	IS(exited(child), 0);
	close(r);
	/* A waiting opener can be killed. */
	child = fork();
	if (child == 0)
		_exit(open("f", O_WRONLY) >= 0);
	pause_ms(50);
	kill(child, SIGKILL);
	IS(exited(child), -SIGKILL);
	/* Both ends at once. */
	int rw = open("f", O_RDWR);
	IS(write(rw, "z", 1), 1);
	IS(read(rw, &c, 1), 1);
	close(rw);
	/* Two threads of one process meet. */
	IS(system("cat f >out & echo through >f; wait; cat out"), 0);
	return done();
}
