/* Calls that wait: interrupted, restarted, timed out, ended, and in the way of nobody else. */
/* variants: static m32 */
#include "net.h"

static volatile sig_atomic_t alarms;
static void rings(int sig) { alarms++; }
static void on_alarm(int flags)
{
	struct sigaction sa = {.sa_handler = rings, .sa_flags = flags};
	alarms = 0;
	sigaction(SIGALRM, &sa, NULL);
}
static void ring_in(long ms, long again)
{
	struct itimerval t = {{again / 1000, again % 1000 * 1000}, {ms / 1000, ms % 1000 * 1000}};
	setitimer(ITIMER_REAL, &t, NULL);
}

/* A unix listener whose queue is full. */
static struct sockaddr_un busy;
static int full_listener(int *first)
{
	busy.sun_family = AF_UNIX;
	strcpy(busy.sun_path, "busy");
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	MUST(bind(s, (struct sockaddr *)&busy, sizeof busy) == 0 && listen(s, 0) == 0);
	*first = socket(AF_UNIX, SOCK_STREAM, 0);
	IS(connect(*first, (struct sockaddr *)&busy, sizeof busy), 0);
	return s;
}
static void *accepts_later(void *s)
{
	pause_ms(100);
	accept((intptr_t)s, NULL, NULL);
	return NULL;
}
static void unix_connect(void)
{
	int first, s = full_listener(&first), fd = socket(AF_UNIX, SOCK_STREAM, 0);
	IS(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	FAILS(connect(fd, (struct sockaddr *)&busy, sizeof busy), EAGAIN);
	IS(fcntl(fd, F_SETFL, 0), 0);
	/* Interrupted: it never began. */
	on_alarm(0);
	ring_in(50, 50);
	FAILS(connect(fd, (struct sockaddr *)&busy, sizeof busy), EINTR);
	CHECK(alarms > 0);
	ring_in(0, 0);
	/* With a limit. */
	struct timeval limit = {0, 50000};
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	FAILS(connect(fd, (struct sockaddr *)&busy, sizeof busy), EAGAIN);
	limit.tv_usec = 0;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	/* Restarted, and let in after all. */
	pthread_t t;
	on_alarm(SA_RESTART);
	ring_in(20, 20);
	pthread_create(&t, NULL, accepts_later, (void *)(intptr_t)s);
	IS(connect(fd, (struct sockaddr *)&busy, sizeof busy), 0);
	ring_in(0, 0);
	pthread_join(t, NULL);
	/* Ended while it waits. */
	pid_t pid = fork();
	if (pid == 0) {
		connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&busy, sizeof busy);
		_exit(0);
	}
	while (state_of(pid) != 'S' && state_of(pid) != 't' && state_of(pid) != 'T')
		pause_ms(1);
	kill(pid, SIGKILL);
	IS(exited(pid), -SIGKILL);
	/* The listener goes while somebody waits. */
	pid = fork();
	if (pid == 0) {
		close(s);
		int r = connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&busy, sizeof busy);
		_exit(r == -1 && errno == ECONNREFUSED ? 0 : 1);
	}
	pause_ms(100);
	close(s);
	IS(exited(pid), 0);
	unlink("busy");
}

/* A stream's queue, the same. */
static void tcp_connect(void)
{
	int s = bound(SOCK_STREAM, "127.0.0.1"), fds[8], n = 0;
	MUST(listen(s, 0) == 0);
	union address a = host("127.0.0.1", port_of(s));
	/* As many as there is room for, and one in the middle of its handshake. */
	for (; n < 4; n++) {
		fds[n] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fds[n], &a.any, sizeof a.in);
		pause_ms(5);
	}
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	on_alarm(0);
	ring_in(50, 50);
	FAILS(connect(fd, &a.any, sizeof a.in), EINTR);
	ring_in(0, 0);
	/* It goes on by itself. */
	fcntl(fd, F_SETFL, O_NONBLOCK);
	FAILS(connect(fd, &a.any, sizeof a.in), EALREADY);
	struct timeval limit = {0, 50000};
	int other = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(other, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	FAILS(connect(other, &a.any, sizeof a.in), EINPROGRESS);
	/* And is done once others are served, as it is tried again. */
	struct pollfd p[2] = {{fd, POLLOUT}, {s, POLLIN}};
	while (poll(p, 2, PATIENCE_MS) > 0 && !p[0].revents)
		CHECK(accept(s, NULL, NULL) >= 0);
	CHECK(p[0].revents & POLLOUT);
	IS(connect(fd, &a.any, sizeof a.in), 0);
	FAILS(connect(fd, &a.any, sizeof a.in), EISCONN);
}

/* Messages to somebody whose queue is full. */
static void unix_send(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "slow"};
	int s = socket(AF_UNIX, SOCK_DGRAM, 0), fd = socket(AF_UNIX, SOCK_DGRAM, 0), n = 0;
	MUST(bind(s, (struct sockaddr *)&a, sizeof a) == 0);
	while (sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&a, sizeof a) == 1 && n < 100000)
		n++;
	CHECK(n > 0);
	FAILS(sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&a, sizeof a), EAGAIN);
	on_alarm(0);
	ring_in(50, 50);
	FAILS(sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof a), EINTR);
	ring_in(0, 0);
	pid_t pid = fork();
	if (pid == 0) {
		char c;
		pause_ms(100);
		_exit(recv(s, &c, 1, 0) == 1 ? 0 : 1);
	}
	on_alarm(SA_RESTART);
	ring_in(20, 20);
	IS(sendto(fd, "y", 1, 0, (struct sockaddr *)&a, sizeof a), 1);
	ring_in(0, 0);
	IS(exited(pid), 0);
	unlink("slow");
}

/* One thread waits, others go on. */
static struct {
	int server, done;
} others;
static void *waits(void *unused)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return (void *)(intptr_t)connect(fd, (struct sockaddr *)&busy, sizeof busy);
}
static void company(void)
{
	int first, s = full_listener(&first), server = listening("127.0.0.1");
	pthread_t t[20];
	for (int i = 0; i < 20; i++)
		MUST(pthread_create(&t[i], NULL, waits, NULL) == 0);
	for (int i = 0; i < 50; i++) {
		int fd = call("127.0.0.1", port_of(server));
		close(accept(server, NULL, NULL));
		close(fd);
	}
	for (int i = 0; i < 21; i++)
		CHECK(accept(s, NULL, NULL) >= 0);
	for (int i = 0; i < 20; i++) {
		void *r = (void *)-1;
		pthread_join(t[i], &r);
		IS((intptr_t)r, 0);
	}
	/* The process ends in the middle of all that. */
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 20; i++)
			pthread_create(&t[i], NULL, waits, NULL);
		pause_ms(20);
		_exit(7);
	}
	IS(exited(pid), 7);
	unlink("busy");
}

int main(void)
{
	unix_connect();
	tcp_connect();
	unix_send();
	company();
	return done();
}
