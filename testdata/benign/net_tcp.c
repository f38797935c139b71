/* Streams on the loopback: ports that the kernel picks, every way to connect, and how it fails. */
/* variants: static m32 */
#include "net.h"

enum { CALLS = 200 };

static void echo(int a, int b)
{
	char buf[8] = "";
	IS(send(a, "ping", 4, 0), 4);
	IS(recv(b, buf, 4, MSG_WAITALL), 4);
	CHECK(strcmp(buf, "ping") == 0);
}

static void plain(void)
{
	int server = listening("127.0.0.1"), client = call("127.0.0.1", port_of(server));
	union address peer;
	socklen_t len = sizeof peer;
	int conn = accept4(server, &peer.any, &len, SOCK_CLOEXEC);
	CHECK(conn >= 0);
	CHECK(ntohs(peer.in.sin_port) == port_of(client));
	len = sizeof peer;
	IS(getpeername(client, &peer.any, &len), 0);
	CHECK(ntohs(peer.in.sin_port) == port_of(server) && peer.in.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	echo(client, conn);
	echo(conn, client);
	/* Connected already. An address is of no interest to a stream. */
	union address a = host("127.0.0.1", port_of(server));
	FAILS(connect(client, &a.any, sizeof a.in), EISCONN);
	IS(sendto(client, "ping", 4, 0, &a.any, sizeof a.in), 4);
	struct iovec iov = {"pong", 4};
	struct msghdr m = {.msg_name = &a, .msg_namelen = sizeof a.in, .msg_iov = &iov, .msg_iovlen = 1};
	IS(sendmsg(client, &m, 0), 4);
	char buf[16];
	IS(recv(conn, buf, 8, MSG_WAITALL), 8);
	/* Dissolved and used again. */
	union address none = {.any = {AF_UNSPEC}};
	IS(connect(client, &none.any, sizeof none.any), 0);
	FAILS(send(client, "x", 1, MSG_NOSIGNAL), ECONNRESET);
	FAILS(send(client, "x", 1, MSG_NOSIGNAL), EPIPE);
	IS(connect(client, &a.any, sizeof a.in), 0);
	close(client);
	close(conn);
	close(server);
}

static void *accepts(void *server)
{
	for (int i = 0; i < CALLS; i++) {
		int conn = accept((intptr_t)server, NULL, NULL);
		char c = 0;
		if (conn < 0 || recv(conn, &c, 1, 0) != 1 || send(conn, &c, 1, 0) != 1)
			CHECK(!"accept, receive, send");
		close(conn);
	}
	return NULL;
}
static void many(void)
{
	int server = listening("127.0.0.1"), port = port_of(server);
	pthread_t t;
	MUST(pthread_create(&t, NULL, accepts, (void *)(intptr_t)server) == 0);
	for (int i = 0; i < CALLS; i++) {
		char c = i, back = ~i;
		int fd = call("127.0.0.1", port);
		IS(send(fd, &c, 1, 0), 1);
		IS(recv(fd, &back, 1, 0), 1);
		CHECK(c == back);
		close(fd);
	}
	pthread_join(t, NULL);
	close(server);
}

static void nonblocking(void)
{
	int server = listening("127.0.0.1"), error = -1;
	socklen_t len = sizeof error;
	union address a = host("127.0.0.1", port_of(server));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* The loopback connects at once, and says so later all the same. */
	FAILS(connect(fd, &a.any, sizeof a.in), EINPROGRESS);
	struct pollfd p = {fd, POLLOUT};
	IS(poll(&p, 1, PATIENCE_MS), 1);
	IS(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	IS(error, 0);
	IS(connect(fd, &a.any, sizeof a.in), 0);
	FAILS(connect(fd, &a.any, sizeof a.in), EISCONN);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	/* Nobody there. */
	a = host("127.0.0.1", free_port(SOCK_STREAM));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	FAILS(connect(fd, &a.any, sizeof a.in), EINPROGRESS);
	p.fd = fd;
	IS(poll(&p, 1, PATIENCE_MS), 1);
	FAILS(connect(fd, &a.any, sizeof a.in), ECONNREFUSED);
	close(fd);
	close(server);
}

static volatile sig_atomic_t pipes;
static void broken(int sig) { pipes++; }
static void fails(void)
{
	union address a = host("127.0.0.1", free_port(SOCK_STREAM)), six = host("::1", 1), unix_name = {.any = {AF_UNIX}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	FAILS(connect(fd, &a.any, sizeof a.in), ECONNREFUSED);
	FAILS(connect(fd, &a.any, sizeof a.in - 1), EINVAL);
	FAILS(connect(fd, &a.any, -1), EINVAL);
	FAILS(connect(fd, &a.any, 4096), EINVAL);
	FAILS(connect(fd, (void *)8, sizeof a.in), EFAULT);
	FAILS(connect(fd, &six.any, sizeof six.in6), EAFNOSUPPORT);
	FAILS(connect(fd, &unix_name.any, sizeof unix_name.in), EAFNOSUPPORT);
	FAILS(connect(-1, &a.any, sizeof a.in), EBADF);
	FAILS(connect(999, &a.any, sizeof a.in), EBADF);
	FAILS(bind(fd, &a.any, 3), EINVAL);
	FAILS(bind(fd, (void *)8, sizeof a.in), EFAULT);
	FAILS(bind(999, &a.any, sizeof a.in), EBADF);
	FAILS(listen(999, 1), EBADF);
	int file = open("file", O_RDWR | O_CREAT, 0644);
	FAILS(connect(file, &a.any, sizeof a.in), ENOTSOCK);
	FAILS(bind(file, &a.any, sizeof a.in), ENOTSOCK);
	FAILS(listen(file, 1), ENOTSOCK);
	FAILS(send(file, "x", 1, 0), ENOTSOCK);
	FAILS(sendto(file, "x", 1, 0, &a.any, sizeof a.in), ENOTSOCK);
	int handle = open("file", O_PATH);
	FAILS(connect(handle, &a.any, sizeof a.in), EBADF);
	/* Bound twice; bound by another. */
	int server = listening("127.0.0.1");
	union address taken = host("127.0.0.1", port_of(server)), zero = host("127.0.0.1", 0);
	FAILS(bind(server, &zero.any, sizeof zero.in), EINVAL);
	int second = socket(AF_INET, SOCK_STREAM, 0);
	FAILS(bind(second, &taken.any, sizeof taken.in), EADDRINUSE);
	IS(bind(second, &zero.any, sizeof zero.in), 0);
	IS(listen(second, 5), 0);
	IS(listen(second, 7), 0);
	union address foreign = host("192.0.2.1", 0);
	FAILS(bind(socket(AF_INET, SOCK_STREAM, 0), &foreign.any, sizeof foreign.in), EADDRNOTAVAIL);
	/* A listener neither connects nor sends. */
	FAILS(connect(second, &taken.any, sizeof taken.in), EISCONN);
	/* Not connected. */
	signal(SIGPIPE, broken);
	int alone = socket(AF_INET, SOCK_STREAM, 0);
	FAILS(send(alone, "x", 1, 0), EPIPE);
	IS(pipes, 1);
	FAILS(sendto(alone, "x", 1, 0, &taken.any, sizeof taken.in), EPIPE);
	IS(pipes, 2);
	FAILS(sendto(alone, "x", 1, MSG_NOSIGNAL, &taken.any, sizeof taken.in), EPIPE);
	struct iovec iov = {"x", 1};
	struct msghdr m = {.msg_name = &taken, .msg_namelen = sizeof taken.in, .msg_iov = &iov, .msg_iovlen = 1};
	FAILS(sendmsg(alone, &m, 0), EPIPE);
	IS(pipes, 3);
	FAILS(recv(alone, &iov, 1, 0), ENOTCONN);
	union address peer;
	socklen_t len = sizeof peer;
	FAILS(getpeername(alone, &peer.any, &len), ENOTCONN);
	/* The other end has gone. */
	int client = call("127.0.0.1", port_of(server)), conn = accept(server, NULL, NULL);
	struct linger reset = {1, 0};
	setsockopt(conn, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(conn);
	hung_up(client);
	FAILS(send(client, "x", 1, MSG_NOSIGNAL), ECONNRESET);
	FAILS(send(client, "x", 1, 0), EPIPE);
	IS(pipes, 4);
}

static void from_a_port(void)
{
	int server = listening("127.0.0.1"), client = bound(SOCK_STREAM, "127.0.0.1"), own = port_of(client);
	union address a = host("127.0.0.1", port_of(server)), peer;
	socklen_t len = sizeof peer;
	IS(connect(client, &a.any, sizeof a.in), 0);
	int conn = accept(server, &peer.any, &len);
	IS(ntohs(peer.in.sin_port), own);
	echo(conn, client);
	/* By a thread, another number, a child. */
	int twin = dup(client);
	echo(twin, conn);
	pid_t pid = fork();
	if (pid == 0) {
		int fd = call("127.0.0.1", port_of(server));
		_exit(send(fd, "c", 1, 0) == 1 ? 0 : 1);
	}
	int third = accept(server, NULL, NULL);
	char c;
	IS(recv(third, &c, 1, 0), 1);
	IS(exited(pid), 0);
}

static void self_connected(void)
{
	/* A socket may call itself. */
	int fd = bound(SOCK_STREAM, "127.0.0.1");
	union address a = host("127.0.0.1", port_of(fd));
	IS(connect(fd, &a.any, sizeof a.in), 0);
	echo(fd, fd);
}

static void fast(void)
{
	int server = bound(SOCK_STREAM, "127.0.0.1"), on = 8;
	setsockopt(server, IPPROTO_TCP, TCP_FASTOPEN, &on, sizeof on);
	MUST(listen(server, 8) == 0);
	union address a = host("127.0.0.1", port_of(server));
	int client = socket(AF_INET, SOCK_STREAM, 0);
	IS(sendto(client, "ping", 4, MSG_FASTOPEN, &a.any, sizeof a.in), 4);
	int conn = accept(server, NULL, NULL);
	char buf[8];
	IS(recv(conn, buf, 4, MSG_WAITALL), 4);
	echo(conn, client);
}

static void any_address(void)
{
	/* To every address of the machine, called by each of its names. */
	int server = listening("0.0.0.0");
	for (int i = 0; i < 3; i++) {
		int fd = call((const char *[]){"127.0.0.1", "127.1.2.3", "0.0.0.0"}[i], port_of(server));
		int conn = accept(server, NULL, NULL);
		echo(fd, conn);
		echo(conn, fd);
	}
	/* listen alone takes a port. */
	int alone = socket(AF_INET, SOCK_STREAM, 0);
	IS(listen(alone, 1), 0);
	CHECK(port_of(alone) != 0);
	int fd = call("127.0.0.1", port_of(alone));
	echo(fd, accept(alone, NULL, NULL));
}

int main(void)
{
	plain();
	many();
	nonblocking();
	fails();
	from_a_port();
	self_connected();
	fast();
	any_address();
	return done();
}
