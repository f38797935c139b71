/* Large messages: in parts, in pieces, to readers that are slow, to readers that have gone. */
/* variants: static m32 */
#include "net.h"

enum { SIZE = 4 << 20, PIECES = 700 };
static char sent[SIZE], got[SIZE];

static void *reads(void *fd)
{
	size_t n = 0;
	ssize_t r;
	while ((r = recv((intptr_t)fd, got + n, SIZE - n, 0)) > 0)
		n += r;
	return (void *)n;
}
static void through(int a, int b)
{
	struct iovec iov[PIECES];
	size_t piece = SIZE / PIECES, n = 0;
	for (size_t i = 0; i < SIZE; i++)
		sent[i] = i * 2654435761u >> 24;
	memset(got, 0, sizeof got);
	for (int i = 0; i < PIECES; i++)
		iov[i] = (struct iovec){sent + i * piece, i < PIECES - 1 ? piece : SIZE - i * piece};
	pthread_t t;
	MUST(pthread_create(&t, NULL, reads, (void *)(intptr_t)b) == 0);
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = PIECES};
	/* All of it, as nobody interrupts. */
	IS(sendmsg(a, &m, 0), SIZE);
	shutdown(a, SHUT_WR);
	void *r;
	pthread_join(t, &r);
	n = (size_t)r;
	IS(n, SIZE);
	CHECK(memcmp(sent, got, SIZE) == 0);
}

static volatile sig_atomic_t pipes;
static void broken(int sig) { pipes++; }

int main(void)
{
	int server = listening("127.0.0.1"), client = call("127.0.0.1", port_of(server)), pair[2];
	through(client, accept(server, NULL, NULL));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	through(pair[0], pair[1]);
	/* As much as there is room for. */
	client = call("127.0.0.1", port_of(server));
	struct iovec iov = {sent, SIZE};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n = sendmsg(client, &m, MSG_DONTWAIT);
	CHECK(n > 0 && n <= SIZE);
	int conn = accept(server, NULL, NULL);
	close(conn);
	/* Somebody who has gone with unread data resets. */
	hung_up(client);
	errno = 0;
	n = send(client, "x", 1, MSG_NOSIGNAL);
	CHECK(n == -1);
	signal(SIGPIPE, broken);
	FAILS(sendmsg(client, &m, 0), EPIPE);
	IS(pipes, 1);
	FAILS(sendmsg(client, &m, MSG_NOSIGNAL), EPIPE);
	struct mmsghdr mm[2] = {{m}, {m}};
	FAILS(sendmmsg(client, mm, 2, MSG_NOSIGNAL), EPIPE);
	IS(pipes, 1);
	/* In the middle of memory that ends. */
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + 4096, 4096);
	memset(page, 'p', 4096);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	int udp = bound(SOCK_DGRAM, "127.0.0.1");
	union address a = host("127.0.0.1", port_of(udp));
	FAILS(sendto(udp, page + 4000, 200, 0, &a.any, sizeof a.in), EFAULT);
	iov = (struct iovec){page + 4000, 200};
	m.msg_name = &a, m.msg_namelen = sizeof a.in;
	FAILS(sendmsg(udp, &m, 0), EFAULT);
	iov.iov_len = -1;
	FAILS(sendmsg(udp, &m, 0), EINVAL);
	iov.iov_len = 96;
	IS(sendmsg(udp, &m, 0), 96);
	return done();
}
